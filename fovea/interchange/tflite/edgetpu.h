// SPDX-License-Identifier: Apache-2.0
// What of a .tflite file the Edge TPU runs, by the rules that Coral publishes ("TensorFlow models on the Edge TPU", supported
// operations and model requirements): tensors of 8 bits, constant sizes and parameters, at most three dimensions above 1, and
// certain operators within limits. The first operator that does not fit ends the part that is mapped; it and all after it run
// on the host's processor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/interchange/tflite/file.h"

namespace fovea {

struct EdgeTpuOperator {
  std::string name;    // "CONV_2D"
  std::string output;  // of its first result: name
  Shape shape;         // and shape
  std::string reason;  // why it cannot be mapped; empty: it can
  bool mapped = false;
};

struct EdgeTpuReport {
  std::vector<EdgeTpuOperator> operators;  // in the order they run
  int64_t mapped = 0;                      // operators that the Edge TPU runs
  int64_t parameter_bytes = 0;        // of the mapped operators; what is beyond on_chip_bytes streams in at every inference
  int64_t most_activation_bytes = 0;  // of one mapped operator's inputs and results

  bool whole() const { return mapped == static_cast<int64_t>(operators.size()); }
};

// On the chip, for parameters and the program together.
inline constexpr int64_t edgetpu_on_chip_bytes = 8 << 20;

EdgeTpuReport edgetpu_report(const tflite::File& file);

}  // namespace fovea
