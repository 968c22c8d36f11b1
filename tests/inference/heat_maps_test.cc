// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/heat_maps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/trace.h"

namespace fovea {
namespace {

InferenceModel model_of(const Network& network, int64_t batch, Output output = Output::logits) {
  Traced traced = trace_inference(network, batch, output);
  InferenceModel model{.name = network.name, .graph = std::move(traced.graph), .tensors = initial_tensors(traced, 3)};
  for (auto& [name, tensor] : model.tensors) {
    Random random(4, static_cast<uint64_t>(name.size()));
    for (float& value : tensor.values<float>()) value = random.normal();
  }
  return model;
}

Network small(bool pooled) {
  return {.name = "small",
          .function =
              [pooled](Value x) {
                x = x | conv({.filters = 4, .kernel = 1, .activation = relu, .name = "conv"});
                return (pooled ? x | global_avg_pool() : x | flatten()) | dense({.units = 3, .name = "fc"});
              },
          .input = {3, 5, 1},
          .classes = 3};
}

// relu of the features by their channels' mean gradients, from the weights alone.
std::vector<double> by_hand(const InferenceModel& model, const float* image, int64_t label) {
  const float *filter = model.tensors.at("conv.weight").data<float>(), *bias = model.tensors.at("conv.bias").data<float>(),
              *weight = model.tensors.at("fc.weight").data<float>();
  std::vector<double> map(15);
  for (size_t pixel = 0; pixel < 15; ++pixel) {
    for (size_t c = 0; c < 4; ++c) {
      const double feature = std::max(0.0, static_cast<double>(image[pixel]) * filter[c] + bias[c]);
      map[pixel] += feature * weight[c * 3 + static_cast<size_t>(label)];  // each pixel's gradient is that over 15
    }
    map[pixel] = std::max(0.0, map[pixel]);
  }
  const double most = *std::ranges::max_element(map);
  for (double& heat : map) heat = most > 0 ? heat / most : 0;
  return map;
}

TEST(HeatMaps, AreGradCam) {
  for (const Output output : {Output::logits, Output::probabilities}) {
    const InferenceModel model = model_of(small(true), 2, output);
    HeatMaps heat(model);
    EXPECT_EQ(heat.batch(), 2);
    Tensor images({2, 3, 5, 1}, DType::f32);
    Random random(8, 0);
    for (float& value : images.values<float>()) value = random.normal();
    ThreadPool threads(2);
    bool warm = false;
    for (int32_t label = 0; label < 3; ++label) {
      const std::vector<int32_t> classes = {label, (label + 1) % 3};
      const Tensor& maps = heat.compute(images, classes, threads);
      ASSERT_EQ(maps.shape(), (Shape{2, 3, 5}));
      for (int64_t image = 0; image < 2; ++image) {
        const std::vector<double> wanted =
            by_hand(model, images.data<float>() + image * 15, classes[static_cast<size_t>(image)]);
        for (size_t i = 0; i < 15; ++i)
          EXPECT_NEAR(maps.data<float>()[static_cast<size_t>(image) * 15 + i], wanted[i], 1e-4) << label << " " << i;
        warm |= *std::ranges::max_element(wanted) > 0;
      }
    }
    EXPECT_TRUE(warm);
  }
}

TEST(HeatMaps, TakeTheLastLayerWithPlaces) {
  HeatMaps heat(model_of(small(false), 1));
  ThreadPool threads(1);
  const int32_t label = 1;
  EXPECT_EQ(heat.compute(Tensor({1, 3, 5, 1}, DType::f32), std::span(&label, 1), threads).shape(), (Shape{1, 3, 5}));
}

TEST(HeatMaps, AreRefusedWithoutPlaces) {
  const Network flat{.name = "flat",
                     .function = [](Value x) { return x | flatten() | dense({.units = 3}); },
                     .input = {4, 4, 1},
                     .classes = 3};
  EXPECT_THROW(HeatMaps{model_of(flat, 1)}, Error);
}

}  // namespace
}  // namespace fovea
