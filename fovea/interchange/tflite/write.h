// SPDX-License-Identifier: Apache-2.0
// Networks become TensorFlow Lite files, for whatever runs those: phones, microcontrollers, browsers, the Edge TPU's compiler.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "fovea/graph/inference_model.h"

namespace fovea {

// A float network is folded first (fovea/graph/rewrite/folding.h); one with quantized tensors is written as it is. A
// convolution or dense layer with its bias and activation is one operator of the file; what the file format has no operator for
// is put together from those it has, and refused by name where that is impossible. Preprocessing and labels travel as metadata.
// Equal models give equal bytes. Written atomically.
void write_tflite(const std::filesystem::path& path, const InferenceModel& model);

std::vector<std::byte> tflite_bytes(const InferenceModel& model);

}  // namespace fovea
