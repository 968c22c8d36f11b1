// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/shufflenet.h"

#include <fmt/format.h>

namespace fovea {
namespace {

const Style style{.initializer = initializers::torch_uniform};

// 1x1, depthwise 3x3 and 1x1 convolutions; the depthwise one has no activation.
Layer main_branch(int64_t filters, int64_t stride) {
  return conv_norm(style, {.filters = filters, .conv = "branch2.0", .norm = "branch2.1"}) |
         conv_norm(style, {.kernel = 3,
                           .stride = stride,
                           .depthwise = true,
                           .activation = linear,
                           .conv = "branch2.3",
                           .norm = "branch2.4"}) |
         conv_norm(style, {.filters = filters, .conv = "branch2.5", .norm = "branch2.6"});
}

Layer halving_branch(int64_t filters) {
  return conv_norm(
             style,
             {.kernel = 3, .stride = 2, .depthwise = true, .activation = linear, .conv = "branch1.0", .norm = "branch1.1"}) |
         conv_norm(style, {.filters = filters, .conv = "branch1.2", .norm = "branch1.3"});
}

Value unit(Value x, int64_t filters, bool halves) {
  const int64_t half = filters / 2;
  const Value kept = halves ? x | halving_branch(half) : x | channel_slice({.offset = 0, .count = half});
  const Value rest = halves ? x : x | channel_slice({.offset = half, .count = half});
  return concat({kept, rest | main_branch(half, halves ? 2 : 1)}) | channel_shuffle({.groups = 2});
}

}  // namespace

Value shufflenet_v2(Value image, const ShuffleNetOptions& options) {
  Value x = image | scope("conv1", conv_norm(style, {.filters = 24, .kernel = 3, .stride = 2})) |
            max_pool({.window = 3, .stride = 2, .padding = 1});
  for (size_t stage = 0; stage < 3; ++stage) {
    const int64_t units = stage == 1 ? 8 : 4, filters = options.filters[stage];
    for (int64_t number = 0; number < units; ++number) {
      x = x | scope(fmt::format("stage{}.{}", stage + 2, number), [=](Value y) { return unit(y, filters, number == 0); });
    }
  }
  return x | scope("conv5", conv_norm(style, {.filters = options.filters[3]})) | global_avg_pool() |
         dense({.units = options.classes,
                .initializer = initializers::torch_uniform,
                .bias_initializer = initializers::torch_uniform,
                .name = "fc"});
}

std::vector<ModelEntry> shufflenet_models() {
  std::vector<ModelEntry> entries;
  const auto add = [&](const char* width, const std::array<int64_t, 4>& filters) {
    const auto function = [filters](Value image, const ModelOptions& given) {
      return shufflenet_v2(image, {.filters = filters, .classes = given.classes});
    };
    entries.push_back({fmt::format("shufflenet-v2-{}", width),
                       "shufflenet",
                       "16 split and shuffled units",
                       {224, 224, 3},
                       1000,
                       function,
                       {}});
  };
  add("0.5", {48, 96, 192, 1024});
  add("1.0", {116, 232, 464, 1024});
  add("1.5", {176, 352, 704, 1024});
  add("2.0", {244, 488, 976, 2048});
  return entries;
}

}  // namespace fovea
