// SPDX-License-Identifier: Apache-2.0
// random_weights MODEL FILE.safetensors [--input 64x64x3]: weights for judges of whole networks. Initial values have zero
// biases and trivial norms, which would hide errors; here noise is added to every tensor, and variances stay positive.
#include <cstdio>
#include <sstream>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/interchange/safetensors.h"
#include "fovea/models/registry.h"

using namespace fovea;

int main(int count, char** words) {
  try {
    if (count < 3) refuse("random_weights MODEL FILE.safetensors [HxWxC]");
    ModelOptions options;
    if (count > 3) {
      std::istringstream extents(words[3]);
      for (std::string extent; std::getline(extents, extent, 'x');) options.input.push_back(std::stoll(extent));
    }
    const Network network = make_model(words[1], options);
    std::map<std::string, Tensor> tensors = initial_tensors(trace_inference(network, 1), 1);
    uint32_t stream = 0;
    for (auto& [name, tensor] : tensors) {
      ++stream;
      const bool variance = name.ends_with("running_var");
      const std::span<float> values = tensor.values<float>();
      for (size_t i = 0; i < values.size(); ++i) {
        const float unit = static_cast<float>(philox({static_cast<uint32_t>(i), stream, 0, 0}, {1, 0})[0]) * 0x1p-32F;
        values[i] =
            variance ? values[i] * (0.7F + 0.6F * unit)
                     : values[i] * (0.9F + 0.2F * unit) + 0.04F * (unit - 0.5F) * (tensor.shape().size() == 1 ? 5.0F : 0.05F);
      }
    }
    write_safetensors(words[2], {.tensors = tensors, .metadata = {{"format", "fovea"}}});
  } catch (const Error& error) {
    std::fprintf(stderr, "random_weights: %s\n", error.what());
    return 1;
  }
}
