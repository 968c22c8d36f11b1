// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/airbench.h"

#include <fmt/format.h>

#include <cmath>

namespace fovea {
namespace {

Layer filters_of(int64_t filters, const char* name) {
  return conv({.filters = filters,
               .kernel = 3,
               .padding = same,
               .bias = false,
               .initializer = initializers::torch_identity,
               .name = name});
}

// Running statistics move by 0.4 in each step.
Layer shift_norm(const char* name) {
  return batch_norm({.momentum = 0.6, .epsilon = 1e-12, .activation = gelu, .scale = false, .name = name});
}

}  // namespace

Value airbench(Value image, const AirbenchOptions& options) {
  // The filters are set from the 2x2 patches of the data: their principal directions (eigenvectors) and the negatives.
  Value x = image | conv({.filters = 2 * 4 * image.extent(-1),
                          .kernel = 2,
                          .activation = gelu,
                          .initializer = initializers::torch_uniform,
                          .bias_initializer = initializers::torch_uniform,
                          .frozen = true,
                          .name = "whiten"});
  for (size_t group = 0; group < options.filters.size(); ++group) {
    const int64_t filters = options.filters[group];
    x = x | scope(fmt::format("layers.{}", group + 1), filters_of(filters, "conv1") | max_pool({.window = 2}) |
                                                           shift_norm("norm1") | filters_of(filters, "conv2") |
                                                           shift_norm("norm2"));
  }
  x = x | max_pool({.window = 3}) | flatten();
  const auto features = static_cast<double>(x.extent(-1));
  // The start values are uniform with standard deviation 1.
  return (x | dense({.units = options.classes,
                     .bias = false,
                     .initializer = initializers::uniform(std::sqrt(3.0)),
                     .name = "head"})) *
         (1 / features);
}

std::vector<ModelEntry> airbench_models() {
  const auto function = [](Value image, const ModelOptions& given) { return airbench(image, {.classes = given.classes}); };
  return {{"airbench94", "airbench", "whitening, 6 convolutions: CIFAR-10 in the least time", {32, 32, 3}, 10, function, {}}};
}

}  // namespace fovea
