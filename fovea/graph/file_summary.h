// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a model's file contains, whether it can be read as a network or not.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

/// The summary of a model's file.
struct FileSummary {
  /// An input or result.
  struct Port {
    std::string name;                  ///< as in the file
    std::string type;                  ///< in the file's terms: "FLOAT32", "INT8 (scale 0.0078125, zero -128)"
    Shape shape;                       ///< in the file's own order of dimensions; -1 where it is left open
    std::vector<std::string> aliases;  ///< other names, from a signature
  };

  std::string format;                        ///< "TensorFlow Lite", "ONNX, opset 13"
  std::vector<Port> inputs;                  ///< in the file's order
  std::vector<Port> outputs;                 ///< in the file's order
  std::map<std::string, int64_t> operators;  ///< how many there are of each kind
  int64_t constants = 0;                     ///< numbers that are known before the network runs
  int64_t bytes = 0;                         ///< the memory that they take
};

}  // namespace fovea
