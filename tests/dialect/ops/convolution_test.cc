// SPDX-License-Identifier: Apache-2.0
// Convolutions against plain loops, with numerical gradients, over odd sizes in 1, 2 and 3 spatial dimensions.
#include <gtest/gtest.h>

#include "tests/dialect/evaluate.h"
#include "tests/reference/reference.h"

namespace fovea {
namespace {

using reference::Movement;

struct Case {
  std::string name;
  Shape image, filter;
  Movement movement;
};

Attributes attributes_of(const Movement& movement) {
  Attributes attributes{{"groups", movement.groups}};
  if (!movement.strides.empty()) attributes.emplace_back("strides", movement.strides);
  if (!movement.dilations.empty()) attributes.emplace_back("dilations", movement.dilations);
  if (movement.cells.empty())
    attributes.emplace_back("padding", movement.padding);
  else
    attributes.emplace_back("padding", movement.cells);
  return attributes;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"one_cell", {1, 1, 1, 1}, {1, 1, 1, 1}, {}},
      {"pointwise", {2, 3, 5, 7}, {1, 1, 7, 17}, {}},
      {"pointwise_strided", {1, 5, 4, 3}, {1, 1, 3, 16}, {.strides = {2, 2}}},
      {"valid", {2, 7, 6, 3}, {3, 3, 3, 5}, {}},
      {"same", {1, 5, 9, 4}, {3, 3, 4, 15}, {.padding = "same"}},
      {"same_vector", {1, 4, 17, 2}, {3, 3, 2, 33}, {.padding = "same"}},
      {"strided_same", {1, 7, 8, 3}, {3, 3, 3, 4}, {.strides = {2, 2}, .padding = "same"}},
      {"strided_three", {1, 11, 10, 2}, {3, 2, 2, 3}, {.strides = {3, 3}}},
      {"stem", {1, 13, 11, 3}, {7, 7, 3, 4}, {.strides = {2, 2}, .cells = {3, 3, 3, 3}}},
      {"wider_stride_than_filter", {1, 9, 7, 2}, {2, 1, 2, 3}, {.strides = {3, 2}}},
      {"dilated", {1, 9, 9, 2}, {3, 3, 2, 3}, {.dilations = {2, 3}}},
      {"dilated_strided", {1, 12, 11, 2}, {3, 3, 2, 3}, {.strides = {2, 3}, .dilations = {2, 2}, .padding = "same"}},
      {"uneven_padding", {1, 5, 4, 2}, {3, 2, 2, 3}, {.cells = {0, 2, 3, 1}}},
      {"grouped", {1, 5, 5, 6}, {3, 3, 2, 9}, {.padding = "same", .groups = 3}},
      {"grouped_strided", {1, 7, 5, 4}, {3, 3, 2, 6}, {.strides = {2, 2}, .groups = 2}},
      {"one_filter_a_group", {1, 5, 5, 6}, {3, 3, 2, 3}, {.groups = 3}},
      {"depthwise", {2, 5, 6, 17}, {3, 3, 1, 17}, {.padding = "same", .groups = 17}},
      {"depthwise_strided", {2, 9, 11, 6}, {5, 5, 1, 6}, {.strides = {2, 2}, .padding = "same", .groups = 6}},
      {"depthwise_wider_than_image", {1, 2, 3, 5}, {5, 5, 1, 5}, {.padding = "same", .groups = 5}},
      {"depthwise_uneven", {2, 6, 7, 5}, {3, 2, 1, 5}, {.cells = {0, 2, 1, 3}, .groups = 5}},
      {"depthwise_valid", {3, 7, 23, 4}, {3, 3, 1, 4}, {.groups = 4}},
      {"depthwise_dilated", {1, 9, 8, 3}, {3, 3, 1, 3}, {.dilations = {2, 2}, .padding = "same", .groups = 3}},
      {"depthwise_wide", {1, 3, 14, 3}, {1, 11, 1, 3}, {.padding = "same", .groups = 3}},
      {"depthwise_long", {1, 2, 3, 17, 3}, {2, 3, 3, 1, 3}, {.padding = "same", .groups = 3}},
      {"depthwise_batch", {16, 6, 6, 35}, {3, 3, 1, 35}, {.padding = "same", .groups = 35}},
      {"depthwise_multiplied", {1, 6, 5, 3}, {3, 3, 1, 6}, {.strides = {2, 2}, .padding = "same", .groups = 3}},
      {"line", {2, 13, 3}, {5, 3, 4}, {.strides = {2}, .padding = "same"}},
      {"volume", {1, 4, 5, 3, 2}, {2, 3, 2, 2, 3}, {.strides = {1, 2, 1}, .padding = "same"}},
  };
  return all;
}

class Convolution : public testing::TestWithParam<Case> {};

TEST_P(Convolution, ValueAndGradients) {
  const auto& [name, image, filter, movement] = GetParam();
  const std::vector<Tensor> arguments{random_tensor(image, 1), random_tensor(filter, 2)};
  const Network network = [&](Graph& graph, const std::vector<Ref>& x) {
    return graph.add("conv", x, attributes_of(movement), name)[0];
  };
  expect_value(network, arguments, reference::conv(arguments[0], arguments[1], movement));
  expect_gradients(network, arguments);
}

