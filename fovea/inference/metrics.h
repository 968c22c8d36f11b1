// SPDX-License-Identifier: Apache-2.0
// What a network's answers are worth: loss, top-1, top-5 and the confusion matrix, summed batch by batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

class Metrics {
 public:
  explicit Metrics(int64_t classes);

  // logits [batch, classes] f32, one label an image in [0, classes). The loss is softmax cross-entropy, in double precision.
  // A tie counts against the network: it must be surer of the truth than of every class before it and as sure as of those
  // after.
  void add(const Tensor& logits, std::span<const int32_t> labels);

  int64_t count() const { return count_; }
  double loss() const;  // mean over the images; 0 before the first
  double top1() const;  // shares of 1
  double top5() const;  // with fewer than 5 classes, of that many
  int64_t classes() const { return classes_; }
  // Row: the truth, column: the answer.
  const std::vector<int64_t>& confusion() const { return confusion_; }

 private:
  int64_t classes_, count_ = 0, first_ = 0, five_ = 0;
  double loss_ = 0;
  std::vector<int64_t> confusion_;
};

}  // namespace fovea
