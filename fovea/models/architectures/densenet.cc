// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/densenet.h"

#include <fmt/format.h>

namespace fovea {
namespace {

const Style style{.initializer = initializers::kaiming_fan_in};

Layer dense_layer(int64_t growth) {
  return norm(style, {.activation = relu, .name = "norm1"}) | bare_conv(style, {.filters = 4 * growth, .name = "conv1"}) |
         norm(style, {.activation = relu, .name = "norm2"}) |
         bare_conv(style, {.filters = growth, .kernel = 3, .name = "conv2"});
}

Layer transition(int64_t filters) {
  return norm(style, {.activation = relu, .name = "norm"}) | bare_conv(style, {.filters = filters, .name = "conv"}) |
         avg_pool({.window = 2});
}

Value features(Value image, const DenseNetOptions& options) {
  Value x = image |
            conv_norm(style, {.filters = 2 * options.growth, .kernel = 7, .stride = 2, .conv = "conv0", .norm = "norm0"}) |
            max_pool({.window = 3, .stride = 2, .padding = 1});
  for (size_t block = 0; block < options.repeats.size(); ++block) {
    for (int64_t layer = 1; layer <= options.repeats[block]; ++layer) {
      const std::string name = fmt::format("denseblock{}.denselayer{}", block + 1, layer);
      x = concat({x, x | scope(name, dense_layer(options.growth))});
    }
    if (block + 1 == options.repeats.size()) break;
    x = x | scope(fmt::format("transition{}", block + 1), transition(x.extent(-1) / 2));
  }
  return x | norm(style, {.activation = relu, .name = "norm5"});
}

}  // namespace

Value densenet(Value image, const DenseNetOptions& options) {
  return image | scope("features", [&](Value x) { return features(x, options); }) | global_avg_pool() |
         dense({.units = options.classes, .initializer = initializers::torch_uniform, .name = "classifier"});
}

std::vector<ModelEntry> densenet_models() {
  const auto of = [](std::vector<int64_t> repeats) {
    return [repeats](Value image, const ModelOptions& given) {
      return densenet(image, {.repeats = repeats, .classes = given.classes});
    };
  };
  return {{"densenet121", "densenet", "dense blocks of 6, 12, 24, 16", {224, 224, 3}, 1000, of({6, 12, 24, 16}), {}},
          {"densenet169", "densenet", "dense blocks of 6, 12, 32, 32", {224, 224, 3}, 1000, of({6, 12, 32, 32}), {}}};
}

}  // namespace fovea
