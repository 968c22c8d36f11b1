// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/inverted_residual.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fovea/nn/operators.h"

namespace fovea {
namespace {

// Sets the names within a block whose layers are numbered; absent layers are not counted.
void name_layers(MobileNames names, bool expands, InvertedResidualOptions& block) {
  const int64_t depthwise = expands ? 1 : 0, squeeze = depthwise + 1;
  const int64_t project = squeeze + (names == MobileNames::efficientnet && block.squeeze.squeezed > 0 ? 1 : 0);
  const auto numbered = [](const char* scope, int64_t number) {
    return LayerNames{fmt::format("{}.{}.0", scope, number), fmt::format("{}.{}.1", scope, number)};
  };
  switch (names) {
    case MobileNames::efficientnet:
      block.expand = numbered("block", 0);
      block.depthwise = numbered("block", depthwise);
      block.squeeze.reduce = fmt::format("block.{}.fc1", squeeze);
      block.squeeze.restore = fmt::format("block.{}.fc2", squeeze);
      block.project = numbered("block", project);
      break;
    case MobileNames::mobilenet_v2:
      block.expand = numbered("conv", 0);
      block.depthwise = numbered("conv", depthwise);
      block.project = {fmt::format("conv.{}", project), fmt::format("conv.{}", project + 1)};
      break;
    case MobileNames::mnasnet:
      block.expand = {"layers.0", "layers.1"};
      block.depthwise = {"layers.3", "layers.4"};
      block.project = {"layers.6", "layers.7"};
      break;
    case MobileNames::timm:
      block.expand = {block.fused ? "conv_exp" : "conv_pw", "bn1"};
      block.depthwise = {"conv_dw", expands ? "bn2" : "bn1"};
      block.squeeze.reduce = "se.conv_reduce";
      block.squeeze.restore = "se.conv_expand";
      block.project = {expands ? "conv_pwl" : "conv_pw", expands && !block.fused ? "bn3" : "bn2"};
      break;
  }
}

// The names of the parts of a network. `stage` counts from 0, `index` counts blocks through all stages.
struct PartNames {
  LayerNames stem, head;
  std::string classifier;
};

PartNames part_names(const MobileNetworkOptions& options, int64_t blocks) {
  const auto feature = [](int64_t number) {
    return LayerNames{fmt::format("features.{}.0", number), fmt::format("features.{}.1", number)};
  };
  switch (options.names) {
    case MobileNames::efficientnet:
      return {feature(0), feature(static_cast<int64_t>(options.stages.size()) + 1), "classifier.1"};
    case MobileNames::mobilenet_v2:
      return {feature(0), feature(blocks + 1), "classifier.1"};
    case MobileNames::mnasnet:
      return {{"layers.0", "layers.1"}, {"layers.14", "layers.15"}, "classifier.1"};
    case MobileNames::timm:
      break;
  }
  return {{"conv_stem", "bn1"}, {"conv_head", "bn2"}, "classifier"};
}

std::string block_name(MobileNames names, size_t stage, int64_t repeat, int64_t index) {
  switch (names) {
    case MobileNames::efficientnet:
      return fmt::format("features.{}.{}", stage + 1, repeat);
    case MobileNames::mobilenet_v2:
      return fmt::format("features.{}", index + 1);
    case MobileNames::mnasnet:
      // the blocks of the first stage have no folder of their own among the layers
      return stage == 0 ? "" : fmt::format("layers.{}.{}", stage + 7, repeat);
    case MobileNames::timm:
      break;
  }
  return fmt::format("blocks.{}.{}", stage, repeat);
}

InvertedResidualOptions block_of(const MobileNetworkOptions& options, const MobileStage& stage, int64_t channels,
                                 int64_t repeat) {
  const int64_t base = repeat == 0 && stage.expansion_base > 0 ? stage.expansion_base : channels;
  InvertedResidualOptions block{.filters = stage.filters,
                                .kernel = stage.kernel,
                                .stride = repeat == 0 ? stage.stride : 1,
                                .expanded = base * stage.expansion,
                                .fused = stage.fused,
                                .skip = stage.skip};
  if (stage.squeeze) {
    block.squeeze.squeezed = std::max<int64_t>(1, channels / 4);
    block.squeeze.activation = options.style.activation;
  }
  if (options.zero_last_scale && stage.skip && block.stride == 1 && channels == stage.filters) {
    block.last_scale = initializers::zeros;
  }
  name_layers(options.names, stage.fused || stage.expansion > 1, block);
  return block;
}

}  // namespace

int64_t scaled_filters(int64_t filters, double width) {
  const double wanted = static_cast<double>(filters) * width;
  const int64_t rounded = std::max<int64_t>(8, static_cast<int64_t>(wanted + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * wanted ? rounded + 8 : rounded;
}

Layer squeeze_excite(const Style& style, SqueezeExciteOptions options) {
  return Layer([style, options = std::move(options)](Value x) {
    std::vector<int64_t> spatial;
    for (int64_t dimension = 1; dimension + 1 < x.rank(); ++dimension) spatial.push_back(dimension);
    const Value gate = operators::reduce_mean(x, spatial, true) |
                       bare_conv(style, {.filters = options.squeezed, .bias = true, .name = options.reduce}) |
                       options.activation | bare_conv(style, {.filters = x.extent(-1), .bias = true, .name = options.restore}) |
                       options.gate;
    return x * gate;
  });
}

Layer inverted_residual(const Style& style, InvertedResidualOptions options) {
  return Layer([style, options = std::move(options)](Value x) -> Value {
    Value y = x;
    if (options.fused) {
      y = y | conv_norm(style, {.filters = options.expanded,
                                .kernel = 3,
                                .stride = options.stride,
                                .conv = options.expand.conv,
                                .norm = options.expand.norm});
    } else {
      if (options.expanded != x.extent(-1)) {
        y = y | conv_norm(style, {.filters = options.expanded, .conv = options.expand.conv, .norm = options.expand.norm});
      }
      y = y | conv_norm(style, {.kernel = options.kernel,
                                .stride = options.stride,
                                .depthwise = true,
                                .conv = options.depthwise.conv,
                                .norm = options.depthwise.norm});
    }
    if (options.squeeze.squeezed > 0) y = y | squeeze_excite(style, options.squeeze);
    y = y | conv_norm(style, {.filters = options.filters,
                              .activation = linear,
                              .scale_initializer = options.last_scale,
                              .conv = options.project.conv,
                              .norm = options.project.norm});
    if (!options.skip || options.stride != 1 || options.filters != x.extent(-1)) return y;
    return x + (y | drop_connect({.rate = options.drop_connect}));
  });
}

Value mobile_network(Value image, const MobileNetworkOptions& options) {
  int64_t blocks = 0, index = 0;
  for (const MobileStage& stage : options.stages) blocks += stage.repeats;
  const PartNames names = part_names(options, blocks);
  Value x =
      image | conv_norm(options.style,
                        {.filters = options.stem, .kernel = 3, .stride = 2, .conv = names.stem.conv, .norm = names.stem.norm});
  for (size_t stage = 0; stage < options.stages.size(); ++stage) {
    for (int64_t repeat = 0; repeat < options.stages[stage].repeats; ++repeat, ++index) {
      InvertedResidualOptions block = block_of(options, options.stages[stage], x.extent(-1), repeat);
      block.drop_connect = options.drop_connect * static_cast<double>(index) / static_cast<double>(blocks);
      const std::string name = block_name(options.names, stage, repeat, index);
      const Layer layer = inverted_residual(options.style, std::move(block));
      x = x | (name.empty() ? layer : scope(name, layer));
    }
  }
  return x | conv_norm(options.style, {.filters = options.head, .conv = names.head.conv, .norm = names.head.norm}) |
         global_avg_pool() | dropout({.rate = options.dropout}) |
         dense({.units = options.classes, .initializer = options.classifier, .name = names.classifier});
}

}  // namespace fovea
