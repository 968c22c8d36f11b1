// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/xception.h"

#include <fmt/format.h>

namespace fovea {
namespace {

// A depthwise 3x3 convolution followed directly by a 1x1 convolution, then batch norm.
Layer separable(const Style& style, int64_t filters, const std::string& name, const std::string& norm_name,
                Activation activation = linear) {
  return bare_conv(style, {.kernel = 3, .depthwise = true, .name = name + ".conv1"}) |
         bare_conv(style, {.filters = filters, .name = name + ".pointwise"}) |
         norm(style, {.activation = activation, .name = norm_name});
}

// Separable convolutions, each after a relu. Where the size or the channels change, a pool follows and the shortcut is a
// projection.
struct XceptionBlock {
  std::vector<int64_t> filters;
  bool pool = true;
  bool starts_with_relu = true;
};

Value block(Value x, const Style& style, const XceptionBlock& options) {
  Value y = x;
  int64_t index = 0;  // counts all layers, as timm does: relu, convolution, norm
  for (size_t i = 0; i < options.filters.size(); ++i) {
    if (i > 0 || options.starts_with_relu) {
      y = relu(y);
      ++index;
    }
    y = y | separable(style, options.filters[i], fmt::format("rep.{}", index), fmt::format("rep.{}", index + 1));
    index += 2;
  }
  if (!options.pool) return y + x;
  const Value shortcut =
      x | conv_norm(style,
                    {.filters = options.filters.back(), .stride = 2, .activation = linear, .conv = "skip", .norm = "skipbn"});
  return (y | max_pool({.window = 3, .stride = 2, .padding = style.padding(3)})) + shortcut;
}

}  // namespace

Value xception(Value image, const XceptionOptions& options) {
  const bool tensorflow = options.convention == Convention::tensorflow;
  const Style style{.convention = options.convention,
                    .epsilon = tensorflow ? 1e-3 : 1e-5,
                    .momentum = tensorflow ? 0.99 : 0.9,
                    .initializer = initializers::kaiming_fan_out};
  const auto stem = [&](int64_t filters, int64_t stride, const char* conv_name, const char* norm_name) {
    return conv({.filters = filters,
                 .kernel = 3,
                 .stride = stride,
                 .bias = false,
                 .initializer = style.initializer,
                 .name = conv_name}) |
           norm(style, {.activation = relu, .name = norm_name});
  };
  Value x = image | stem(32, 2, "conv1", "bn1") | stem(64, 1, "conv2", "bn2");
  std::vector<XceptionBlock> blocks{{{128, 128}, true, false}, {{256, 256}}, {{728, 728}}};
  blocks.insert(blocks.end(), 8, {{728, 728, 728}, false});
  blocks.push_back({{728, 1024}});
  for (size_t i = 0; i < blocks.size(); ++i) {
    x = x | scope(fmt::format("block{}", i + 1), [&](Value y) { return block(y, style, blocks[i]); });
  }
  return x | separable(style, 1536, "conv3", "bn3", relu) | separable(style, 2048, "conv4", "bn4", relu) | global_avg_pool() |
         dropout({.rate = options.dropout}) |
         dense({.units = options.classes,
                .initializer = initializers::torch_uniform,
                .bias_initializer = initializers::torch_uniform,
                .name = "fc"});
}

std::vector<ModelEntry> xception_models() {
  const auto function = [](Value image, const ModelOptions& given) {
    return xception(image, {.classes = given.classes,
                            .dropout = given.dropout.value_or(0),
                            .convention = given.convention.value_or(Convention::torch)});
  };
  return {{"xception",
           "xception",
           "12 blocks of separable convolutions",
           {299, 299, 3},
           1000,
           function,
           {.convention = true, .dropout = true}}};
}

}  // namespace fovea
