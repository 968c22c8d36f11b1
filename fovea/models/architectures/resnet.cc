// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/resnet.h"

#include <fmt/format.h>

#include "fovea/nn/operators.h"

namespace fovea {
namespace {

// The position of a block in its network.
struct BlockPlace {
  int64_t filters = 64;
  int64_t stride = 1;
  bool projects = false;  // whether the shortcut has a projection
};

Initializer last_scale(bool zero) { return zero ? initializers::zeros : initializers::ones; }

Layer projection(const Style& style, int64_t filters, int64_t stride) {
  return scope("downsample", conv_norm(style, {.filters = filters, .stride = stride, .activation = linear}));
}

Layer basic_branch(const Style& style, int64_t filters, int64_t stride, bool zero) {
  return conv_norm(style, {.filters = filters, .kernel = 3, .stride = stride, .conv = "conv1", .norm = "bn1"}) |
         conv_norm(style, {.filters = filters,
                           .kernel = 3,
                           .activation = linear,
                           .scale_initializer = last_scale(zero),
                           .conv = "conv2",
                           .norm = "bn2"});
}

Layer bottleneck_branch(const Style& style, const ResNetOptions& options, int64_t filters, int64_t stride) {
  const int64_t inner = filters * options.group_width / 64 * options.groups;
  const int64_t first = options.stride_in_first ? stride : 1, second = options.stride_in_first ? 1 : stride;
  return conv_norm(style, {.filters = inner, .stride = first, .conv = "conv1", .norm = "bn1"}) |
         conv_norm(
             style,
             {.filters = inner, .kernel = 3, .stride = second, .groups = options.groups, .conv = "conv2", .norm = "bn2"}) |
         conv_norm(style, {.filters = 4 * filters,
                           .activation = linear,
                           .scale_initializer = last_scale(options.zero_last_scale),
                           .conv = "conv3",
                           .norm = "bn3"});
}

Value residual(Value x, const Layer& branch, const Layer& shortcut) { return relu((x | branch) + (x | shortcut)); }

const Layer identity([](Value x) { return x; });

Value block_v1(Value x, const Style& style, const ResNetOptions& options, const BlockPlace& place) {
  const bool basic = options.block == ResNetBlock::basic;
  const Layer shortcut = place.projects ? projection(style, basic ? place.filters : 4 * place.filters, place.stride) : identity;
  const Layer branch = basic ? basic_branch(style, place.filters, place.stride, options.zero_last_scale)
                             : bottleneck_branch(style, options, place.filters, place.stride);
  return residual(x, branch, shortcut);
}

// The projection reads the result of the first batch norm and relu.
Value block_v2(Value x, const Style& style, const ResNetOptions& options, const BlockPlace& place) {
  const auto activate = [&](const char* name) { return norm(style, {.activation = relu, .name = name}); };
  const Value activated = x | activate("bn1");
  Value y = activated;
  if (options.block == ResNetBlock::basic) {
    y = y | bare_conv(style, {.filters = place.filters, .kernel = 3, .stride = place.stride, .name = "conv1"}) |
        activate("bn2") | bare_conv(style, {.filters = place.filters, .kernel = 3, .name = "conv2"});
  } else {
    y = y | bare_conv(style, {.filters = place.filters, .name = "conv1"}) | activate("bn2") |
        bare_conv(style, {.filters = place.filters, .kernel = 3, .stride = place.stride, .name = "conv2"}) | activate("bn3") |
        bare_conv(style, {.filters = 4 * place.filters, .name = "conv3"});
  }
  if (!place.projects) return y + x;
  return y + (activated | bare_conv(style, {.filters = y.extent(-1), .stride = place.stride, .name = "downsample"}));
}

Value stem(Value image, const Style& style, const ResNetOptions& options) {
  const int64_t kernel = options.stem == ResNetStem::large ? 7 : 3, stride = options.stem == ResNetStem::large ? 2 : 1;
  // The TPU implementation pads its 7x7 convolution evenly, whatever the size.
  const Style even{.initializer = style.initializer};
  Value x = image | bare_conv(even, {.filters = 64, .kernel = kernel, .stride = stride, .name = "conv1"});
  if (!options.preactivation) x = x | norm(style, {.activation = relu, .name = "bn1"});
  if (options.stem == ResNetStem::small) return x;
  return x | max_pool({.window = 3, .stride = 2, .padding = style.padding(3)});
}

Layer classifier(const Style& style, int64_t classes, const char* name) {
  if (style.convention == Convention::tensorflow) {
    return dense({.units = classes, .initializer = initializers::normal(0.01), .name = name});
  }
  return dense({.units = classes,
                .initializer = initializers::torch_uniform,
                .bias_initializer = initializers::torch_uniform,
                .name = name});
}

}  // namespace

Value resnet(Value image, const ResNetOptions& options) {
  const bool tensorflow = options.convention == Convention::tensorflow;
  const Style style{.convention = options.convention,
                    .initializer = tensorflow ? initializers::truncated_lecun : initializers::torch_kaiming_fan_out};
  const auto& block = options.preactivation ? block_v2 : block_v1;
  Value x = stem(image, style, options);
  for (size_t stage = 0; stage < options.repeats.size(); ++stage) {
    for (int64_t repeat = 0; repeat < options.repeats[stage]; ++repeat) {
      BlockPlace place{.filters = int64_t{64} << stage, .stride = stage > 0 && repeat == 0 ? 2 : 1};
      place.projects = repeat == 0 && (stage > 0 || options.block == ResNetBlock::bottleneck || tensorflow);
      x = x | scope(fmt::format("layer{}.{}", stage + 1, repeat), [&](Value y) { return block(y, style, options, place); });
    }
  }
  if (options.preactivation) x = x | norm(style, {.activation = relu, .name = "norm"});
  return x | global_avg_pool() | classifier(style, options.classes, "fc");
}

Value cifar_resnet(Value image, const CifarResNetOptions& options) {
  const Style style{.initializer = initializers::kaiming_fan_in};
  Value x = image | conv_norm(style, {.filters = 16, .kernel = 3, .conv = "conv1", .norm = "bn1"});
  for (int64_t stage = 0; stage < 3; ++stage) {
    for (int64_t repeat = 0; repeat < options.repeats; ++repeat) {
      const int64_t filters = 16 << stage, stride = stage > 0 && repeat == 0 ? 2 : 1;
      Layer shortcut = identity;
      if (stride > 1 && options.projections) shortcut = projection(style, filters, stride);
      if (stride > 1 && !options.projections) {
        shortcut = subsample({.stride = stride}) | channel_pad({.before = filters / 4, .after = filters / 4});
      }
      const Layer branch = basic_branch(style, filters, stride, options.zero_last_scale);
      x = x | scope(fmt::format("layer{}.{}", stage + 1, repeat), [&](Value y) { return residual(y, branch, shortcut); });
    }
  }
  return x | global_avg_pool() |
         dense({.units = options.classes,
                .initializer = initializers::kaiming_fan_in,
                .bias_initializer = initializers::torch_uniform,
                .name = "linear"});
}

Value cifar_wide_resnet(Value image, const WideResNetOptions& options) {
  const Style style{.initializer = initializers::kaiming_fan_out};
  Value x = image | bare_conv(style, {.filters = 16, .kernel = 3, .name = "conv1"});
  for (int64_t stage = 0; stage < 3; ++stage) {
    for (int64_t repeat = 0; repeat < (options.depth - 4) / 6; ++repeat) {
      const int64_t filters = (16 << stage) * options.width, stride = stage > 0 && repeat == 0 ? 2 : 1;
      const auto block = [&](Value y) {
        const Value activated = y | norm(style, {.activation = relu, .name = "bn1"});
        const Value branch = activated |
                             bare_conv(style, {.filters = filters, .kernel = 3, .stride = stride, .name = "conv1"}) |
                             norm(style, {.activation = relu, .name = "bn2"}) | dropout({.rate = options.dropout}) |
                             bare_conv(style, {.filters = filters, .kernel = 3, .name = "conv2"});
        if (y.extent(-1) == filters) return branch + y;
        return branch + (activated | bare_conv(style, {.filters = filters, .stride = stride, .name = "downsample"}));
      };
      x = x | scope(fmt::format("layer{}.{}", stage + 1, repeat), block);
    }
  }
  return x | norm(style, {.activation = relu, .name = "bn1"}) | global_avg_pool() | classifier(style, options.classes, "fc");
}

std::vector<ModelEntry> resnet_models() {
  std::vector<ModelEntry> entries;
  const auto add = [&](std::string name, std::string summary, Shape input, const ResNetOptions& model) {
    const auto function = [model](Value image, const ModelOptions& given) {
      ResNetOptions options = model;
      options.classes = given.classes;
      options.zero_last_scale = given.zero_last_scale;
      options.convention = given.convention.value_or(Convention::torch);
      return resnet(image, options);
    };
    entries.push_back({std::move(name),
                       "resnet",
                       std::move(summary),
                       std::move(input),
                       model.classes,
                       function,
                       {.convention = true, .zero_last_scale = !model.preactivation}});
  };
  const Shape photo{224, 224, 3}, small{32, 32, 3};
  constexpr ResNetBlock basic = ResNetBlock::basic;
  add("resnet18", "basic blocks 2, 2, 2, 2", photo, {.block = basic, .repeats = {2, 2, 2, 2}});
  add("resnet34", "basic blocks 3, 4, 6, 3", photo, {.block = basic});
  add("resnet50", "bottlenecks 3, 4, 6, 3 (v1.5)", photo, {});
  add("resnet101", "bottlenecks 3, 4, 23, 3 (v1.5)", photo, {.repeats = {3, 4, 23, 3}});
  add("resnet152", "bottlenecks 3, 8, 36, 3 (v1.5)", photo, {.repeats = {3, 8, 36, 3}});
  add("resnet50-v1", "resnet50, strides in the first 1x1", photo, {.stride_in_first = true});
  add("resnet101-v1", "resnet101, strides in the first 1x1", photo, {.repeats = {3, 4, 23, 3}, .stride_in_first = true});
  add("resnet152-v1", "resnet152, strides in the first 1x1", photo, {.repeats = {3, 8, 36, 3}, .stride_in_first = true});
  add("resnet50-v2", "resnet50, norm and relu before each convolution", photo, {.preactivation = true});
  add("resnet101-v2", "resnet101, norm and relu before each convolution", photo,
      {.repeats = {3, 4, 23, 3}, .preactivation = true});
  add("wide-resnet50-2", "resnet50, bottlenecks twice as wide inside", photo, {.group_width = 128});
  add("wide-resnet101-2", "resnet101, bottlenecks twice as wide inside", photo, {.repeats = {3, 4, 23, 3}, .group_width = 128});
  add("resnext50-32x4d", "resnet50 with 32 groups of 4 channels", photo, {.groups = 32, .group_width = 4});
  add("resnet18-cifar", "resnet18 with a 3x3 stem and no pool", small,
      {.block = basic, .repeats = {2, 2, 2, 2}, .classes = 10, .stem = ResNetStem::small});
  add("resnet34-cifar", "resnet34 with a 3x3 stem and no pool", small,
      {.block = basic, .classes = 10, .stem = ResNetStem::small});
  add("resnet50-cifar", "resnet50 with a 3x3 stem and no pool", small, {.classes = 10, .stem = ResNetStem::small});
  for (const int64_t repeats : {3, 5, 7, 9, 18}) {
    for (const bool projections : {false, true}) {
      const auto function = [repeats, projections](Value image, const ModelOptions& given) {
        return cifar_resnet(image, {.repeats = repeats,
                                    .classes = given.classes,
                                    .projections = projections,
                                    .zero_last_scale = given.zero_last_scale});
      };
      entries.push_back({fmt::format("resnet{}{}", 6 * repeats + 2, projections ? "-b" : ""),
                         "resnet",
                         fmt::format("3 stages of {} basic blocks, shortcuts {}", repeats,
                                     projections ? "with projections (option B)" : "without parameters (option A)"),
                         small,
                         10,
                         function,
                         {.zero_last_scale = true}});
    }
  }
  for (const auto& [depth, width] : {std::pair<int64_t, int64_t>{28, 10}, {16, 8}, {16, 4}, {40, 4}}) {
    const auto function = [depth, width](Value image, const ModelOptions& given) {
      return cifar_wide_resnet(
          image, {.depth = depth, .width = width, .classes = given.classes, .dropout = given.dropout.value_or(0)});
    };
    entries.push_back({fmt::format("wrn-{}-{}", depth, width),
                       "resnet",
                       "wide pre-activation basic blocks",
                       small,
                       10,
                       function,
                       {.dropout = true}});
  }
  return entries;
}

}  // namespace fovea
