// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "fovea/core/error.h"

namespace fovea {
namespace {

TEST(Metrics, AddsUpWhatPaperAndPencilGive) {
  Metrics metrics(3);
  const Tensor logits = Tensor::of<float>({2, 3}, {0, 0, 0, 1, 3, 2});
  metrics.add(logits, std::vector<int32_t>{0, 2});
  const double first = std::log(3.0), second = std::log(std::exp(1.0) + std::exp(3.0) + std::exp(2.0)) - 2;
  EXPECT_NEAR(metrics.loss(), (first + second) / 2, 1e-12);
  EXPECT_EQ(metrics.count(), 2);
  EXPECT_DOUBLE_EQ(metrics.top1(), 0.5);
  EXPECT_DOUBLE_EQ(metrics.top5(), 1);
  EXPECT_EQ(metrics.confusion(), (std::vector<int64_t>{1, 0, 0, 0, 0, 0, 0, 1, 0}));
}

TEST(Metrics, CountsTheFirstFive) {
  Metrics metrics(7);
  const Tensor logits = Tensor::of<float>({2, 7}, {7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1});
  metrics.add(logits, std::vector<int32_t>{4, 5});
  EXPECT_DOUBLE_EQ(metrics.top5(), 0.5);
  EXPECT_DOUBLE_EQ(metrics.top1(), 0);
}

TEST(Metrics, NeverTakesWhatIsNotANumberForRight) {
  Metrics metrics(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  metrics.add(Tensor::of<float>({2, 2}, {nan, nan, nan, 1}), std::vector<int32_t>{0, 0});
  EXPECT_DOUBLE_EQ(metrics.top1(), 0);
}

TEST(Metrics, RefusesWhatDoesNotFit) {
  Metrics metrics(3);
  EXPECT_THROW(metrics.add(Tensor({2, 3}, DType::f32), std::vector<int32_t>{0}), Error);
  EXPECT_THROW(metrics.add(Tensor({1, 3}, DType::f32), std::vector<int32_t>{3}), Error);
  EXPECT_THROW(metrics.add(Tensor({1, 3}, DType::f32), std::vector<int32_t>{-1}), Error);
}

}  // namespace
}  // namespace fovea
