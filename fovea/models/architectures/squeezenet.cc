// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/squeezenet.h"

#include <fmt/format.h>

namespace fovea {
namespace {

Layer convolution(int64_t filters, int64_t kernel, std::string name) {
  return conv({.filters = filters,
               .kernel = kernel,
               .padding = static_cast<int>(kernel / 2),
               .activation = relu,
               .initializer = initializers::kaiming_uniform,
               .name = std::move(name)});
}

// A 1x1 convolution to few channels, then a 1x1 and a 3x3 convolution with as many filters each, concatenated.
Layer fire(int64_t squeezed, int64_t expanded) {
  return [=](Value x) {
    const Value waist = x | convolution(squeezed, 1, "squeeze");
    return concat({waist | convolution(expanded, 1, "expand1x1"), waist | convolution(expanded, 3, "expand3x3")});
  };
}

}  // namespace

Value squeezenet(Value image, const SqueezeNetOptions& options) {
  constexpr std::pair<int64_t, int64_t> fires[] = {{16, 64},  {16, 64},  {32, 128}, {32, 128},
                                                   {48, 192}, {48, 192}, {64, 256}, {64, 256}};
  Value x = image | conv({.filters = options.slim ? 64 : 96,
                          .kernel = options.slim ? 3 : 7,
                          .stride = 2,
                          .activation = relu,
                          .initializer = initializers::kaiming_uniform,
                          .name = "features.0"});
  x = x | max_pool({.window = 3, .stride = 2, .partial = true});
  int64_t index = 3;  // counts all layers, as torchvision does
  for (int64_t number = 0; number < 8; ++number) {
    const auto& [squeezed, expanded] = fires[number];
    x = x | scope(fmt::format("features.{}", index++), fire(squeezed, expanded));
    const bool last = options.slim ? number == 1 || number == 3 : number == 2 || number == 6;
    if (!last) continue;
    x = x | max_pool({.window = 3, .stride = 2, .partial = true});
    ++index;
  }
  return x | dropout({.rate = options.dropout}) |
         conv({.filters = options.classes,
               .activation = relu,
               .initializer = initializers::normal(0.01),
               .name = "classifier.1"}) |
         global_avg_pool();
}

std::vector<ModelEntry> squeezenet_models() {
  const auto version = [](bool slim) {
    return [slim](Value image, const ModelOptions& given) {
      return squeezenet(image, {.slim = slim, .classes = given.classes, .dropout = given.dropout.value_or(0.5)});
    };
  };
  return {
      {"squeezenet-1.0", "squeezenet", "8 fire modules", {224, 224, 3}, 1000, version(false), {.dropout = true}},
      {"squeezenet-1.1", "squeezenet", "8 fire modules, earlier pools", {224, 224, 3}, 1000, version(true), {.dropout = true}}};
}

}  // namespace fovea
