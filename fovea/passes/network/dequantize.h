// SPDX-License-Identifier: Apache-2.0
/// \file
/// Converts an integer network to the float network that it stands for.
#pragma once

#include "fovea/graph/inference_model.h"

namespace fovea {

/// The same function on real numbers, without rounding: weights and biases become scale * (q - zero), quantize and dequantize
/// operators are left out (the pass fovea-dequantize), and inputs and results are f32. If the model takes images as bytes, the
/// scale and zero point of its input become the preprocessing. A float network is copied.
///
/// `values` are values of the given graph that become further results; that of a value
/// whose `index` is N is named "value.N".
InferenceModel dequantized(const InferenceModel& model, const std::vector<Ref>& values = {});

}  // namespace fovea
