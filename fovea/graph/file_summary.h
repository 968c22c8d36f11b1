// SPDX-License-Identifier: Apache-2.0
// What a model's file says of itself, whether it can be read as a network or not.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

struct FileSummary {
  struct Port {
    std::string name;
    std::string type;                  // "FLOAT32", "INT8 (scale 0.0078125, zero -128)": in the file's words
    Shape shape;                       // in the file's own order of dimensions; -1 where it is left open
    std::vector<std::string> aliases;  // other names, of a signature
  };

  std::string format;  // "TensorFlow Lite", "ONNX, opset 13"
  std::vector<Port> inputs, outputs;
  std::map<std::string, int64_t> operators;  // how many there are of each kind
  int64_t constants = 0, bytes = 0;          // numbers that are known before the network runs, and what they take
};

}  // namespace fovea
