// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/vgg.h"

#include <fmt/format.h>

#include <algorithm>

namespace fovea {

Value vgg(Value image, const VggOptions& options) {
  Value x = image;
  int64_t index = 0;  // counts all layers, as torchvision does: convolution, norm, relu, pool
  const auto feature = [&] { return fmt::format("features.{}", index++); };
  for (size_t stage = 0; stage < options.repeats.size(); ++stage) {
    for (int64_t repeat = 0; repeat < options.repeats[stage]; ++repeat, ++index) {
      x = x | conv({.filters = std::min<int64_t>(64 << stage, 512),
                    .kernel = 3,
                    .padding = 1,
                    .initializer = initializers::kaiming_fan_out,
                    .name = feature()});
      if (options.batch_norm) x = x | batch_norm({.name = feature()});
      x = relu(x);
    }
    x = x | max_pool({.window = 2});
    ++index;
  }
  const auto layer = [](int64_t units, Activation activation, const char* name) {
    return dense({.units = units, .activation = activation, .initializer = initializers::normal(0.01), .name = name});
  };
  return x | flatten() | layer(4096, relu, "classifier.0") | dropout({.rate = options.dropout}) |
         layer(4096, relu, "classifier.3") | dropout({.rate = options.dropout}) |
         layer(options.classes, linear, "classifier.6");
}

std::vector<ModelEntry> vgg_models() {
  std::vector<ModelEntry> entries;
  const std::vector<std::pair<const char*, std::vector<int64_t>>> variants{
      {"vgg11", {1, 1, 2, 2, 2}}, {"vgg13", {2, 2, 2, 2, 2}}, {"vgg16", {2, 2, 3, 3, 3}}, {"vgg19", {2, 2, 4, 4, 4}}};
  for (const bool batch_norm : {false, true}) {
    for (const auto& [name, repeats] : variants) {
      const auto function = [repeats, batch_norm](Value image, const ModelOptions& given) {
        return vgg(
            image,
            {.repeats = repeats, .batch_norm = batch_norm, .classes = given.classes, .dropout = given.dropout.value_or(0.5)});
      };
      entries.push_back({fmt::format("{}{}", name, batch_norm ? "-bn" : ""),
                         "vgg",
                         batch_norm ? "3x3 convolutions with batch norm" : "3x3 convolutions",
                         {224, 224, 3},
                         1000,
                         function,
                         {.dropout = true}});
    }
  }
  return entries;
}

}  // namespace fovea
