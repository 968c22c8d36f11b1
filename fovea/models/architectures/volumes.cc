// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/volumes.h"

namespace fovea {

Value c3d(Value clip, const C3dOptions& options) {
  const auto layer = [](int64_t filters, const char* name) {
    return conv({.filters = filters,
                 .kernel = 3,
                 .padding = 1,
                 .activation = relu,
                 .initializer = initializers::normal(0.01),
                 .bias_initializer = initializers::constant(filters == 64 ? 0 : 1),
                 .name = name});
  };
  const auto hidden = [&](const char* name) {
    return dense({.units = 4096,
                  .activation = relu,
                  .initializer = initializers::normal(0.005),
                  .bias_initializer = initializers::ones,
                  .name = name}) |
           dropout({.rate = options.dropout});
  };
  return clip | layer(64, "conv1") | max_pool({.window = {1, 2, 2}}) | layer(128, "conv2") | max_pool({.window = 2}) |
         layer(256, "conv3a") | layer(256, "conv3b") | max_pool({.window = 2}) | layer(512, "conv4a") | layer(512, "conv4b") |
         max_pool({.window = 2}) | layer(512, "conv5a") | layer(512, "conv5b") | max_pool({.window = 2, .partial = true}) |
         flatten() | hidden("fc6") | hidden("fc7") |
         dense({.units = options.classes, .initializer = initializers::normal(0.01), .name = "fc8"});
}

Value voxnet(Value grid, const VoxNetOptions& options) {
  return grid | conv({.filters = 32, .kernel = 5, .stride = 2, .activation = leaky_relu(0.1), .name = "conv1"}) |
         dropout({.rate = 0.2}) | conv({.filters = 32, .kernel = 3, .activation = leaky_relu(0.1), .name = "conv2"}) |
         max_pool({.window = 2}) | dropout({.rate = 0.3}) | flatten() |
         dense({.units = 128, .activation = relu, .name = "fc1"}) | dropout({.rate = 0.4}) |
         dense({.units = options.classes, .name = "fc2"});
}

std::vector<ModelEntry> volume_models() {
  const auto clips = [](Value clip, const ModelOptions& given) {
    return c3d(clip, {.classes = given.classes, .dropout = given.dropout.value_or(0.5)});
  };
  const auto grids = [](Value grid, const ModelOptions& given) { return voxnet(grid, {.classes = given.classes}); };
  return {{"c3d", "volumes", "video clips: 8 3x3x3 convolutions", {16, 112, 112, 3}, 487, clips, {.dropout = true}},
          {"voxnet", "volumes", "occupancy grids: two 3-D convolutions", {32, 32, 32, 1}, 40, grids, {}}};
}

}  // namespace fovea
