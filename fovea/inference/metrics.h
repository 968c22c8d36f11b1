// SPDX-License-Identifier: Apache-2.0
/// \file
/// The quality of a network's answers: loss, top-1, top-5 and the confusion matrix, summed over batches.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

/// Sums over all images so far. One thread at a time.
class Metrics {
 public:
  /// No images yet.
  explicit Metrics(int64_t classes);

  /// The answer to one image.
  struct Judgment {
    double loss = 0;     ///< softmax cross-entropy
    int32_t truth = 0;   ///< the label
    int32_t answer = 0;  ///< the class with the greatest logit
    int32_t ahead = 0;   ///< classes that are ahead of the label
  };
  /// Judges logits [classes] f32. Fails when the label is not one of the classes.
  static Judgment judge(std::span<const float> logits, int32_t label);
  /// Adds an image that has been judged.
  void add(const Judgment& judgment);

  /// Adds images: logits [batch, classes] f32 and one label in [0, classes) for each image. The loss is softmax cross-entropy
  /// in double precision. Ties count against the network: an answer is right if its logit is above those of all classes before
  /// it and not below those after it.
  void add(const Tensor& logits, std::span<const int32_t> labels);

  /// The number of images.
  int64_t count() const { return count_; }
  double loss() const;  ///< The mean over the images; 0 without images.
  double top1() const;  ///< The share of images, from 0 to 1, whose label is the answer.
  double top5() const;  ///< The share whose label is among the five best answers; with fewer than 5 classes, among all.
  /// The number of classes.
  int64_t classes() const { return classes_; }
  /// Counts [truth * classes + answer]; valid as long as this object.
  const std::vector<int64_t>& confusion() const { return confusion_; }

 private:
  int64_t classes_, count_ = 0, first_ = 0, five_ = 0;
  double loss_ = 0;
  std::vector<int64_t> confusion_;
};

}  // namespace fovea
