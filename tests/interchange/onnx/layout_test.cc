// SPDX-License-Identifier: Apache-2.0
// Layouts compared with moving the elements: after any operation, a layout must tell where the elements of the tensor are.
#include "fovea/interchange/onnx/layout.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "fovea/core/error.h"
#include "fovea/core/tensor_permute.h"

namespace fovea {
namespace {

Tensor counted(const Shape& shape) {
  Tensor tensor(shape, DType::i64);
  std::iota(tensor.values<int64_t>().begin(), tensor.values<int64_t>().end(), 0);
  return tensor;
}

std::vector<int64_t> numbers(const Tensor& tensor) {
  return {tensor.values<int64_t>().begin(), tensor.values<int64_t>().end()};
}

// The memory `memory` in layout `layout`, moved to row-major order.
Tensor read_out(const Tensor& memory, const Layout& layout) {
  const auto way = rearrangement(layout, Layout::row_major(layout.shape()));
  EXPECT_TRUE(way.has_value());
  return permuted(memory.reshaped(way->split), way->permutation).reshaped(layout.shape());
}

TEST(Layout, FlattenedChannelsLastKeepsItsMemory) {
  const Layout map = Layout::permuted({1, 7, 5, 64}, {0, 3, 1, 2});
  EXPECT_EQ(map.shape(), (Shape{1, 64, 7, 5}));
  const std::optional<Layout> flat = map.reshaped({1, 2240});
  ASSERT_TRUE(flat.has_value());
  EXPECT_EQ(flat->dimension(1), (std::vector<size_t>{1, 0}));  // 64 channels of 35 pixels
  EXPECT_EQ(flat->reshaped({1, 64, 7, 5}), map);
}

TEST(Layout, ChannelShuffleIsOneTransposition) {
  const Layout map = Layout::permuted({2, 4, 4, 24}, {0, 3, 1, 2});
  const std::optional<Layout> shuffled = map.reshaped({2, 3, 8, 4, 4})->transposed({0, 2, 1, 3, 4}).reshaped({2, 24, 4, 4});
  ASSERT_TRUE(shuffled.has_value());
  const auto way = rearrangement(*shuffled, map);
  ASSERT_TRUE(way.has_value());
  EXPECT_EQ(way->split, (Shape{2, 4, 4, 3, 8}));
  EXPECT_EQ(way->permutation, (std::vector<int64_t>{0, 1, 2, 4, 3}));
}

TEST(Layout, SizesOfOneLieAnywhere) {
  const Layout pooled = Layout::permuted({1, 1, 1, 32}, {0, 3, 1, 2});
  EXPECT_TRUE(pooled.is_row_major());
  EXPECT_EQ(pooled, Layout::row_major({1, 32, 1, 1}));
}

TEST(Layout, NoCommonMeasure) {
  const Layout turned = Layout::row_major({4, 6}).transposed({1, 0});
  EXPECT_EQ(turned.reshaped({4, 6}), std::nullopt);
  EXPECT_NE(turned.reshaped({2, 12}), std::nullopt);
}

// Orders and shapes that do not fit are refused and never used as indices.
TEST(Layout, RefusesWhatDoesNotFit) {
  const Layout map = Layout::permuted({2, 3, 4, 5}, {0, 3, 1, 2});
  for (const std::vector<int64_t>& order :
       std::vector<std::vector<int64_t>>{{}, {0, 1}, {0, 1, 2, 4}, {0, 1, 2, -1}, {0, 1, 1, 2}, {0, 1, 2, 3, 4}}) {
    EXPECT_THROW(map.transposed(order), Error);
    EXPECT_THROW(Layout::permuted({2, 3, 4, 5}, order), Error);
    EXPECT_THROW(ordered_layout({2, 3, 4, 5}, order), Error);
    EXPECT_THROW(permuted(counted({2, 3, 4, 5}), order), Error);
  }
  for (const Shape& shape : {Shape{}, Shape{120, 2}, Shape{7}, Shape{2, 3, 4}}) EXPECT_THROW(map.reshaped(shape), Error);
}

// Random sequences of transpositions and reshapes, compared with elements that are moved at every step.
TEST(Layout, RandomWalksKeepTrackOfEveryElement) {
  std::mt19937 random(7);
  const std::vector<Shape> shapes{{2, 3, 4, 6}, {6, 24}, {144}, {12, 12}, {2, 1, 72}, {4, 3, 3, 4}, {1, 2, 2, 2, 2, 9}};
  int reshaped = 0;
  for (int walk = 0; walk < 50; ++walk) {
    const Tensor memory = counted({2, 4, 6, 3});
    Layout layout = Layout::permuted(memory.shape(), {0, 3, 1, 2});
    Tensor tensor = permuted(memory, std::vector<int64_t>{0, 3, 1, 2});
    for (int step = 0; step < 6; ++step) {
      std::vector<int64_t> permutation(tensor.shape().size());
      std::iota(permutation.begin(), permutation.end(), 0);
      std::shuffle(permutation.begin(), permutation.end(), random);
      layout = layout.transposed(permutation);
      tensor = permuted(tensor, permutation);
      const Shape& shape = shapes[random() % shapes.size()];
      if (const std::optional<Layout> next = layout.reshaped(shape)) {
        layout = *next;
        tensor = tensor.reshaped(shape);
        ++reshaped;
      }
      ASSERT_EQ(layout.shape(), tensor.shape());
      ASSERT_EQ(numbers(read_out(memory, layout)), numbers(tensor));
      ASSERT_EQ(numbers(arranged(tensor, layout)), numbers(memory));
    }
  }
  EXPECT_GT(reshaped, 50);
}

}  // namespace
}  // namespace fovea
