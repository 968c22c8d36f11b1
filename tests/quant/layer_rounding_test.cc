// SPDX-License-Identifier: Apache-2.0
// Learned rounding of one layer.
#include "fovea/quant/layer_rounding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

Tensor normal_numbers(const Shape& shape, uint64_t stream) {
  Random random(11, stream);
  Tensor values(shape, DType::f32);
  for (float& value : values.values<float>()) value = random.normal();
  return values;
}

// A dense layer whose inputs are correlated, as those of a network are: then errors of several weights can cancel out.
RoundingTask dense_task(int64_t limit) {
  constexpr int64_t samples = 400, in = 24, out = 6, sources = 5;
  RoundingTask task{.op = "dense", .activation = "relu", .limit = limit};
  task.weight = normal_numbers({in, out}, 1);
  task.bias = normal_numbers({out}, 2);
  const Tensor source = normal_numbers({samples, sources}, 3), mixing = normal_numbers({sources, in}, 4);
  task.inputs = Tensor({samples, in}, DType::f32);
  task.targets = Tensor({samples, out}, DType::f32);
  for (int64_t row = 0; row < samples; ++row) {
    float* x = task.inputs.data<float>() + row * in;
    for (int64_t i = 0; i < in; ++i) {
      for (int64_t s = 0; s < sources; ++s) x[i] += source.data<float>()[row * sources + s] * mixing.data<float>()[s * in + i];
    }
    for (int64_t o = 0; o < out; ++o) {
      float sum = task.bias.data<float>()[o];
      for (int64_t i = 0; i < in; ++i) sum += x[i] * task.weight.data<float>()[i * out + o];
      task.targets.data<float>()[row * out + o] = std::max(sum, 0.0F);
    }
  }
  for (int64_t o = 0; o < out; ++o) {
    float largest = 0;
    for (int64_t i = 0; i < in; ++i) largest = std::max(largest, std::abs(task.weight.data<float>()[i * out + o]));
    task.scales.push_back(largest / static_cast<float>(limit));
  }
  return task;
}

// The integers that a weight stands for; they must be whole.
std::vector<int> integers_of(const RoundingTask& task, const Tensor& weight) {
  std::vector<int> integers;
  for (int64_t i = 0; i < weight.size(); ++i) {
    const float q = weight.data<float>()[i] / task.scales[static_cast<size_t>(i) % task.scales.size()];
    EXPECT_NEAR(q, std::nearbyint(q), 1e-4);
    integers.push_back(static_cast<int>(std::nearbyint(q)));
  }
  return integers;
}

TEST(LayerRounding, HasASmallerErrorThanTheNearestIntegers) {
  for (const int64_t limit : {7, 127}) {
    const RoundingTask task = dense_task(limit);
    ThreadPool threads(2);
    const LayerRounding rounding = RoundingTrainer({.steps = 500}).learn(task, 1, threads);
    EXPECT_GT(rounding.changed, 0) << limit;
    EXPECT_LT(rounding.learned, 0.5 * rounding.nearest) << limit;
    const std::vector<int> integers = integers_of(task, rounding.weight);
    for (size_t i = 0; i < integers.size(); ++i) {
      const float u = task.weight.data<float>()[i] / task.scales[i % task.scales.size()];
      EXPECT_LT(std::abs(static_cast<float>(integers[i]) - u), 1.0001F) << "neither up nor down";
      EXPECT_LE(std::abs(integers[i]), limit);
    }
    for (size_t o = 0; o < task.scales.size(); ++o) {  // the end of the scale stays, so that the scale does
      int largest = 0;
      for (size_t i = o; i < integers.size(); i += task.scales.size()) largest = std::max(largest, std::abs(integers[i]));
      EXPECT_EQ(largest, limit);
    }
  }
}

// An input that is off by a constant, as what was quantized before may be, is made up for by the bias.
TEST(LayerRounding, LearnsTheBias) {
  RoundingTask task = dense_task(127);
  for (float& value : task.inputs.values<float>()) value += 0.02F;
  ThreadPool threads(2);
  const LayerRounding learned = RoundingTrainer({.steps = 500}).learn(task, 1, threads);
  task.learns_bias = false;
  const LayerRounding kept = RoundingTrainer({.steps = 500}).learn(task, 1, threads);
  EXPECT_LT(learned.learned, 0.5 * kept.learned);
  EXPECT_TRUE(std::equal(kept.bias.raw(), kept.bias.raw() + kept.bias.bytes(), task.bias.raw()));
  task.bias = {};
  EXPECT_TRUE(RoundingTrainer({.steps = 10}).learn(task, 1, threads).bias.empty());
}

