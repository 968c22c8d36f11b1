// SPDX-License-Identifier: Apache-2.0
/// \file
/// Ranges of weights for few integers.
#pragma once

#include "fovea/quant/plan.h"
#include "fovea/quant/simulation.h"

namespace fovea {

/// Clips the weights of every layer that has 4 bits to the range with the least mean squared error of rounding and clipping,
/// for each scale among 64 fractions of the largest absolute value (Sung et al. 2015; Nagel et al. 2021, section 3.1). Their
/// scale, which follows from the largest absolute value, then is that of the range. Weights that several layers share stay.
/// Returns the number of layers; tensors of the model are replaced and never modified in place.
int64_t clip_weights(InferenceModel& model, const QuantizationPlan& plan, const WeightScales& scales);

}  // namespace fovea
