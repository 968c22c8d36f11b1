// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/views.h"

#include <gtest/gtest.h>

#include "fovea/core/error.h"

namespace fovea {
namespace {

std::vector<float> values_of(const Tensor& tensor) { return {tensor.values<float>().begin(), tensor.values<float>().end()}; }

// Two images of 2 x 3 with one channel.
Tensor images() { return Tensor::of<float>({2, 2, 3, 1}, {1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16}); }

TEST(Views, MirrorEveryImage) {
  EXPECT_EQ(values_of(mirrored(images())), (std::vector<float>{3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14}));
}

TEST(Views, MoveAndReflectAtTheEdge) {
  EXPECT_EQ(values_of(moved(images(), 1, 1)), (std::vector<float>{5, 6, 5, 2, 3, 2, 15, 16, 15, 12, 13, 12}));
  EXPECT_EQ(values_of(moved(images(), -1, 0)), (std::vector<float>{4, 5, 6, 1, 2, 3, 14, 15, 16, 11, 12, 13}));
}

TEST(Views, HaveNames) {
  EXPECT_EQ(views_of("six"), Views::six);
  EXPECT_THROW(views_of("five"), Error);
  EXPECT_THROW(mirrored(Tensor({2, 3}, DType::f32)), Error);
}

}  // namespace
}  // namespace fovea
