// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/layer_weights.h"

#include "fovea/graph/operators.h"

namespace fovea {
namespace {

bool ends_in_hard_sigmoid(const QuantizationPlan::Layer& layer) { return layer.activation == ops::HardSigmoid::name; }

}  // namespace

QuantizedWeights layer_weights(const QuantizationPlan::Layer& layer, const Tensor& weight, const Tensor& bias,
                               const WeightScales& scales, float input_scale, float output_scale) {
  const bool per_channel = scales.per_channel(layer);
  if (!ends_in_hard_sigmoid(layer))
    return quantized_weights(weight, bias, input_scale, per_channel, output_scale, scales.limit(layer));
  Tensor values = weight.clone(), shifted = bias.empty() ? Tensor({weight.shape().back()}, DType::f32) : bias.clone();
  for (float& value : values.values<float>()) value /= 6;
  for (float& value : shifted.values<float>()) value = value / 6 + 0.5F;
  return quantized_weights(values, shifted, input_scale, per_channel, output_scale, scales.limit(layer));
}

std::vector<float> weight_steps(const QuantizationPlan::Layer& layer, const QuantizedWeights& weights) {
  std::vector<float> steps = weights.weight_type.quantization->scales;
  if (steps.size() == 1) steps.resize(static_cast<size_t>(weights.weight.shape().back()), steps[0]);
  for (float& step : steps) step *= ends_in_hard_sigmoid(layer) ? 6.0F : 1.0F;
  return steps;
}

}  // namespace fovea
