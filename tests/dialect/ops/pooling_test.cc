// SPDX-License-Identifier: Apache-2.0
// Pooling against plain loops, with numerical gradients.
#include <gtest/gtest.h>

#include "tests/dialect/evaluate.h"
#include "tests/reference/reference.h"

namespace fovea {
namespace {

using reference::Movement;

struct Case {
  std::string name;
  Shape image;
  std::vector<int64_t> window;
  Movement movement;
};

Attributes attributes_of(const Case& pool) {
  Attributes attributes{{"window", pool.window}, {"strides", pool.movement.strides}};
  if (!pool.movement.dilations.empty()) attributes.emplace_back("dilations", pool.movement.dilations);
  if (pool.movement.cells.empty())
    attributes.emplace_back("padding", pool.movement.padding);
  else
    attributes.emplace_back("padding", pool.movement.cells);
  return attributes;
}

class Pooling : public testing::TestWithParam<Case> {};

TEST_P(Pooling, Maximum) {
  const Case& pool = GetParam();
  const std::vector<Tensor> arguments{distinct_tensor(pool.image, 1)};
  const Network network = [&](Graph& graph, const std::vector<Ref>& x) {
    return graph.add("max_pool", x, attributes_of(pool), pool.name)[0];
  };
  expect_value(network, arguments, reference::max_pool(arguments[0], pool.window, pool.movement));
  expect_gradients(network, arguments);
}

TEST_P(Pooling, Average) {
  const Case& pool = GetParam();
  if (!pool.movement.dilations.empty()) GTEST_SKIP() << "average pooling has no dilation";
  const std::vector<Tensor> arguments{random_tensor(pool.image, 1)};
  for (const bool count_padding : {false, true}) {
    const Network network = [&](Graph& graph, const std::vector<Ref>& x) {
      Attributes attributes = attributes_of(pool);
      attributes.emplace_back("count_padding", count_padding);
      return graph.add("avg_pool", x, attributes, pool.name)[0];
    };
    expect_value(network, arguments, reference::avg_pool(arguments[0], pool.window, pool.movement, count_padding));
    expect_gradients(network, arguments);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Pooling,
                         testing::Values(Case{"halves", {2, 6, 4, 3}, {2, 2}, {.strides = {2, 2}}},
                                         Case{"odd_rest", {1, 7, 5, 17}, {2, 2}, {.strides = {2, 2}}},
                                         Case{"thirds_same", {1, 7, 8, 3}, {3, 3}, {.strides = {3, 3}, .padding = "same"}},
                                         Case{"overlapping", {1, 7, 9, 16}, {3, 3}, {.strides = {2, 2}}},
                                         Case{"overlapping_same", {1, 6, 7, 5}, {3, 3}, {.strides = {2, 2}, .padding = "same"}},
                                         Case{"every_cell", {1, 5, 6, 2}, {3, 2}, {.strides = {1, 1}, .padding = "same"}},
                                         Case{"resnet", {1, 9, 8, 3}, {3, 3}, {.strides = {2, 2}, .cells = {1, 1, 1, 1}}},
                                         Case{"gaps", {1, 8, 9, 2}, {2, 1}, {.strides = {3, 2}}},
                                         Case{"dilated", {1, 9, 8, 2}, {2, 3}, {.strides = {2, 1}, .dilations = {2, 2}}},
                                         Case{"line", {2, 11, 3}, {3}, {.strides = {2}, .padding = "same"}},
                                         Case{"volume", {1, 4, 5, 6, 2}, {2, 2, 3}, {.strides = {2, 2, 3}}}),
                         [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

TEST(Pooling, StrideIsTheWindowUnlessGiven) {
  Graph graph;
  const Ref x = graph.argument("x", {{1, 26, 26, 3}, DType::f32}, Role::input);
  EXPECT_EQ(graph.type(graph.add("max_pool", {x}, {{"window", std::vector<int64_t>{2, 2}}}, "")[0]).shape,
            (Shape{1, 13, 13, 3}));
}

TEST(Pooling, TapIsTheFirstLargest) {
  Graph graph;
  const Ref x = graph.argument("x", {{1, 2, 3, 1}, DType::f64}, Role::input);
  const auto both = graph.add("max_pool", {x}, {{"window", std::vector<int64_t>{2, 3}}}, "");
  graph.finish({{"y", both[0]}, {"tap", both[1]}});
  const auto results = evaluate(graph, {Tensor::of<double>({1, 2, 3, 1}, {0, 1, 5, 2, 5, 3})});
  EXPECT_EQ(results[0].data<double>()[0], 5);
  EXPECT_EQ(results[1].data<int32_t>()[0], 2);
}

}  // namespace
}  // namespace fovea
