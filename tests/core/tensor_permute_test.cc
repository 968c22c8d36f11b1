// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/tensor_permute.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/core/error.h"

namespace fovea {
namespace {

TEST(Layout, PermutedPutsEachElementWhereItsIndexGoes) {
  const Shape shape = {2, 3, 5, 7};
  Tensor tensor(shape, DType::i16);
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.data<int16_t>()[i] = static_cast<int16_t>(i * 31 % 997);
  const std::vector<int64_t> order = {3, 0, 2, 1};
  const Tensor result = permuted(tensor, order);
  ASSERT_EQ(result.shape(), (Shape{7, 2, 5, 3}));
  for (int64_t a = 0; a < 2; ++a)
    for (int64_t b = 0; b < 3; ++b)
      for (int64_t c = 0; c < 5; ++c)
        for (int64_t d = 0; d < 7; ++d) {
          ASSERT_EQ(result.data<int16_t>()[((d * 2 + a) * 5 + c) * 3 + b],
                    tensor.data<int16_t>()[((a * 3 + b) * 5 + c) * 7 + d]);
        }
  EXPECT_EQ(permuted(Tensor::of<float>({}, {3}), {}).values<float>()[0], 3);
}

TEST(Layout, WhatIsNoPermutationFails) {
  const Tensor tensor({2, 3}, DType::f32);
  for (const std::vector<int64_t>& order : {std::vector<int64_t>{0}, {0, 0}, {0, 2}, {-1, 0}, {0, 1, 2}})
    EXPECT_THROW(permuted(tensor, order), Error);
}

TEST(Layout, HalvesAreWidenedExactly) {
  Tensor halves({4}, DType::f16);
  const uint16_t bits[] = {0x3c01, 0x8001, 0x7bff, 0xfc00};
  std::copy(bits, bits + 4, reinterpret_cast<uint16_t*>(halves.raw()));
  const Tensor wide = widened(halves);
  EXPECT_EQ(wide.values<float>()[0], 1.0F + 1.0F / 1024);
  EXPECT_EQ(wide.values<float>()[1], -std::ldexp(1.0F, -24));
  EXPECT_EQ(wide.values<float>()[2], 65504.0F);
  EXPECT_EQ(wide.values<float>()[3], -INFINITY);
  EXPECT_THROW(widened(Tensor({1}, DType::i8)), Error);
}

}  // namespace
}  // namespace fovea
