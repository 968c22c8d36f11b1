// SPDX-License-Identifier: Apache-2.0
// TensorFlow Lite files become networks: float ones, 8-bit ones of int8 with a scale per channel, and the older uint8 ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fovea/graph/inference_model.h"

namespace fovea {

struct TfliteOptions {
  int64_t batch = 1;               // in place of the file's own, the first dimension of its inputs; 0: its own
  std::string rounding = "float";  // how integer results are rounded (docs/operators.md, quantized_conv): "float" or "double"
  // Of 8-bit weights beside real activations: LiteRT's dynamic form, which rounds the activations of every image to 8 bits,
  // too, instead of the real numbers that the weights stand for.
  bool dynamic = false;
};

// The first subgraph of the file, its weights as parameters in our layout. Inputs and results keep the file's names. Fails in
// one line on a damaged file, and on an operator or an option of one that is not read, which it names with its index.
InferenceModel read_tflite(const std::filesystem::path& path, const TfliteOptions& options = {});

// The same of a file's content; `name` stands for the path in messages.
InferenceModel read_tflite(std::vector<std::byte> bytes, const std::string& name, const TfliteOptions& options = {});

}  // namespace fovea
