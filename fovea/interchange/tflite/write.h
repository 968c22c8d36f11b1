// SPDX-License-Identifier: Apache-2.0
/// \file
/// Writing TensorFlow Lite files, for phones, microcontrollers, browsers and the Edge TPU's compiler.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// Writes a model like write_file(). A float network is folded first (fovea/passes/network/folded.h); one with quantized
/// tensors is written as it is. A convolution or dense layer with its bias and activation is one operator of the file.
/// Operators that the format lacks are composed from others, and refused by name where that is impossible. Preprocessing and
/// labels are written as metadata. Equal models give equal bytes.
void write_tflite(const std::filesystem::path& path, const InferenceModel& model);

/// The content of the file that write_tflite() writes.
std::vector<std::byte> tflite_bytes(const InferenceModel& model);

}  // namespace fovea
