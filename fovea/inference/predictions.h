// SPDX-License-Identifier: Apache-2.0
/// \file
/// The answers of a network to all images of a data set, in the order of the data set.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/inference/metrics.h"

namespace fovea {

/// Logits and labels of a list of images. `image` is always an index into this list, in [0, count()), and is not checked.
class Predictions {
 public:
  /// An empty list, of a network that distinguishes so many classes.
  explicit Predictions(int64_t classes) : classes_(classes) {}

  /// Appends a batch: logits [batch, classes] f32, whose softmax is the probabilities, and a label in [0, classes) for each
  /// image. Fails when the shapes do not fit.
  void add(const Tensor& logits, std::span<const int32_t> labels);

  /// The number of classes.
  int64_t classes() const { return classes_; }
  /// The number of images.
  int64_t count() const { return static_cast<int64_t>(labels_.size()); }
  /// The label of an image.
  int32_t label(int64_t image) const { return labels_[static_cast<size_t>(image)]; }
  /// The logits of an image, [classes]; valid until add() is called.
  std::span<const float> logits(int64_t image) const;
  /// The likeliest class; the first of several that are equally likely.
  int32_t answer(int64_t image) const;
  /// Whether the answer is the label.
  bool right(int64_t image) const { return answer(image) == label(image); }

  /// The softmax of the logits divided by `temperature`, [classes], computed in double precision.
  std::vector<double> probabilities(int64_t image, double temperature = 1) const;
  /// The probability of the answer.
  double confidence(int64_t image, double temperature = 1) const;
  /// The cross-entropy: minus the natural logarithm of the probability of the label.
  double loss(int64_t image, double temperature = 1) const;

 private:
  int64_t classes_;
  std::vector<float> logits_;
  std::vector<int32_t> labels_;
};

/// The metrics of these answers, with the logits divided by `temperature`.
Metrics metrics_of(const Predictions& predictions, double temperature);

}  // namespace fovea
