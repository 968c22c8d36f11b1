// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/efficientnet.h"

#include <fmt/format.h>

#include <cmath>

namespace fovea {
namespace {

const std::vector<MobileStage> base_stages{
    {.kernel = 3, .repeats = 1, .stride = 1, .expansion = 1, .filters = 16},
    {.kernel = 3, .repeats = 2, .stride = 2, .expansion = 6, .filters = 24},
    {.kernel = 5, .repeats = 2, .stride = 2, .expansion = 6, .filters = 40},
    {.kernel = 3, .repeats = 3, .stride = 2, .expansion = 6, .filters = 80},
    {.kernel = 5, .repeats = 3, .stride = 1, .expansion = 6, .filters = 112},
    {.kernel = 5, .repeats = 4, .stride = 2, .expansion = 6, .filters = 192},
    {.kernel = 3, .repeats = 1, .stride = 1, .expansion = 6, .filters = 320},
};

// The expansion of the first stage is declared for 24 channels, whatever the number that the stem has.
const std::vector<MobileStage> edge_tpu_stages{
    {.repeats = 1, .stride = 1, .expansion = 4, .filters = 24, .fused = true, .skip = false, .expansion_base = 24},
    {.repeats = 2, .stride = 2, .expansion = 8, .filters = 32, .fused = true},
    {.repeats = 4, .stride = 2, .expansion = 8, .filters = 48, .fused = true},
    {.kernel = 5, .repeats = 5, .stride = 2, .expansion = 8, .filters = 96},
    {.kernel = 5, .repeats = 4, .stride = 1, .expansion = 8, .filters = 144},
    {.kernel = 5, .repeats = 2, .stride = 2, .expansion = 8, .filters = 192},
};

std::vector<MobileStage> scaled_stages(const EfficientNetOptions& options) {
  std::vector<MobileStage> stages = options.kind == EfficientNetKind::edge_tpu ? edge_tpu_stages : base_stages;
  for (MobileStage& stage : stages) {
    stage.filters = scaled_filters(stage.filters, options.width);
    stage.squeeze = options.kind == EfficientNetKind::b;
    if (stage.expansion_base > 0) stage.expansion_base = scaled_filters(stage.expansion_base, options.width);
    const bool outer = &stage == &stages.front() || &stage == &stages.back();
    if (options.kind == EfficientNetKind::lite && outer) continue;
    stage.repeats = static_cast<int64_t>(std::ceil(static_cast<double>(stage.repeats) * options.depth));
  }
  return stages;
}

Style style_of(const EfficientNetOptions& options) {
  const Activation activation = options.kind == EfficientNetKind::b      ? swish
                                : options.kind == EfficientNetKind::lite ? relu6
                                                                         : relu;
  if (options.convention == Convention::tensorflow) {
    return {Convention::tensorflow, 1e-3, 0.99, activation, initializers::kaiming_fan_out};
  }
  return {Convention::torch, options.torch_epsilon, options.torch_momentum, activation, initializers::torch_kaiming_fan_out};
}

}  // namespace

Value efficientnet(Value image, const EfficientNetOptions& options) {
  const double outer_width = options.kind == EfficientNetKind::lite ? 1 : options.width;
  return mobile_network(image, {.style = style_of(options),
                                .names = options.kind == EfficientNetKind::b ? MobileNames::efficientnet : MobileNames::timm,
                                .stem = scaled_filters(32, outer_width),
                                .stages = scaled_stages(options),
                                .head = scaled_filters(1280, outer_width),
                                .classes = options.classes,
                                .dropout = options.dropout,
                                .drop_connect = options.drop_connect,
                                .zero_last_scale = options.zero_last_scale,
                                .classifier = initializers::uniform(1 / std::sqrt(static_cast<double>(options.classes)))});
}

std::vector<ModelEntry> efficientnet_models() {
  std::vector<ModelEntry> entries;
  const auto add = [&](std::string name, int64_t size, const EfficientNetOptions& model) {
    const auto function = [model](Value image, const ModelOptions& given) {
      EfficientNetOptions options = model;
      options.classes = given.classes;
      options.dropout = given.dropout.value_or(model.dropout);
      options.drop_connect = given.drop_connect.value_or(model.drop_connect);
      options.zero_last_scale = given.zero_last_scale;
      options.convention = given.convention.value_or(model.convention);
      return efficientnet(image, options);
    };
    entries.push_back({"efficientnet-" + name,
                       "efficientnet",
                       fmt::format("width {}, depth {}", model.width, model.depth),
                       {size, size, 3},
                       model.classes,
                       function,
                       {.convention = true, .dropout = true, .drop_connect = true, .zero_last_scale = true}});
  };
  add("b0", 224, {});
  add("b1", 240, {.depth = 1.1});
  add("b2", 260, {.width = 1.1, .depth = 1.2, .dropout = 0.3});
  add("b3", 300, {.width = 1.2, .depth = 1.4, .dropout = 0.3});
  add("b4", 380, {.width = 1.4, .depth = 1.8, .dropout = 0.4});
  const auto add_large = [&](const char* name, int64_t size, double width, double depth, double dropout) {
    add(name, size, {.width = width, .depth = depth, .dropout = dropout, .torch_epsilon = 1e-3, .torch_momentum = 0.99});
  };
  add_large("b5", 456, 1.6, 2.2, 0.4);
  add_large("b6", 528, 1.8, 2.6, 0.5);
  add_large("b7", 600, 2.0, 3.1, 0.5);
  add_large("b8", 672, 2.2, 3.6, 0.5);
  add_large("l2", 800, 4.3, 5.3, 0.5);
  const auto add_kind = [&](EfficientNetKind kind, const char* name, int64_t size, double width, double depth, double dropout) {
    add(name, size,
        {.kind = kind,
         .width = width,
         .depth = depth,
         .classes = kind == EfficientNetKind::edge_tpu ? 1001 : 1000,
         .dropout = dropout,
         .convention = Convention::tensorflow});
  };
  add_kind(EfficientNetKind::lite, "lite0", 224, 1.0, 1.0, 0.2);
  add_kind(EfficientNetKind::lite, "lite1", 240, 1.0, 1.1, 0.2);
  add_kind(EfficientNetKind::lite, "lite2", 260, 1.1, 1.2, 0.3);
  add_kind(EfficientNetKind::lite, "lite3", 280, 1.2, 1.4, 0.3);
  add_kind(EfficientNetKind::lite, "lite4", 300, 1.4, 1.8, 0.3);
  add_kind(EfficientNetKind::edge_tpu, "edgetpu-s", 224, 1.0, 1.0, 0.2);
  add_kind(EfficientNetKind::edge_tpu, "edgetpu-m", 240, 1.0, 1.1, 0.2);
  add_kind(EfficientNetKind::edge_tpu, "edgetpu-l", 300, 1.2, 1.4, 0.3);
  return entries;
}

}  // namespace fovea