TEST_P(Convolution, Transposed) {
  const auto& [name, image, filter, movement] = GetParam();
  const Shape taken = reference::conv(random_tensor(image, 1), random_tensor(filter, 2), movement).shape();
  const std::vector<Tensor> arguments{random_tensor(taken, 3), random_tensor(filter, 4)};
  const std::vector<int64_t> size(image.begin() + 1, image.end() - 1);
  Attributes attributes = attributes_of(movement);
  attributes.emplace_back("output_size", size);
  const Network network = [&](Graph& graph, const std::vector<Ref>& x) {
    return graph.add("conv_transpose", x, attributes, name)[0];
  };
  expect_value(network, arguments, reference::conv_transpose(arguments[0], arguments[1], size, movement));
  expect_gradients(network, arguments);
}

INSTANTIATE_TEST_SUITE_P(Cases, Convolution, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

// The gradient by the filter is an operator that can be differentiated, too.
TEST(ConvolutionFilterGradient, Gradients) {
  const Movement movement{.strides = {2, 1}, .padding = "same", .groups = 2};
  const std::vector<Tensor> arguments{random_tensor({1, 5, 4, 4}, 1), random_tensor({1, 3, 4, 6}, 2)};
  expect_gradients(
      [&](Graph& graph, const std::vector<Ref>& x) {
        Attributes attributes = attributes_of(movement);
        attributes.emplace_back("filter_size", std::vector<int64_t>{3, 3});
        return graph.add("conv_filter_gradient", x, attributes, "")[0];
      },
      arguments);
}

TEST(ConvTranspose, SizeWithoutOutputSize) {
  Graph graph;
  const Ref x = graph.argument("x", {{1, 4, 4, 2}, DType::f32}, Role::input);
  const Ref w = graph.argument("w", {{3, 3, 5, 2}, DType::f32}, Role::parameter);
  const std::vector<int64_t> twice{2, 2};
  EXPECT_EQ(
      graph.type(graph.add("conv_transpose", {x, w}, {{"strides", twice}, {"padding", std::string("same")}}, "")[0]).shape,
      (Shape{1, 8, 8, 5}));
  EXPECT_EQ(graph.type(graph.add("conv_transpose", {x, w}, {{"strides", twice}}, "")[0]).shape, (Shape{1, 9, 9, 5}));
}

class Matmul : public testing::TestWithParam<Shape> {};

TEST_P(Matmul, ValueAndGradients) {
  const int64_t m = GetParam()[0], k = GetParam()[1], n = GetParam()[2];
  const std::vector<Tensor> arguments{random_tensor({m, k}, 1), random_tensor({k, n}, 2)};
  const Tensor wanted = reference::matmul(arguments[0], arguments[1]);
  const auto named = [](std::string name) {
    return [name](Graph& graph, const std::vector<Ref>& x) { return graph.add(name, x, {}, "fc")[0]; };
  };
  expect_value(named("dense"), arguments, wanted);
  expect_gradients(named("dense"), arguments);
  for (const bool left : {false, true}) {
    for (const bool right : {false, true}) {
      const Network network = [&](Graph& graph, const std::vector<Ref>& x) {
        return graph.add("matmul", x, {{"transpose_lhs", left}, {"transpose_rhs", right}}, "")[0];
      };
      const auto turned = [](const Tensor& a) {
        Tensor b({a.shape()[1], a.shape()[0]}, DType::f64);
        reference::each_index(a.shape(), [&](const Shape& at) { reference::at(b, {at[1], at[0]}) = reference::at(a, at); });
        return b;
      };
      const std::vector<Tensor> given{left ? turned(arguments[0]) : arguments[0], right ? turned(arguments[1]) : arguments[1]};
      expect_value(network, given, wanted);
      expect_gradients(network, given);
    }
  }
}

// A batch of matrices is multiplied one by one.
TEST(MatmulStack, ValueAndGradients) {
  const std::vector<Tensor> arguments{random_tensor({2, 3, 5, 9}, 1), random_tensor({2, 3, 9, 7}, 2)};
  const auto part = [](const Tensor& stack, int64_t index) {
    const Shape shape{stack.shape()[2], stack.shape()[3]};
    Tensor matrix(shape, DType::f64);
    std::copy_n(stack.data<double>() + index * matrix.size(), matrix.size(), matrix.data<double>());
    return matrix;
  };
  Tensor wanted({2, 3, 5, 7}, DType::f64);
  for (int64_t index = 0; index < 6; ++index) {
    const Tensor product = reference::matmul(part(arguments[0], index), part(arguments[1], index));
    std::copy_n(product.data<double>(), product.size(), wanted.data<double>() + index * product.size());
  }
  const Network network = [](Graph& graph, const std::vector<Ref>& x) { return graph.add("matmul", x, {}, "")[0]; };
  expect_value(network, arguments, wanted);
  expect_gradients(network, arguments);
}

INSTANTIATE_TEST_SUITE_P(Sizes, Matmul, testing::Values(Shape{1, 1, 1}, Shape{3, 17, 5}, Shape{2, 15, 33}, Shape{7, 31, 16}));

}  // namespace
}  // namespace fovea