TEST(LayerRounding, IsTheSameForAnyNumberOfThreadsAndAfterOtherLayers) {
  const RoundingTask task = dense_task(7);
  ThreadPool one(1), two(2);
  RoundingTrainer trainer({.steps = 50});
  const Tensor first = trainer.learn(task, 1, one).weight;
  RoundingTask other = dense_task(7);
  std::ranges::reverse(other.weight.values<float>());
  trainer.learn(other, 2, two);
  const Tensor again = trainer.learn(task, 1, two).weight;
  EXPECT_TRUE(std::equal(first.raw(), first.raw() + first.bytes(), again.raw()));
}

TEST(LayerRounding, WeightsThatAreIntegersStay) {
  RoundingTask task = dense_task(7);
  const std::vector<int64_t> shape = task.weight.shape();
  for (int64_t i = 0; i < task.weight.size(); ++i) {
    const float scale = task.scales[static_cast<size_t>(i) % task.scales.size()];
    task.weight.data<float>()[i] = std::nearbyint(task.weight.data<float>()[i] / scale) * scale;
  }
  for (int64_t row = 0; row < 400; ++row) {
    for (int64_t o = 0; o < shape[1]; ++o) {
      float sum = task.bias.data<float>()[o];
      for (int64_t i = 0; i < shape[0]; ++i)
        sum += task.inputs.data<float>()[row * shape[0] + i] * task.weight.data<float>()[i * shape[1] + o];
      task.targets.data<float>()[row * shape[1] + o] = std::max(sum, 0.0F);
    }
  }
  ThreadPool threads(1);
  const LayerRounding rounding = RoundingTrainer({.steps = 100}).learn(task, 1, threads);
  EXPECT_EQ(rounding.changed, 0);
  EXPECT_NEAR(rounding.nearest, 0, 1e-6);
}

// A depthwise convolution with a stride, on tiles.
TEST(LayerRounding, LearnsConvolutions) {
  constexpr int64_t samples = 60, channels = 4, tile = 5;
  RoundingTask task{.op = "conv", .strides = {2, 2}, .groups = channels, .activation = "relu6", .limit = 7};
  task.weight = normal_numbers({3, 3, 1, channels}, 5);
  task.scales.assign(channels, 0);
  for (int64_t i = 0; i < task.weight.size(); ++i) {
    float& scale = task.scales[static_cast<size_t>(i) % channels];
    scale = std::max(scale, std::abs(task.weight.data<float>()[i]) / 7);
  }
  task.inputs = normal_numbers({samples, 2 * tile + 1, 2 * tile + 1, channels}, 6);
  for (float& value : task.inputs.values<float>()) value = std::abs(value) + 1;  // a mean that errors share
  task.targets = Tensor({samples, tile, tile, channels}, DType::f32);
  for (int64_t i = 0; i < task.targets.size(); ++i) {
    const int64_t c = i % channels, x = i / channels % tile, y = i / channels / tile % tile, n = i / channels / tile / tile;
    float sum = 0;
    for (int64_t k = 0; k < 9; ++k) {
      const int64_t row = 2 * y + k / 3, column = 2 * x + k % 3, width = 2 * tile + 1;
      sum += task.inputs.data<float>()[((n * width + row) * width + column) * channels + c] *
             task.weight.data<float>()[k * channels + c];
    }
    task.targets.data<float>()[i] = std::clamp(sum, 0.0F, 6.0F);
  }
  ThreadPool threads(1);
  const LayerRounding rounding = RoundingTrainer({.steps = 500, .batch = 16}).learn(task, 1, threads);
  EXPECT_LT(rounding.learned, 0.8 * rounding.nearest);
}

TEST(LayerRounding, FewSamplesAreRefused) {
  RoundingTask task = dense_task(7);
  task.inputs = normal_numbers({4, 24}, 1);
  task.targets = normal_numbers({4, 6}, 1);
  ThreadPool threads(1);
  EXPECT_THROW(RoundingTrainer({}).learn(task, 1, threads), Error);
}

}  // namespace
}  // namespace fovea
