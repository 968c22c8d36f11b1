// SPDX-License-Identifier: Apache-2.0
// Positions picked by number against plain loops: every dimension, lists and tables of indices, known ones and computed ones.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/dialect/evaluate.h"

namespace fovea {
namespace {

int64_t count(const Shape& shape, size_t from, size_t to) {
  int64_t product = 1;
  for (size_t d = from; d < to; ++d) product *= shape[d];
  return product;
}

Tensor gathered(const Tensor& x, const Tensor& indices, size_t dim) {
  Shape shape(x.shape().begin(), x.shape().begin() + static_cast<int64_t>(dim));
  shape.insert(shape.end(), indices.shape().begin(), indices.shape().end());
  shape.insert(shape.end(), x.shape().begin() + static_cast<int64_t>(dim) + 1, x.shape().end());
  Tensor result(shape, DType::f64);
  const int64_t outer = count(x.shape(), 0, dim), inner = count(x.shape(), dim + 1, x.shape().size()), extent = x.shape()[dim];
  double* to = result.data<double>();
  for (int64_t block = 0; block < outer; ++block) {
    for (const int32_t index : indices.values<int32_t>()) {
      for (int64_t i = 0; i < inner; ++i)
        *to++ = index >= 0 && index < extent ? x.data<double>()[(block * extent + index) * inner + i] : 0.0;
    }
  }
  return result;
}

Tensor list(const Shape& shape, const std::vector<int32_t>& numbers) {
  Tensor tensor(shape, DType::i32);
  std::ranges::copy(numbers, tensor.data<int32_t>());
  return tensor;
}

class Gather : public testing::TestWithParam<Tensor> {};

TEST_P(Gather, EveryDimension) {
  const Tensor indices = GetParam();
  for (const Shape& shape : {Shape{6}, Shape{6, 5}, Shape{3, 6, 17}, Shape{2, 3, 6, 4}, Shape{6, 6, 6}}) {
    const Tensor x = random_tensor(shape, 3);
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      SCOPED_TRACE(to_string(shape) + " along " + std::to_string(dim));
      const Attributes along{{"dim", static_cast<int64_t>(dim)}};
      const Tensor wanted = gathered(x, indices, dim);
      expect_value([&](Graph& graph, const std::vector<Ref>& given) { return graph.add("gather", given, along, "")[0]; },
                   {x, indices}, wanted);
      expect_value(
          [&](Graph& graph, const std::vector<Ref>& given) {
            const Ref known = graph.add("constant", {}, {{"value", indices}}, "")[0];
            return graph.add("gather", {given[0], known}, along, "")[0];
          },
          {x}, wanted);
    }
  }
}

// Runs forwards, in steps, and backwards; repetitions; more runs than are concatenated from slices; indices out of range.
INSTANTIATE_TEST_SUITE_P(All, Gather,
                         testing::Values(list({}, {2}), list({1}, {0}), list({3}, {1, 2, 3}), list({3}, {0, 2, 4}),
                                         list({4}, {2, 1, 0, 1}), list({6}, {0, 0, 1, 1, 2, 2}), list({2, 2}, {3, 0, 0, 3}),
                                         list({44}, std::vector<int32_t>{5, 4, 3, 2, 1, 0, 0, 1, 0, 1, 0, 5, 4, 3, 2,
                                                                         1, 0, 0, 1, 0, 1, 0, 5, 4, 3, 2, 1, 0, 0, 1,
                                                                         0, 1, 0, 5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3}),
                                         list({3}, {1, 7, -1})));

TEST(GatherElements, EveryDimension) {
  const Tensor x = random_tensor({3, 4, 5}, 4);
  const std::vector<Tensor> tables{list({2, 4, 3}, std::vector<int32_t>(24)), list({3, 7, 5}, std::vector<int32_t>(105)),
                                   list({3, 4, 1}, std::vector<int32_t>(12))};
  for (size_t which = 0; which < tables.size(); ++which) {
    Tensor indices = tables[which];
    const size_t dim = which;
    const int64_t extent = x.shape()[dim];
    for (int64_t i = 0; i < indices.size(); ++i) indices.data<int32_t>()[i] = static_cast<int32_t>(i * 7 % extent);
    Tensor wanted(indices.shape(), DType::f64);
    for (int64_t i = 0; i < indices.size(); ++i) {
      Shape at{i / (indices.shape()[1] * indices.shape()[2]), i / indices.shape()[2] % indices.shape()[1],
               i % indices.shape()[2]};
      at[dim] = indices.data<int32_t>()[i];
      wanted.data<double>()[i] = x.data<double>()[(at[0] * 4 + at[1]) * 5 + at[2]];
    }
    const Attributes along{{"dim", static_cast<int64_t>(dim)}};
    expect_value([&](Graph& graph, const std::vector<Ref>& given) { return graph.add("gather_elements", given, along, "")[0]; },
                 {x, indices}, wanted);
  }
}

// A single row has one largest position, whatever the rank.
TEST(Argmax, OfOneRow) {
  const Tensor x = Tensor::of<double>({5}, {1, 4, -2, 4, 0});
  const Network network = [](Graph& graph, const std::vector<Ref>& given) { return graph.add("argmax", given, {}, "")[0]; };
  EXPECT_EQ(compiled_forward(network, {x}).data<int32_t>()[0], 1);
}

}  // namespace
}  // namespace fovea
