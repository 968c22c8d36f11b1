// SPDX-License-Identifier: Apache-2.0
/// \file
/// Converts an integer network to the float network that it stands for.
#pragma once

#include "fovea/graph/inference_model.h"

namespace fovea {

// The same function on real numbers, without rounding: weights and biases are scale * (q - zero), quantize and dequantize are
// gone, inputs and results are f32. Where images came as bytes, the scale and zero point of the input become the preprocessing.
// A float network is copied.
//
// `values` of the given graph are results too, "value.N" of number N.
InferenceModel dequantized(const InferenceModel& model, const std::vector<Ref>& values = {});

}  // namespace fovea
