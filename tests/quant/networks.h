// SPDX-License-Identifier: Apache-2.0
// Integer networks beside float ones, on the same images.
#pragma once

#include <cmath>

#include "fovea/core/random.h"
#include "fovea/graph/inference_model.h"
#include "fovea/passes/network/folded.h"
#include "fovea/quant/plan.h"
#include "tests/nn/compiled.h"

namespace fovea {

// Filters whose spread differs by channel, and positive variances.
inline std::map<std::string, Tensor> spread_tensors(const Traced& traced) {
  std::map<std::string, Tensor> tensors = initial_tensors(traced, 5);
  for (auto& [name, tensor] : tensors) {
    Random random(7, hash_of(name));
    const int64_t channels = tensor.shape().empty() ? 1 : tensor.shape().back();
    for (int64_t i = 0; i < tensor.size(); ++i) {
      float& value = tensor.data<float>()[i];
      if (tensor.shape().size() > 1) {
        value *= static_cast<float>(0.3 + 1.4 * static_cast<double>(i % channels) / static_cast<double>(channels));
      } else if (name.ends_with("running_var") || name.ends_with("weight")) {
        value = static_cast<float>(0.5 + random.uniform());
      } else {
        value = static_cast<float>(random.uniform() - 0.5);
      }
    }
  }
  return tensors;
}

inline InferenceModel folded_model(const Network& network, int64_t batch) {
  Traced traced = trace_inference(network, batch);
  std::map<std::string, Tensor> tensors = spread_tensors(traced);
  return folded({.name = network.name,
                 .graph = std::move(traced.graph),
                 .tensors = std::move(tensors),
                 .preprocessing = network.preprocessing},
                {.norms_as_convolutions = true});
}

// Random u8 pixels.
inline Tensor random_pixels(const Shape& shape) {
  Random random(2, 1);
  Tensor pixels(shape, DType::u8);
  for (uint8_t& pixel : pixels.values<uint8_t>()) pixel = static_cast<uint8_t>(random.below(256));
  return pixels;
}

inline Tensor normalized(const Tensor& pixels, const Preprocessing& preprocessing) {
  Tensor image(pixels.shape(), DType::f32);
  const auto channels = static_cast<size_t>(pixels.shape().back());
  for (int64_t i = 0; i < pixels.size(); ++i) {
    const size_t channel = static_cast<size_t>(i) % channels;
    const auto entry = [&](const std::vector<float>& values, float otherwise) {
      return values.empty() ? otherwise : values[values.size() == 1 ? 0 : channel];
    };
    image.data<float>()[i] = (static_cast<float>(pixels.data<uint8_t>()[i]) / 255 - entry(preprocessing.mean, 0)) /
                             entry(preprocessing.deviation, 1);
  }
  return image;
}

inline Tensor run_model(const Graph& graph, const std::map<std::string, Tensor>& tensors, const Tensor& image) {
  Compiled compiled(graph, {.inference = true});
  for (const auto& [name, tensor] : tensors) {
    if (compiled.tensors.contains(name)) compiled.tensors.at(name) = tensor;
  }
  compiled.tensors.at("image") = image;
  compiled.run();
  return compiled.outputs.begin()->second;
}

// In decibels.
inline double signal_to_noise(const Tensor& wanted, const Tensor& got) {
  double signal = 0, noise = 0;
  for (int64_t i = 0; i < wanted.size(); ++i) {
    const double value = wanted.data<float>()[i], change = got.data<float>()[i] - value;
    signal += value * value;
    noise += change * change;
  }
  return 10 * std::log10(signal / noise);
}

}  // namespace fovea
