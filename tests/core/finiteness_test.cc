// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/finiteness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace fovea {
namespace {

TEST(Finiteness, OfFloats) {
  constexpr float most = std::numeric_limits<float>::max(), infinity = std::numeric_limits<float>::infinity();
  constexpr float least = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(finiteness(Tensor::of<float>({4}, {0, -most, most, least})), Finiteness::finite);
  EXPECT_EQ(finiteness(Tensor::of<float>({3}, {0, -infinity, 1})), Finiteness::infinite);
  EXPECT_EQ(finiteness(Tensor::of<float>({3}, {infinity, 2, std::nanf("")})), Finiteness::nan);
  EXPECT_EQ(finiteness(Tensor::of<float>({2}, {-std::nanf(""), 0})), Finiteness::nan);
  EXPECT_EQ(finiteness(Tensor({0}, DType::f32)), Finiteness::finite);
}

TEST(Finiteness, OfOtherTypes) {
  EXPECT_EQ(finiteness(Tensor::of<double>({2}, {1e308, -HUGE_VAL})), Finiteness::infinite);
  EXPECT_EQ(finiteness(Tensor::of<int32_t>({2}, {0x7FC00000, -1})), Finiteness::finite);
  const auto half = [](DType dtype, uint16_t bits) {
    Tensor tensor({1}, dtype);
    std::memcpy(tensor.raw(), &bits, 2);
    return finiteness(tensor);
  };
  EXPECT_EQ(half(DType::f16, 0x7BFF), Finiteness::finite);
  EXPECT_EQ(half(DType::f16, 0xFC00), Finiteness::infinite);
  EXPECT_EQ(half(DType::f16, 0x7C01), Finiteness::nan);
  EXPECT_EQ(half(DType::bf16, 0x7F7F), Finiteness::finite);
  EXPECT_EQ(half(DType::bf16, 0x7F80), Finiteness::infinite);
  EXPECT_EQ(half(DType::bf16, 0xFFC0), Finiteness::nan);
}

}  // namespace
}  // namespace fovea
