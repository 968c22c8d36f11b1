// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/initializer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace fovea {
namespace {

struct Moments {
  double mean = 0, variance = 0, lowest = 1e30, highest = -1e30;
};

Moments moments(const Tensor& tensor) {
  Moments result;
  for (const float value : tensor.values<float>()) {
    result.mean += value;
    result.lowest = std::min<double>(result.lowest, value);
    result.highest = std::max<double>(result.highest, value);
  }
  result.mean /= static_cast<double>(tensor.size());
  for (const float value : tensor.values<float>()) result.variance += (value - result.mean) * (value - result.mean);
  result.variance /= static_cast<double>(tensor.size());
  return result;
}

ParameterSpec spec(Initializer initializer, std::string name = "conv1.weight") {
  return {.name = std::move(name), .shape = {5, 5, 32, 128}, .initializer = initializer, .fan_in = 800, .fan_out = 3200};
}

Moments moments(Initializer initializer) { return moments(initial_value(spec(initializer), 7)); }

TEST(Initializer, ConstantsAreConstant) {
  EXPECT_EQ(moments(initializers::zeros).highest, 0);
  EXPECT_EQ(moments(initializers::ones).lowest, 1);
  const Moments half = moments(initializers::constant(0.5));
  EXPECT_EQ(half.lowest, 0.5);
  EXPECT_EQ(half.highest, 0.5);
}

TEST(Initializer, UniformsKeepTheirLimits) {
  const auto check = [](Initializer initializer, double limit) {
    const Moments found = moments(initializer);
    EXPECT_LE(found.highest, limit * (1 + 1e-6));
    EXPECT_GE(found.lowest, -limit * (1 + 1e-6));
    EXPECT_GT(found.highest, 0.999 * limit);
    EXPECT_LT(found.lowest, -0.999 * limit);
    EXPECT_NEAR(found.mean, 0, 0.01 * limit);
    EXPECT_NEAR(found.variance, limit * limit / 3, 0.01 * limit * limit);
  };
  check(initializers::uniform(0.3), 0.3);
  check(initializers::glorot_uniform, std::sqrt(6.0 / (800 + 3200)));
  check(initializers::torch_uniform, 1 / std::sqrt(800.0));
  check(initializers::lecun_uniform, std::sqrt(3.0 / 800));
  check(initializers::kaiming_uniform, std::sqrt(6.0 / 800));
}

TEST(Initializer, NormalsHaveTheirDeviation) {
  const auto check = [](Initializer initializer, double deviation) {
    const Moments found = moments(initializer);
    EXPECT_NEAR(found.mean, 0, 0.02 * deviation);
    EXPECT_NEAR(std::sqrt(found.variance), deviation, 0.01 * deviation);
    EXPECT_GT(found.highest, 3 * deviation);  // some of 102,400 numbers are that far out
  };
  check(initializers::normal(0.01), 0.01);
  check(initializers::glorot_normal, std::sqrt(2.0 / (800 + 3200)));
  check(initializers::kaiming_fan_in, std::sqrt(2.0 / 800));
  check(initializers::kaiming_fan_out, std::sqrt(2.0 / 3200));
  check(initializers::lecun_normal, std::sqrt(1.0 / 800));
}

// The fan_out of a depthwise convolution: of one group for TensorFlow and timm, of all groups for PyTorch.
TEST(Initializer, FanOutOfGroups) {
  ParameterSpec depthwise{.name = "w", .shape = {5, 5, 1, 4096}, .fan_in = 25, .fan_out = 25, .groups = 4096};
  depthwise.initializer = initializers::kaiming_fan_out;
  EXPECT_NEAR(std::sqrt(moments(initial_value(depthwise, 7)).variance), std::sqrt(2.0 / 25), 0.005);
  depthwise.initializer = initializers::torch_kaiming_fan_out;
  EXPECT_NEAR(std::sqrt(moments(initial_value(depthwise, 7)).variance), std::sqrt(2.0 / 25 / 4096), 0.0001);
}

TEST(Initializer, TruncatedNormalsEndAtTwoDeviations) {
  const Moments plain = moments(initializers::truncated_normal(0.09));
  EXPECT_LE(plain.highest, 0.18 + 1e-6);
  EXPECT_GT(plain.highest, 0.17);
  EXPECT_NEAR(std::sqrt(plain.variance), 0.09 * 0.87963, 0.001);
  const Moments scaled = moments(initializers::truncated_lecun);
  EXPECT_NEAR(std::sqrt(scaled.variance), std::sqrt(1.0 / 800), 0.0005);
}

TEST(Initializer, DependsOnSeedAndNameAlone) {
  const auto bytes = [](const std::string& name, uint64_t seed) {
    const Tensor tensor = initial_value(spec(initializers::glorot_uniform, name), seed);
    return std::string(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes());
  };
  EXPECT_EQ(bytes("a", 1), bytes("a", 1));
  EXPECT_NE(bytes("a", 1), bytes("b", 1));
  EXPECT_NE(bytes("a", 1), bytes("a", 2));
}

}  // namespace
}  // namespace fovea
