// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/mnasnet.h"

#include <cmath>

namespace fovea {
namespace {

// The stages: kernel, repeats, stride, expansion, filters, squeeze-excite.
std::vector<MobileStage> stages_of(MnasNetKind kind) {
  switch (kind) {
    case MnasNetKind::a1:
      return {{3, 1, 1, 1, 16},        {3, 2, 2, 6, 24},        {5, 3, 2, 3, 40, true}, {3, 4, 2, 6, 80},
              {3, 2, 1, 6, 112, true}, {5, 3, 2, 6, 160, true}, {3, 1, 1, 6, 320}};
    case MnasNetKind::small:
      return {{3, 1, 1, 1, 8},        {3, 1, 2, 3, 16},       {3, 2, 2, 6, 16}, {5, 4, 2, 6, 32, true},
              {3, 3, 1, 6, 32, true}, {5, 3, 2, 6, 88, true}, {3, 1, 1, 6, 144}};
    case MnasNetKind::b1:
      break;
  }
  return {{3, 1, 1, 1, 16}, {3, 3, 2, 3, 24},  {5, 3, 2, 3, 40}, {5, 3, 2, 6, 80},
          {3, 2, 1, 6, 96}, {5, 4, 2, 6, 192}, {3, 1, 1, 6, 320}};
}

Style style_of(const MnasNetOptions& options) {
  if (options.convention == Convention::tensorflow) {
    return {Convention::tensorflow, 1e-3, 0.99, relu, initializers::kaiming_fan_out};
  }
  const double momentum = options.kind == MnasNetKind::b1 ? 0.9997 : 0.9;
  return {Convention::torch, 1e-5, momentum, relu, initializers::torch_kaiming_fan_out};
}

}  // namespace

Value mnasnet(Value image, const MnasNetOptions& options) {
  std::vector<MobileStage> stages = stages_of(options.kind);
  for (MobileStage& stage : stages) stage.filters = scaled_filters(stage.filters, options.width);
  stages.front().skip = false;
  const double classes = static_cast<double>(options.classes);
  return mobile_network(image,
                        {.style = style_of(options),
                         .names = options.kind == MnasNetKind::b1 ? MobileNames::mnasnet : MobileNames::timm,
                         .stem = scaled_filters(options.kind == MnasNetKind::small ? 8 : 32, options.width),
                         .stages = std::move(stages),
                         .classes = options.classes,
                         .dropout = options.dropout,
                         .zero_last_scale = options.zero_last_scale,
                         .classifier = initializers::uniform(std::sqrt((options.kind == MnasNetKind::b1 ? 3 : 1) / classes))});
}

std::vector<ModelEntry> mnasnet_models() {
  std::vector<ModelEntry> entries;
  const auto add = [&](std::string name, std::string summary, const MnasNetOptions& model) {
    const auto function = [model](Value image, const ModelOptions& given) {
      MnasNetOptions options = model;
      options.width = given.width.value_or(model.width);
      options.classes = given.classes;
      options.dropout = given.dropout.value_or(model.dropout);
      options.zero_last_scale = given.zero_last_scale;
      options.convention = given.convention.value_or(model.convention);
      return mnasnet(image, options);
    };
    entries.push_back({std::move(name),
                       "mnasnet",
                       std::move(summary),
                       {224, 224, 3},
                       1000,
                       function,
                       {.width = true, .convention = true, .dropout = true, .zero_last_scale = true}});
  };
  add("mnasnet-0.5", "B1, half as wide", {.width = 0.5});
  add("mnasnet-1.0", "B1, 17 inverted residuals", {});
  add("mnasnet-a1", "17 inverted residuals, squeeze-excite", {.kind = MnasNetKind::a1, .convention = Convention::tensorflow});
  add("mnasnet-small", "15 inverted residuals, from 8 channels",
      {.kind = MnasNetKind::small, .dropout = 0, .convention = Convention::tensorflow});
  return entries;
}

}  // namespace fovea
