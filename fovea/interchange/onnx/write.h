// SPDX-License-Identifier: Apache-2.0
// Networks become ONNX models (onnx.ai).
#pragma once

#include <filesystem>

#include "fovea/graph/inference_model.h"

namespace fovea {

// Opset 13; passes onnx.checker. Names of inputs, parameters and results are the graph's. Quantized operators are written in
// QDQ form, activations as uint8 (their zero points 128 higher than int8's), because ONNX Runtime then takes them as integer
// kernels.
void write_onnx(const std::filesystem::path& path, const InferenceModel& model);

}  // namespace fovea
