// SPDX-License-Identifier: Apache-2.0
// Element-wise operators with broadcasting against their definitions, with numerical gradients.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/dialect/evaluate.h"
#include "tests/reference/reference.h"

namespace fovea {
namespace {

using Scalars = std::vector<double>;

struct Case {
  std::string name;
  std::function<double(const Scalars&)> function;
  double low = -4, high = 4;
  Attributes attributes = {};
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double hard_sigmoid(double x) { return std::min(std::max(x + 3, 0.0), 6.0) / 6; }

class Unary : public testing::TestWithParam<Case> {};

TEST_P(Unary, ValueAndGradient) {
  const Case& op = GetParam();
  const Network network = [&](Graph& graph, const std::vector<Ref>& x) { return graph.add(op.name, x, op.attributes, "")[0]; };
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{17}, Shape{3, 31}}) {
    const std::vector<Tensor> arguments{random_tensor(shape, 5, op.low, op.high)};
    expect_value(network, arguments, reference::elementwise(arguments, op.function));
    expect_gradients(network, arguments);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Unary,
    testing::Values(Case{"neg", [](const Scalars& x) { return -x[0]; }},
                    Case{"abs", [](const Scalars& x) { return std::abs(x[0]); }},
                    Case{"exp", [](const Scalars& x) { return std::exp(x[0]); }},
                    Case{"log", [](const Scalars& x) { return std::log(x[0]); }, 0.1, 4},
                    Case{"sqrt", [](const Scalars& x) { return std::sqrt(x[0]); }, 0.1, 4},
                    Case{"rsqrt", [](const Scalars& x) { return 1 / std::sqrt(x[0]); }, 0.1, 4},
                    Case{"erf", [](const Scalars& x) { return std::erf(x[0]); }},
                    Case{"floor", [](const Scalars& x) { return std::floor(x[0]); }},
                    Case{"ceil", [](const Scalars& x) { return std::ceil(x[0]); }},
                    Case{"round", [](const Scalars& x) { return std::nearbyint(x[0]); }},
                    Case{"sin", [](const Scalars& x) { return std::sin(x[0]); }, -9, 9},
                    Case{"cos", [](const Scalars& x) { return std::cos(x[0]); }, -9, 9},
                    Case{"atan", [](const Scalars& x) { return std::atan(x[0]); }, -9, 9},
                    Case{"relu", [](const Scalars& x) { return std::max(x[0], 0.0); }},
                    Case{"relu6", [](const Scalars& x) { return std::min(std::max(x[0], 0.0), 6.0); }, -4, 9},
                    Case{"leaky_relu", [](const Scalars& x) { return x[0] > 0 ? x[0] : 0.2 * x[0]; }, -4, 4, {{"slope", 0.2}}},
                    Case{"sigmoid", [](const Scalars& x) { return sigmoid(x[0]); }},
                    Case{"hard_sigmoid", [](const Scalars& x) { return hard_sigmoid(x[0]); }, -5, 5},
                    Case{"tanh", [](const Scalars& x) { return std::tanh(x[0]); }},
                    Case{"swish", [](const Scalars& x) { return x[0] * sigmoid(x[0]); }},
                    Case{"hard_swish", [](const Scalars& x) { return x[0] * hard_sigmoid(x[0]); }, -5, 5},
                    Case{"gelu", [](const Scalars& x) { return x[0] * (1 + std::erf(x[0] / std::sqrt(2.0))) / 2; }},
                    Case{"clamp",
                         [](const Scalars& x) { return std::min(std::max(x[0], -1.0), 2.0); },
                         -4,
                         4,
                         {{"low", -1.0}, {"high", 2.0}}}),
    [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

class Binary : public testing::TestWithParam<Case> {};

TEST_P(Binary, ValueAndGradients) {
  const Case& op = GetParam();
  const Network network = [&](Graph& graph, const std::vector<Ref>& x) { return graph.add(op.name, x, op.attributes, "")[0]; };
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{3, 17}, {3, 17}},           {{2, 3, 5}, {5}}, {{}, {7}}, {{2, 3, 5}, {3, 1}}, {{4, 1, 3}, {1, 5, 3}},
      {{2, 1, 1, 3}, {2, 4, 5, 3}}, {{1, 1}, {1}}};
  for (const auto& [left, right] : shapes) {
    const std::vector<Tensor> arguments{random_tensor(left, 6, op.low, op.high), random_tensor(right, 8, op.low, op.high)};
    expect_value(network, arguments, reference::elementwise(arguments, op.function));
    expect_gradients(network, arguments);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Binary,
                         testing::Values(Case{"add", [](const Scalars& x) { return x[0] + x[1]; }},
                                         Case{"sub", [](const Scalars& x) { return x[0] - x[1]; }},
                                         Case{"mul", [](const Scalars& x) { return x[0] * x[1]; }},
                                         Case{"div", [](const Scalars& x) { return x[0] / x[1]; }, 0.5, 3},
                                         Case{"pow", [](const Scalars& x) { return std::pow(x[0], x[1]); }, 0.3, 2.5},
                                         Case{"maximum", [](const Scalars& x) { return std::max(x[0], x[1]); }},
                                         Case{"minimum", [](const Scalars& x) { return std::min(x[0], x[1]); }}),
                         [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

class Select : public testing::TestWithParam<Case> {};

TEST_P(Select, ValueAndGradients) {
  const Case& op = GetParam();
  const Network network = [&](Graph& graph, const std::vector<Ref>& x) {
    return graph.add("select", x, {{"comparison", op.name}}, "")[0];
  };
  std::vector<Tensor> arguments{random_tensor({4, 17}, 1), random_tensor({17}, 2), random_tensor({4, 17}, 3),
                                random_tensor({}, 4)};
  // Some pairs are equal, so that lt and le differ.
  for (int64_t column = 0; column < 17; column += 2) arguments[0].data<double>()[column] = arguments[1].data<double>()[column];
  expect_value(network, arguments,
               reference::elementwise(arguments, [&](const Scalars& x) { return op.function(x) != 0 ? x[2] : x[3]; }));
  expect_gradients(network, arguments, {2, 3});
}

INSTANTIATE_TEST_SUITE_P(All, Select,
                         testing::Values(Case{"eq", [](const Scalars& x) { return x[0] == x[1]; }},
                                         Case{"ne", [](const Scalars& x) { return x[0] != x[1]; }},
                                         Case{"lt", [](const Scalars& x) { return x[0] < x[1]; }},
                                         Case{"le", [](const Scalars& x) { return x[0] <= x[1]; }},
                                         Case{"gt", [](const Scalars& x) { return x[0] > x[1]; }},
                                         Case{"ge", [](const Scalars& x) { return x[0] >= x[1]; }}),
                         [](const testing::TestParamInfo<Case>& info) { return info.param.name; });

// Ties, whole numbers, numbers too large for a fraction, and infinities and NaNs.
TEST(Rounding, EveryKindOfNumber) {
  const std::vector<double> numbers{-2.5, -1.5,    -0.5,      0,      0.5,   1.5,  2.5,   0.49999997, -0.49999997, 3,
                                    -4,   8388607, 8388608.0, 1.0e30, -1e30, 4.75, -4.75, 1e-30,      -1e-30};
  Tensor x({static_cast<int64_t>(numbers.size())}, DType::f64);
  std::ranges::copy(numbers, x.data<double>());
  const std::pair<const char*, double (*)(double)> roundings[] = {{"floor", [](double y) { return std::floor(y); }},
                                                                  {"ceil", [](double y) { return std::ceil(y); }},
                                                                  {"round", [](double y) { return std::nearbyint(y); }}};
  for (const auto& [name, function] : roundings) {
    const Network network = [&](Graph& graph, const std::vector<Ref>& given) { return graph.add(name, given, {}, "")[0]; };
    expect_value(network, {x}, reference::elementwise({x}, [&](const Scalars& y) { return function(y[0]); }));
    const Tensor compiled = compiled_forward(
        network, {Tensor::of<double>({3}, {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                                           std::numeric_limits<double>::quiet_NaN()})});
    EXPECT_TRUE(std::isinf(compiled.data<double>()[0]) && compiled.data<double>()[0] > 0) << name;
    EXPECT_TRUE(std::isinf(compiled.data<double>()[1]) && compiled.data<double>()[1] < 0) << name;
    EXPECT_TRUE(std::isnan(compiled.data<double>()[2])) << name;
  }
}

TEST(Cast, IntegersAndReals) {
  const Network network = [](Graph& graph, const std::vector<Ref>& x) {
    const Ref whole = graph.add("cast", x, {{"dtype", std::string("i32")}}, "")[0];
    return graph.add("cast", {whole}, {{"dtype", std::string("f64")}}, "")[0];
  };
  expect_near(forward(network, {Tensor::of<double>({5}, {-2.7, -0.5, 0, 1.2, 3.99})}),
              Tensor::of<double>({5}, {-2, 0, 0, 1, 3}));
}

}  // namespace
}  // namespace fovea
