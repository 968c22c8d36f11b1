// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/mobilenet.h"

#include <fmt/format.h>

#include <algorithm>

namespace fovea {
namespace {

// A row of tables 1 and 2 in the MobileNetV3 paper.
struct V3Row {
  int64_t kernel, expanded, filters;
  bool squeeze, hard;  // hard: hard swish in place of relu
  int64_t stride;
};

const std::vector<V3Row> v3_large{
    {3, 16, 16, false, false, 1}, {3, 64, 24, false, false, 2}, {3, 72, 24, false, false, 1}, {5, 72, 40, true, false, 2},
    {5, 120, 40, true, false, 1}, {5, 120, 40, true, false, 1}, {3, 240, 80, false, true, 2}, {3, 200, 80, false, true, 1},
    {3, 184, 80, false, true, 1}, {3, 184, 80, false, true, 1}, {3, 480, 112, true, true, 1}, {3, 672, 112, true, true, 1},
    {5, 672, 160, true, true, 2}, {5, 960, 160, true, true, 1}, {5, 960, 160, true, true, 1},
};
const std::vector<V3Row> v3_small{
    {3, 16, 16, true, false, 2}, {3, 72, 24, false, false, 2}, {3, 88, 24, false, false, 1}, {5, 96, 40, true, true, 2},
    {5, 240, 40, true, true, 1}, {5, 240, 40, true, true, 1},  {5, 120, 48, true, true, 1},  {5, 144, 48, true, true, 1},
    {5, 288, 96, true, true, 2}, {5, 576, 96, true, true, 1},  {5, 576, 96, true, true, 1},
};

Layer v3_block(Style style, const V3Row& row, int64_t channels, const MobileNetV3Options& options) {
  style.activation = row.hard ? hard_swish : relu;
  const int64_t expanded = scaled_filters(row.expanded, options.width), filters = scaled_filters(row.filters, options.width);
  const bool expands = expanded != channels;
  const auto named = [](int64_t number) {
    return LayerNames{fmt::format("block.{}.0", number), fmt::format("block.{}.1", number)};
  };
  InvertedResidualOptions block{.filters = filters, .kernel = row.kernel, .stride = row.stride, .expanded = expanded};
  block.expand = named(0);
  block.depthwise = named(expands ? 1 : 0);
  block.project = named((expands ? 2 : 1) + (row.squeeze ? 1 : 0));
  if (row.squeeze) {
    const std::string scope = fmt::format("block.{}", expands ? 2 : 1);
    block.squeeze.squeezed = scaled_filters(expanded / 4, 1);
    block.squeeze.gate = hard_sigmoid;
    block.squeeze.reduce = scope + ".fc1";
    block.squeeze.restore = scope + ".fc2";
  }
  if (options.zero_last_scale && row.stride == 1 && filters == channels) block.last_scale = initializers::zeros;
  return inverted_residual(style, std::move(block));
}

}  // namespace

Value mobilenet_v1(Value image, const MobileNetV1Options& options) {
  const bool tensorflow = options.convention == Convention::tensorflow;
  const Style style{.convention = options.convention,
                    .epsilon = tensorflow ? 1e-3 : 1e-5,
                    .momentum = tensorflow ? 0.9997 : 0.9,
                    .activation = relu6,
                    .initializer = initializers::truncated_normal(0.09)};
  const auto width = [&](int64_t filters) {
    return std::max<int64_t>(8, static_cast<int64_t>(static_cast<double>(filters) * options.width));
  };
  const auto layer = [&](const std::string& name, ConvNormOptions conv) {
    conv.conv = name;
    conv.norm = name + ".BatchNorm";
    return conv_norm(style, std::move(conv));
  };
  Value x = image | layer("Conv2d_0", {.filters = width(32), .kernel = 3, .stride = 2});
  constexpr std::pair<int64_t, int64_t> pairs[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                                                   {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
  for (int index = 1; const auto& [filters, stride] : pairs) {
    const std::string name = fmt::format("Conv2d_{}", index++);
    x = x | layer(name + "_depthwise", {.kernel = 3, .stride = stride, .depthwise = true}) |
        layer(name + "_pointwise", {.filters = width(filters)});
  }
  return x | global_avg_pool() | dropout({.rate = options.dropout}) |
         dense({.units = options.classes, .initializer = initializers::truncated_normal(0.09), .name = "Logits.Conv2d_1c_1x1"});
}

Value mobilenet_v2(Value image, const MobileNetV2Options& options) {
  const bool tensorflow = options.convention == Convention::tensorflow;
  std::vector<MobileStage> stages{
      {.repeats = 1, .stride = 1, .expansion = 1, .filters = 16},
      {.repeats = 2, .stride = 2, .filters = 24},
      {.repeats = 3, .stride = 2, .filters = 32},
      {.repeats = 4, .stride = 2, .filters = 64},
      {.repeats = 3, .stride = 1, .filters = 96},
      {.repeats = 3, .stride = 2, .filters = 160},
      {.repeats = 1, .stride = 1, .filters = 320},
  };
  for (MobileStage& stage : stages) stage.filters = scaled_filters(stage.filters, options.width);
  return mobile_network(
      image, {.style = {.convention = options.convention,
                        .epsilon = tensorflow ? 1e-3 : 1e-5,
                        .momentum = tensorflow ? 0.999 : 0.9,
                        .activation = relu6,
                        .initializer = tensorflow ? initializers::kaiming_fan_out : initializers::torch_kaiming_fan_out},
              .names = MobileNames::mobilenet_v2,
              .stem = scaled_filters(32, options.width),
              .stages = std::move(stages),
              .head = scaled_filters(1280, std::max(1.0, options.width)),
              .classes = options.classes,
              .dropout = options.dropout,
              .zero_last_scale = options.zero_last_scale});
}

Value mobilenet_v3(Value image, const MobileNetV3Options& options) {
  const bool torch = options.convention == Convention::torch;
  const Style style{.convention = options.convention,
                    .epsilon = 1e-3,
                    .momentum = 0.99,
                    .activation = hard_swish,
                    .initializer = torch ? initializers::torch_kaiming_fan_out : initializers::kaiming_fan_out};
  const std::vector<V3Row>& rows = options.large ? v3_large : v3_small;
  Value x =
      image | scope("features.0", conv_norm(style, {.filters = scaled_filters(16, options.width), .kernel = 3, .stride = 2}));
  for (size_t i = 0; i < rows.size(); ++i) {
    x = x | scope(fmt::format("features.{}", i + 1), v3_block(style, rows[i], x.extent(-1), options));
  }
  const int64_t last = scaled_filters(options.large ? 1280 : 1024, options.width);
  return x | scope(fmt::format("features.{}", rows.size() + 1), conv_norm(style, {.filters = 6 * x.extent(-1)})) |
         global_avg_pool() |
         dense({.units = last, .activation = hard_swish, .initializer = initializers::normal(0.01), .name = "classifier.0"}) |
         dropout({.rate = options.dropout}) |
         dense({.units = options.classes, .initializer = initializers::normal(0.01), .name = "classifier.3"});
}

std::vector<ModelEntry> mobilenet_models() {
  const Shape photo{224, 224, 3};
  const auto v1 = [](Value image, const ModelOptions& given) {
    return mobilenet_v1(image, {.width = given.width.value_or(1),
                                .classes = given.classes,
                                .dropout = given.dropout.value_or(0.001),
                                .convention = given.convention.value_or(Convention::tensorflow)});
  };
  const auto v2 = [](Value image, const ModelOptions& given) {
    return mobilenet_v2(image, {.width = given.width.value_or(1),
                                .classes = given.classes,
                                .dropout = given.dropout.value_or(0.2),
                                .zero_last_scale = given.zero_last_scale,
                                .convention = given.convention.value_or(Convention::torch)});
  };
  const auto v3 = [](bool large) {
    return [large](Value image, const ModelOptions& given) {
      return mobilenet_v3(image, {.large = large,
                                  .width = given.width.value_or(1),
                                  .classes = given.classes,
                                  .dropout = given.dropout.value_or(0.2),
                                  .zero_last_scale = given.zero_last_scale,
                                  .convention = given.convention.value_or(Convention::torch)});
    };
  };
  const ModelFeatures plain{.width = true, .convention = true, .dropout = true};
  ModelFeatures residual = plain;
  residual.zero_last_scale = true;
  return {
      {"mobilenet-v1", "mobilenet", "13 depthwise and pointwise pairs", photo, 1001, v1, plain},
      {"mobilenet-v2", "mobilenet", "17 inverted residuals", photo, 1000, v2, residual},
      {"mobilenet-v3-small", "mobilenet", "11 inverted residuals, squeeze-excite, hard swish", photo, 1000, v3(false),
       residual},
      {"mobilenet-v3-large", "mobilenet", "15 inverted residuals, squeeze-excite, hard swish", photo, 1000, v3(true), residual},
  };
}

}  // namespace fovea
