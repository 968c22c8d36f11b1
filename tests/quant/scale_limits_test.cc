// SPDX-License-Identifier: Apache-2.0
// Networks as no training leaves them: dead channels, vanishing activations, constants. Their scales are widened until integers
// can represent them together.
#include "fovea/quant/scale_limits.h"

#include <gtest/gtest.h>

#include "fovea/nn/layers.h"
#include "fovea/nn/operators.h"
#include "fovea/quant/parameters.h"
#include "fovea/quant/quantizer.h"
#include "tests/quant/networks.h"

namespace fovea {
namespace {

Network gated() {
  return {.name = "gated",
          .function =
              [](Value x) {
                x = x | conv({.filters = 8, .kernel = 3, .padding = same, .activation = swish});
                const Value gate = x | global_avg_pool() | dense({.units = 8, .activation = sigmoid});
                x = x * operators::reshape(gate, {-1, 1, 1, 8});
                const Value y = x | conv({.filters = 8, .kernel = 1, .activation = relu});
                x = x + (y | depthwise_conv({.kernel = 3, .padding = same, .activation = hard_sigmoid}));
                return x | conv({.filters = 8, .kernel = 1, .activation = leaky_relu(0.1)}) | global_avg_pool() |
                       dense({.units = 3});
              },
          .input = {6, 6, 3},
          .classes = 3};
}

struct Quantized {
  InferenceModel model;
  QuantizationPlan plan;
  RangeMap ranges;

  explicit Quantized(InferenceModel given, Range each) : model(std::move(given)), plan(model) {
    std::map<int32_t, Range> seen;
    for (const Ref value : plan.observed()) seen[value.index] = each;
    ranges = ranges_by_group(plan, seen);
  }

  float scale(Ref value) const { return type_of(plan, ranges, value).quantization.scales[0]; }
};

void expect_whole(Quantized& network) {
  network.ranges = widened_ranges(network.model, network.plan, network.ranges);
  const InferenceModel integers = quantized(network.model, network.plan, network.ranges, {});
  const Tensor answer = run_model(integers.graph, integers.tensors, random_pixels({1, 6, 6, 3}));
  EXPECT_EQ(answer.size(), 3);
}

TEST(ScaleLimits, OrdinaryRangesStay) {
  Quantized network(folded_model(gated(), 1), {-3, 5});
  const RangeMap widened = widened_ranges(network.model, network.plan, network.ranges);
  EXPECT_EQ(widened, network.ranges);
}

TEST(ScaleLimits, NothingButZeros) {
  Quantized network(folded_model(gated(), 1), {0, 0});
  for (auto& [name, tensor] : network.model.tensors)
    for (float& value : tensor.values<float>()) value = 0;
  expect_whole(network);
}

TEST(ScaleLimits, VanishingActivations) {
  for (const float size : {1e-6F, 1e-12F, 1e-20F, 1e-38F}) {
    Quantized network(folded_model(gated(), 1), {-size, size});
    expect_whole(network);
  }
}

TEST(ScaleLimits, EveryLayerOfAnotherSize) {
  for (const bool first_small : {false, true}) {
    Quantized network(folded_model(gated(), 1), {-1, 1});
    bool small = first_small;
    for (auto& [group, range] : network.ranges) {
      range = small ? Range{-1e-9F, 1e-9F} : Range{-1e9F, 1e9F};
      small = !small;
    }
    expect_whole(network);
    for (const QuantizationPlan::Layer& layer : network.plan.layers()) {
      if (layer.node.op != "add") continue;
      for (const Ref input : layer.inputs) {
        if (network.plan.fixed_type(input)) continue;
        const float ratio = network.scale(input) / network.scale(layer.output);
        EXPECT_LT(ratio, 0x1p8F);
        EXPECT_GE(ratio, 0x1p-10F);
      }
    }
  }
}

TEST(ScaleLimits, WeightsTooSmallOrTooLarge) {
  Quantized network(folded_model(gated(), 1), {-1, 1});
  for (auto& [name, tensor] : network.model.tensors)
    for (int64_t i = 0; i < tensor.size(); ++i) tensor.data<float>()[i] *= i % 2 == 0 ? 1e-30F : 1e6F;
  expect_whole(network);
}

TEST(ScaleLimits, AnEmptyChannelCountsAsTheOthers) {
  Tensor weight({4, 3}, DType::f32);
  for (int64_t i = 0; i < weight.size(); ++i) weight.data<float>()[i] = i % 3 == 1 ? 0 : 0.5F;
  const QuantizedWeights integers = quantized_weights(weight, {}, 0.1F, true, 0.2F);
  const std::vector<float>& scales = integers.weight_type.quantization->scales;
  EXPECT_EQ(scales[1], scales[0]);
}

}  // namespace
}  // namespace fovea
