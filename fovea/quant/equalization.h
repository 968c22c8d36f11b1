// SPDX-License-Identifier: Apache-2.0
// Channels of neighboring layers are scaled against each other, so that one scale serves all of a layer's.
#pragma once

#include "fovea/quant/plan.h"

namespace fovea {

// Cross-layer equalization (Nagel et al., "Data-free quantization through weight equalization and bias correction", 2019,
// section 4.1): where one layer alone reads another, through relu, max and average pooling, means and flattening at most,
// channel c of the first is divided by s and the weights of the second that read it are multiplied by s; s makes the largest
// absolute values of both the same. Repeated until nothing changes by more than a hundredth. Functions that are not homogeneous
// (relu6, swish) are no neighbors. The network computes what it did. Gives how many pairs there are; the model's tensors are
// replaced, not written over.
int64_t equalize(InferenceModel& model, const QuantizationPlan& plan);

}  // namespace fovea
