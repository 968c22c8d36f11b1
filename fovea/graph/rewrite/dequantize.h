// SPDX-License-Identifier: Apache-2.0
/// \file
/// Converts an integer network to the float network that it stands for.
#pragma once

#include "fovea/graph/inference_model.h"

namespace fovea {

/// The same function on real numbers, without rounding: weights and biases are scale * (q - zero), quantize and dequantize
/// operators are removed, and inputs and results are f32. When images were bytes, the scale and zero point of the input become
/// the preprocessing. A float network is copied.
InferenceModel dequantized(const InferenceModel& model);

}  // namespace fovea
