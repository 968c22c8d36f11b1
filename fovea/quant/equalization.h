// SPDX-License-Identifier: Apache-2.0
/// \file
/// Scales channels of neighboring layers against each other, so that one scale is good for all channels of a layer.
#pragma once

#include <optional>

#include "fovea/quant/calibration.h"
#include "fovea/quant/plan.h"

namespace fovea {

/// Cross-layer equalization (Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019,
/// section 4.1). It applies where only one layer reads another, directly or through relu, max and average pooling, means and
/// flattening. Channel c of the first layer is divided by s, and the weights of the second layer that read it are multiplied by
/// s, where s makes the largest absolute values of both equal. This is repeated until nothing changes by more than a hundredth.
/// Layers separated by functions that are not homogeneous (swish) are not paired. The network computes the same function.
///
/// With `peaks` (channel_peaks()) two more things are done, after which the network computes the same function of every image
/// on which no channel is above its peak. Layers that relu6 separates are paired, too: a channel whose peak is below 6 is
/// scaled at most so far that its peak stays there, and a channel that reaches 6 stays as it is. And a channel that relu or
/// relu6 always makes 0 gets zeros for its weights, which may have any values otherwise and would then decide the scale of the
/// layer.
///
/// Returns the number of pairs; tensors of the model are replaced and never modified in place.
int64_t equalize(InferenceModel& model, const QuantizationPlan& plan, const ChannelPeaks& peaks = {});

/// The network with relu in place of every relu6 that keeps equalize() from pairing two layers (Nagel et al. 2019, section
/// 5.1.1). It computes another function where a number is above 6. Nothing when there is no such relu6.
std::optional<InferenceModel> without_limits(const InferenceModel& model, const QuantizationPlan& plan);

}  // namespace fovea
