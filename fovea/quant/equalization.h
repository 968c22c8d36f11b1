// SPDX-License-Identifier: Apache-2.0
/// \file
/// Scales channels of neighboring layers against each other, so that one scale is good for all channels of a layer.
#pragma once

#include <optional>

#include "fovea/quant/plan.h"

namespace fovea {

/// Cross-layer equalization (Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019,
/// section 4.1). It applies where only one layer reads another, directly or through relu, max and average pooling, means and
/// flattening. Channel c of the first layer is divided by s, and the weights of the second layer that read it are multiplied by
/// s, where s makes the largest absolute values of both equal. This is repeated until nothing changes by more than a hundredth.
/// Layers separated by functions that are not homogeneous (relu6, swish) are not paired. The network computes the same
/// function. Returns the number of pairs; tensors of the model are replaced and never modified in place.
int64_t equalize(InferenceModel& model, const QuantizationPlan& plan);

/// The network with relu in place of every relu6 that keeps equalize() from pairing two layers (Nagel et al. 2019, section
/// 5.1.1). It computes another function where a number is above 6. Nothing when there is no such relu6.
std::optional<InferenceModel> without_limits(const InferenceModel& model, const QuantizationPlan& plan);

}  // namespace fovea
