// SPDX-License-Identifier: Apache-2.0
/// \file
/// The integers of one layer of a plan.
#pragma once

#include "fovea/quant/parameters.h"
#include "fovea/quant/plan.h"
#include "fovea/quant/simulation.h"

namespace fovea {

/// The integers of a convolution or dense layer with this weight and bias (empty without one), for integers of these types as
/// its input and its result. A hard sigmoid after the layer is computed by clamping: its integers stand for x / 6 + 1/2.
QuantizedWeights layer_weights(const QuantizationPlan::Layer& layer, const Tensor& weight, const Tensor& bias,
                               const WeightScales& scales, float input_scale, float output_scale);

/// The real numbers that are one step of the layer's weights, one for each output. They are multiples of its weights' scales.
std::vector<float> weight_steps(const QuantizationPlan::Layer& layer, const QuantizedWeights& weights);

}  // namespace fovea
