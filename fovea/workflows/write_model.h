// SPDX-License-Identifier: Apache-2.0
// Networks as files that other programs read.
#pragma once

#include <filesystem>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// Whether it computes in real numbers what it was trained to compute in integers: such a network is quantized first.
bool simulates_integers(const InferenceModel& model);

/// Writes `model` as a file of the kind that the name's ending says, .tflite or .onnx; whole or not at all. Throws Error:
/// another ending, an operator the kind has no word for (naming its layer), a network that was trained for integers and is
/// still in real numbers, or a file that cannot be written.
void write_model_file(const std::filesystem::path& path, const InferenceModel& model);

}  // namespace fovea
