// SPDX-License-Identifier: Apache-2.0
/// \file
/// Writes networks as files for other programs.
#pragma once

#include <filesystem>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// Whether the network simulates integers in real numbers (after quantization-aware training), and so has to be quantized
/// first.
bool simulates_integers(const InferenceModel& model);

/// Writes `model` as a .tflite or .onnx file, by the extension; completely or not at all. Throws Error on another extension, an
/// operator that the format lacks (naming its layer), a network that simulates integers, or a file that cannot be written.
void write_model_file(const std::filesystem::path& path, const InferenceModel& model);

}  // namespace fovea
