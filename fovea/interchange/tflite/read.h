// SPDX-License-Identifier: Apache-2.0
/// \file
/// Reading TensorFlow Lite files: float networks, 8-bit ones of int8 with a scale for each channel, and the older ones of
/// uint8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// How a file is read.
struct TfliteOptions {
  int64_t batch = 1;               ///< replaces the file's own batch, the first dimension of its inputs; 0 keeps it
  std::string rounding = "float";  ///< how integer results are rounded (docs/operators.md, quantized_conv): "float" or "double"
  /// For 8-bit weights with real activations: computes in LiteRT's dynamic form, which rounds the activations of every image to
  /// 8 bits, too, instead of converting the weights to real numbers.
  bool dynamic = false;
};

/// Reads the first subgraph of the file, with its weights as parameters in our layout. Inputs and results keep the file's
/// names. Fails in one line on a corrupt file, and on an operator or an option that is not supported, naming it with its index.
InferenceModel read_tflite(const std::filesystem::path& path, const TfliteOptions& options = {});

/// The same from a file's content; `name` stands for the path in messages.
InferenceModel read_tflite(std::vector<std::byte> bytes, const std::string& name, const TfliteOptions& options = {});

}  // namespace fovea
