// SPDX-License-Identifier: Apache-2.0
// Layers that move channels and positions: compiled values against their definitions.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/nn/layers.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

// What `layer` computes from 0, 1, 2, ... in `shape` (with the batch).
Tensor counted(const Layer& layer, const Shape& shape) {
  Recorder recorder("test");
  const Value y = recorder.input("image", {shape, DType::f32}) | layer;
  recorder.graph().finish({{"y", y.ref()}});
  Compiled compiled(recorder.graph());
  const std::span<float> image = compiled.tensors.at("image").values<float>();
  std::iota(image.begin(), image.end(), 0.0F);
  compiled.run();
  return compiled.outputs.at("y");
}

std::vector<float> numbers(const Tensor& tensor) { return {tensor.data<float>(), tensor.data<float>() + tensor.size()}; }

TEST(Channels, ShuffleInterleavesGroups) {
  const Tensor y = counted(channel_shuffle({.groups = 2}), {1, 1, 2, 6});
  EXPECT_EQ(numbers(y), (std::vector<float>{0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}));
}

TEST(Channels, SliceAndPad) {
  EXPECT_EQ(numbers(counted(channel_slice({.offset = 1, .count = 2}), {2, 1, 1, 4})), (std::vector<float>{1, 2, 5, 6}));
  EXPECT_EQ(numbers(counted(channel_pad({.before = 1, .after = 2}), {1, 1, 2, 2})),
            (std::vector<float>{0, 0, 1, 0, 0, 0, 2, 3, 0, 0}));
}

TEST(Channels, SubsampleTakesEveryStrideTh) {
  const Tensor y = counted(subsample({.stride = 2}), {1, 3, 5, 1});
  EXPECT_EQ(y.shape(), (Shape{1, 2, 3, 1}));
  EXPECT_EQ(numbers(y), (std::vector<float>{0, 2, 4, 10, 12, 14}));
}

// 7 samples with windows of 3 at stride 2 have 3 whole windows; with 8, the fourth window has two samples. This is PyTorch's
// ceil_mode.
TEST(Channels, PartialWindows) {
  const Layer pool = max_pool({.window = 3, .stride = 2, .partial = true});
  EXPECT_EQ(numbers(counted(pool, {1, 7, 1})), (std::vector<float>{2, 4, 6}));
  EXPECT_EQ(numbers(counted(pool, {1, 8, 1})), (std::vector<float>{2, 4, 6, 7}));
  EXPECT_EQ(numbers(counted(avg_pool({.window = 3, .stride = 2, .partial = true}), {1, 8, 1})),
            (std::vector<float>{1, 3, 5, 6.5}));
  // A fourth window would begin in the padding after the image and does not count.
  EXPECT_EQ(counted(max_pool({.window = 2, .stride = 3, .padding = 1, .partial = true}), {1, 5, 1}).shape(), (Shape{1, 2, 1}));
}

TEST(Channels, ImpossibleOptionsAreRefused) {
  const auto refused = [](const Layer& layer, const Shape& shape) -> std::string {
    Recorder recorder("test");
    const Value x = recorder.input("image", {shape, DType::f32});
    try {
      layer(x);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(refused(channel_shuffle({.groups = 4}), {1, 2, 2, 6}),
            "channel_shuffle \"channel_shuffle1\": groups is 4, must divide the 6 channels");
  EXPECT_NE(refused(channel_slice({.offset = 4, .count = 3}), {1, 2, 2, 6}).find("3 channels from 4 on, where there are 6"),
            std::string::npos);
  EXPECT_NE(refused(channel_pad({.before = -1}), {1, 2, 2, 6}).find("must not be negative"), std::string::npos);
  EXPECT_NE(refused(max_pool({.window = 3, .padding = same, .partial = true}), {1, 8, 8, 1}).find("same rounds up"),
            std::string::npos);
}

TEST(Channels, NormWithoutScaleHasOnlyAShift) {
  Recorder recorder("test");
  recorder.input("image", {{2, 3, 3, 4}, DType::f32}) | batch_norm({.scale = false, .name = "bn"});
  std::vector<std::string> names;
  for (const ParameterSpec& spec : recorder.parameters()) names.push_back(spec.name);
  EXPECT_EQ(names, (std::vector<std::string>{"bn.bias", "bn.running_mean", "bn.running_var"}));
}

TEST(Channels, IdentityFiltersPassTheirChannel) {
  // With three channels and five 3x3 filters, the first three filters are the identity and the others random.
  const Layer layer =
      conv({.filters = 5, .kernel = 3, .padding = same, .bias = false, .initializer = initializers::torch_identity});
  Recorder recorder("test");
  recorder.input("image", {{1, 4, 4, 3}, DType::f32}) | layer;
  const Tensor weight = initial_value(recorder.parameters().front(), 1);
  const float* values = weight.data<float>();
  for (int64_t tap = 0; tap < 9; ++tap) {
    for (int64_t in = 0; in < 3; ++in) {
      for (int64_t out = 0; out < 5; ++out) {
        const float value = values[(tap * 3 + in) * 5 + out];
        if (out < 3) {
          EXPECT_EQ(value, tap == 4 && in == out ? 1 : 0);
        } else {
          EXPECT_NE(value, 0);
          EXPECT_LE(std::abs(value), 1 / std::sqrt(27.0) * 1.0001);
        }
      }
    }
  }
}

}  // namespace
}  // namespace fovea
