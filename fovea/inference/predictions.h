// SPDX-License-Identifier: Apache-2.0
// What a network answered to each image of a data set, in its order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/inference/metrics.h"

namespace fovea {

class Predictions {
 public:
  explicit Predictions(int64_t classes) : classes_(classes) {}

  /// logits [batch, classes] f32, whose softmax are the probabilities; a label an image in [0, classes).
  void add(const Tensor& logits, std::span<const int32_t> labels);

  int64_t classes() const { return classes_; }
  int64_t count() const { return static_cast<int64_t>(labels_.size()); }
  int32_t label(int64_t image) const { return labels_[static_cast<size_t>(image)]; }
  std::span<const float> logits(int64_t image) const;
  /// The likeliest class, of equals the first.
  int32_t answer(int64_t image) const;
  bool right(int64_t image) const { return answer(image) == label(image); }

  /// [classes], of the logits over `temperature`, in double precision.
  std::vector<double> probabilities(int64_t image, double temperature = 1) const;
  /// Of the answer.
  double confidence(int64_t image, double temperature = 1) const;
  /// Minus the logarithm of the probability of `label`.
  double loss(int64_t image, double temperature = 1) const;

 private:
  int64_t classes_;
  std::vector<float> logits_;
  std::vector<int32_t> labels_;
};

/// The same answers summed up, at a temperature.
Metrics metrics_of(const Predictions& predictions, double temperature);

}  // namespace fovea
