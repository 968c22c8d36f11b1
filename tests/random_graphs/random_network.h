// SPDX-License-Identifier: Apache-2.0
// Random whole networks of the dialect's operators, as layers and the readers of model files create them, with their values.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "fovea/graph/inference_model.h"

namespace fovea {

struct RandomNetwork {
  InferenceModel model;
  std::map<std::string, Tensor> inputs;
};

enum class Purpose : uint8_t {
  inference,  // any operator on real numbers
  training,   // a loss over all results, with gradients by inputs and parameters, some of which are updated in place
  integers,   // quantized operators between a quantize and a dequantize
};

// About `steps` operators: convolutions of 1 to 3 dimensions, grouped, depthwise and transposed, matrix products, pooling,
// reductions, softmax, norms, movement of numbers, arithmetic with broadcasting, and select. Sizes are odd and small enough for
// an interpreter, and values stay near 1.
RandomNetwork random_network(uint32_t seed, int steps, Purpose purpose);

}  // namespace fovea
