// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

constexpr int64_t batch = 3, height = 4, width = 5, channels = 6, positions = height * width;
const Shape shape{batch, height, width, channels};

// Compiles `layer` on one image tensor: the graph has the result "y" and the layer's state.
Compiled layer_on_image(const Layer& layer, Mode mode, const Shape& input = shape) {
  Recorder recorder("test", mode);
  const Value y = layer(recorder.input("image", {input, DType::f32}));
  std::vector<std::pair<std::string, Ref>> results{{"y", y.ref()}};
  for (const auto& [name, value] : recorder.updates()) results.emplace_back(name, value.ref());
  recorder.graph().finish(results);
  Compiled compiled(recorder.graph());
  for (auto& [name, tensor] : compiled.tensors) {
    Random random(1, hash_of(name));
    if (tensor.dtype() != DType::f32) continue;
    for (float& value : tensor.values<float>()) value = name.ends_with("var") ? 0.5f + random.uniform() : 1 + random.normal();
  }
  return compiled;
}

struct Moments {
  double mean = 0, variance = 0;
};

// The mean and variance over the elements of `x` that `chosen` selects by image, position and channel.
template <typename Chosen>
Moments moments(const Tensor& x, Chosen chosen) {
  std::vector<double> values;
  for (int64_t i = 0; i < x.size(); ++i) {
    if (chosen(i / (positions * channels), i / channels % positions, i % channels)) values.push_back(x.data<float>()[i]);
  }
  Moments result;
  for (const double value : values) result.mean += value / static_cast<double>(values.size());
  for (const double value : values) {
    result.variance += (value - result.mean) * (value - result.mean) / static_cast<double>(values.size());
  }
  return result;
}

void expect_normalized(const Compiled& compiled, const std::string& name, double epsilon,
                       const std::function<Moments(int64_t image, int64_t position, int64_t channel)>& by) {
  const Tensor &x = compiled.tensors.at("image"), &y = compiled.outputs.at("y");
  for (int64_t i = 0; i < x.size(); ++i) {
    const Moments m = by(i / (positions * channels), i / channels % positions, i % channels);
    const double scale = compiled.tensors.at(name + ".weight").data<float>()[i % channels];
    const double shift = compiled.tensors.at(name + ".bias").data<float>()[i % channels];
    EXPECT_NEAR(y.data<float>()[i], (x.data<float>()[i] - m.mean) / std::sqrt(m.variance + epsilon) * scale + shift, 2e-5);
  }
}

TEST(Normalization, BatchNormOfTheBatchWhileTraining) {
  Compiled compiled = layer_on_image(batch_norm({.momentum = 0.8, .epsilon = 1e-3}), Mode::training);
  const Tensor mean = compiled.tensors.at("bn1.running_mean").clone(),
               variance = compiled.tensors.at("bn1.running_var").clone();
  compiled.run();
  const auto of_channel = [&](int64_t channel) {
    return moments(compiled.tensors.at("image"), [=](int64_t, int64_t, int64_t c) { return c == channel; });
  };
  expect_normalized(compiled, "bn1", 1e-3, [&](int64_t, int64_t, int64_t channel) { return of_channel(channel); });
  for (int64_t channel = 0; channel < channels; ++channel) {
    const Moments m = of_channel(channel);
    const double unbiased = m.variance * (batch * positions) / (batch * positions - 1);
    EXPECT_NEAR(compiled.tensors.at("bn1.running_mean").data<float>()[channel],
                0.8 * mean.data<float>()[channel] + 0.2 * m.mean, 1e-5);
    EXPECT_NEAR(compiled.tensors.at("bn1.running_var").data<float>()[channel],
                0.8 * variance.data<float>()[channel] + 0.2 * unbiased, 1e-5);
  }
}

TEST(Normalization, BatchNormOfTheRunningStatisticsAfter) {
  Compiled compiled = layer_on_image(batch_norm({.name = "norm"}), Mode::inference);
  compiled.run();
  expect_normalized(compiled, "norm", 1e-5, [&](int64_t, int64_t, int64_t channel) -> Moments {
    return {compiled.tensors.at("norm.running_mean").data<float>()[channel],
            compiled.tensors.at("norm.running_var").data<float>()[channel]};
  });
}

