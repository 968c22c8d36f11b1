// SPDX-License-Identifier: Apache-2.0
/// \file
/// Writing ONNX models (onnx.ai).
#pragma once

#include <filesystem>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// Writes a model with opset 13 that passes onnx.checker. Inputs, parameters and results have the graph's names. Quantized
/// operators are written in QDQ form with activations as uint8 (zero points 128 higher than those of int8), because ONNX
/// Runtime runs these in integer kernels.
void write_onnx(const std::filesystem::path& path, const InferenceModel& model);

}  // namespace fovea
