// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which part of a .tflite file the Edge TPU runs, by the rules that Coral publishes ("TensorFlow models on the Edge TPU",
/// supported operations and model requirements): tensors of 8 bits, constant sizes and parameters, at most three dimensions
/// above 1, and certain operators within limits. The first operator that does not fit ends the mapped part; it and all that
/// follow run on the host's processor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/interchange/tflite/file.h"

namespace fovea {

/// One operator of a file.
struct EdgeTpuOperator {
  std::string name;     ///< "CONV_2D"
  std::string output;   ///< the name of its first result
  Shape shape;          ///< the shape of its first result
  std::string reason;   ///< why it cannot be mapped; empty when it can
  bool mapped = false;  ///< whether the Edge TPU runs it
};

/// The operators of a file.
struct EdgeTpuReport {
  std::vector<EdgeTpuOperator> operators;  ///< in the order in which they run
  int64_t mapped = 0;                      ///< operators that the Edge TPU runs
  int64_t parameter_bytes = 0;  ///< of the mapped operators; what exceeds the chip's memory is transferred at every inference
  int64_t most_activation_bytes = 0;  ///< of the inputs and results of one mapped operator

  /// Whether the Edge TPU runs all of the file.
  bool whole() const { return mapped == static_cast<int64_t>(operators.size()); }
};

/// The memory on the chip, for parameters and the program together.
inline constexpr int64_t edgetpu_on_chip_bytes = 8 << 20;

/// The report on an opened file.
EdgeTpuReport edgetpu_report(const tflite::File& file);

}  // namespace fovea