TEST(Normalization, LayerNormOfEveryPosition) {
  Compiled compiled = layer_on_image(layer_norm({.epsilon = 1e-4}), Mode::training);
  compiled.run();
  expect_normalized(compiled, "layer_norm1", 1e-4, [&](int64_t image, int64_t position, int64_t) {
    return moments(compiled.tensors.at("image"), [=](int64_t n, int64_t p, int64_t) { return n == image && p == position; });
  });
}

TEST(Normalization, GroupNormOfEveryImage) {
  for (const int64_t groups : {1, 2, 6}) {
    Compiled compiled = layer_on_image(group_norm({.groups = groups}), Mode::training);
    compiled.run();
    const int64_t size = channels / groups;
    expect_normalized(compiled, "group_norm1", 1e-5, [&](int64_t image, int64_t, int64_t channel) {
      return moments(compiled.tensors.at("image"),
                     [=](int64_t n, int64_t, int64_t c) { return n == image && c / size == channel / size; });
    });
  }
}

TEST(Noise, DropoutZeroesItsShareAndScalesTheRest) {
  Compiled compiled = layer_on_image(dropout({.rate = 0.25}), Mode::training, {16, 1000});
  const auto draw = [&](int32_t seed, int32_t step) {
    compiled.tensors.at("seed").data<int32_t>()[0] = seed;
    compiled.tensors.at("step").data<int32_t>()[0] = step;
    compiled.run();
    const Tensor &x = compiled.tensors.at("image"), &y = compiled.outputs.at("y");
    std::vector<bool> kept;
    for (int64_t i = 0; i < x.size(); ++i) {
      kept.push_back(y.data<float>()[i] != 0);
      if (kept.back()) {
        EXPECT_NEAR(y.data<float>()[i], x.data<float>()[i] / 0.75, 1e-5);
      }
    }
    EXPECT_NEAR(static_cast<double>(std::count(kept.begin(), kept.end(), true)) / 16000, 0.75, 0.02);
    return kept;
  };
  const std::vector<bool> first = draw(1, 0);
  EXPECT_EQ(draw(1, 0), first);
  EXPECT_NE(draw(1, 1), first);
  EXPECT_NE(draw(2, 0), first);
}

TEST(Noise, EveryLayerDrawsItsOwn) {
  const Layer twice([](Value x) { return (x | dropout({.rate = 0.5})) - (x | dropout({.rate = 0.5})); });
  Compiled compiled = layer_on_image(twice, Mode::training, {4, 100});
  compiled.run();
  int64_t different = 0;
  for (const float value : compiled.outputs.at("y").values<float>()) different += value != 0;
  EXPECT_GT(different, 100);
  EXPECT_LT(different, 300);
}

TEST(Noise, DropConnectDropsWholeImages) {
  Compiled compiled = layer_on_image(drop_connect({.rate = 0.5}), Mode::training, {64, 3, 3, 2});
  compiled.run();
  int dropped = 0;
  for (int64_t image = 0; image < 64; ++image) {
    const float* x = compiled.tensors.at("image").data<float>() + image * 18;
    const float* y = compiled.outputs.at("y").data<float>() + image * 18;
    const bool kept = y[0] != 0;
    dropped += !kept;
    for (int i = 0; i < 18; ++i) EXPECT_NEAR(y[i], kept ? 2 * x[i] : 0, 1e-5);
  }
  EXPECT_GT(dropped, 16);
  EXPECT_LT(dropped, 48);
}

TEST(Noise, IsAbsentFromInference) {
  for (const Layer& layer : {dropout({.rate = 0.5}), drop_connect({.rate = 0.5})}) {
    Recorder recorder("test", Mode::inference);
    const Value x = recorder.input("image", {{4, 10}, DType::f32});
    EXPECT_EQ(layer(x).ref(), x.ref());
  }
}

TEST(Noise, RefusesImpossibleRates) {
  Recorder recorder("test", Mode::training);
  const Value x = recorder.input("image", {{4, 10}, DType::f32});
  for (const double rate : {-0.1, 1.0, std::nan("")}) {
    EXPECT_THROW(x | dropout({.rate = rate}), Error);
    EXPECT_THROW(x | drop_connect({.rate = rate}), Error);
  }
}

}  // namespace
}  // namespace fovea
