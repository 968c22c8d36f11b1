// SPDX-License-Identifier: Apache-2.0
// Weights of 4 bits are clipped where that is better.
#include "fovea/quant/weight_range.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/models/registry.h"
#include "fovea/quant/layer_weights.h"
#include "tests/quant/networks.h"

namespace fovea {
namespace {

double error_of(const QuantizationPlan::Layer& layer, const Tensor& given, const Tensor& wanted, const WeightScales& scales) {
  const QuantizedWeights integers = layer_weights(layer, given, {}, scales, 0.02F, 0.05F);
  const std::vector<float> steps = weight_steps(layer, integers);
  double error = 0;
  for (int64_t i = 0; i < wanted.size(); ++i) {
    const double change =
        integers.weight.data<int8_t>()[i] * static_cast<double>(steps[static_cast<size_t>(i) % steps.size()]) -
        static_cast<double>(wanted.data<float>()[i]);
    error += change * change;
  }
  return error;
}

TEST(WeightRange, ClippingLowersTheErrorOfFourBits) {
  const Network network = make_model("lenet5", {.classes = 10});
  InferenceModel model = folded_model(network, 1);
  for (auto& [name, tensor] : model.tensors)
    if (tensor.shape().size() > 1) tensor.data<float>()[0] *= 4;  // far from the others
  const QuantizationPlan plan(model, {.float_layers = {}, .wide_layers = {"conv1"}});
  std::map<int32_t, std::string> names;
  for (const Graph::Argument& argument : model.graph.arguments()) names[argument.value.index] = argument.name;
  for (const bool per_channel : {true, false}) {
    const WeightScales scales{.conv_per_channel = per_channel, .dense_per_channel = per_channel, .bits = 4};
    InferenceModel clipped = folded_model(network, 1);
    clipped.tensors = model.tensors;
    EXPECT_EQ(clip_weights(clipped, plan, scales), 4) << "conv1 has 8 bits";
    for (const QuantizationPlan::Layer& layer : plan.layers()) {
      if (!layer.contraction()) continue;
      const std::string& name = names.at(layer.weight.index);
      const Tensor &before = model.tensors.at(name), &after = clipped.tensors.at(name);
      if (layer.name == "conv1") {
        EXPECT_EQ(before.raw(), after.raw());
        continue;
      }
      EXPECT_LT(error_of(layer, after, before, scales), error_of(layer, before, before, scales)) << layer.name;
    }
  }
  EXPECT_EQ(clip_weights(model, plan, {}), 0) << "8 bits are not clipped";
}

}  // namespace
}  // namespace fovea
