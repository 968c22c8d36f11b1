// SPDX-License-Identifier: Apache-2.0
// Equalized networks compute the same as before, with similar channels.
#include "fovea/quant/equalization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fovea/nn/layers.h"
#include "fovea/nn/operators.h"
#include "tests/quant/networks.h"

namespace fovea {
namespace {

// A chain through depthwise and grouped layers, pooling and flattening.
Network chain() {
  return {.name = "chain",
          .function =
              [](Value x) {
                x = x | conv({.filters = 8, .kernel = 3, .padding = same, .activation = relu}) |
                    depthwise_conv({.kernel = 3, .padding = same, .activation = relu}) |
                    conv({.filters = 12, .kernel = 1, .groups = 2, .activation = relu}) | max_pool({.window = 2}) |
                    conv({.filters = 6, .kernel = 1, .activation = relu});
                return x | avg_pool({.window = 2}) | flatten() | dense({.units = 9, .activation = relu}) | dense({.units = 4});
              },
          .input = {8, 8, 3},
          .classes = 4};
}

// A relu6 and a result with two readers are between the layers.
Network no_neighbors() {
  return {.name = "none",
          .function =
              [](Value x) {
                x = x | conv({.filters = 4, .kernel = 1, .activation = relu6}) |
                    conv({.filters = 4, .kernel = 1, .activation = relu});
                const Value sum = (x | conv({.filters = 4, .kernel = 1})) + x;
                return sum | global_avg_pool();
              },
          .input = {4, 4, 3},
          .classes = 4};
}

double spread(const Tensor& weight) {
  const int64_t channels = weight.shape().back();
  std::vector<double> largest(static_cast<size_t>(channels), 0);
  for (int64_t i = 0; i < weight.size(); ++i) {
    double& entry = largest[static_cast<size_t>(i % channels)];
    entry = std::max<double>(entry, std::abs(weight.data<float>()[i]));
  }
  const auto [least, most] = std::ranges::minmax(largest);
  return most / least;
}

TEST(Equalization, KeepsTheFunctionAndMakesChannelsAlike) {
  InferenceModel model = folded_model(chain(), 2);
  const std::map<std::string, Tensor> before = model.tensors;
  std::map<std::string, Tensor> copies;
  for (const auto& [name, tensor] : before) copies[name] = tensor.clone();
  const QuantizationPlan plan(model);
  EXPECT_EQ(equalize(model, plan), 5);
  const Tensor image = normalized(random_pixels({2, 8, 8, 3}), {});
  EXPECT_GT(signal_to_noise(run_model(model.graph, before, image), run_model(model.graph, model.tensors, image)), 100);
  for (const char* name : {"conv1.weight", "dense1.weight"}) {
    EXPECT_LT(spread(model.tensors.at(name)), spread(before.at(name)) / 1.2) << name;
  }
  for (const auto& [name, tensor] : before) {  // others may hold references to them
    EXPECT_TRUE(std::equal(tensor.raw(), tensor.raw() + tensor.bytes(), copies.at(name).raw())) << name;
  }
}

// Relu6 between layers, of which some channels reach 6, some come close to it, and one is always 0.
InferenceModel limited_model() {
  const Network network{.name = "limited",
                        .function =
                            [](Value x) {
                              return x | conv({.filters = 8, .kernel = 3, .padding = same, .activation = relu6}) |
                                     depthwise_conv({.kernel = 3, .padding = same, .activation = relu6}) |
                                     conv({.filters = 5, .kernel = 1}) | global_avg_pool();
                            },
                        .input = {28, 28, 1},
                        .classes = 5};
  InferenceModel model = folded_model(network, 10);
  const float gains[] = {100, 0.01F, 1, 0.3F, 3, 0.1F, 1, 0};
  for (auto& [name, tensor] : model.tensors) {
    if (!name.starts_with("conv1.")) continue;
    for (int64_t i = 0; i < tensor.size(); ++i) tensor.data<float>()[i] *= gains[i % 8];
  }
  return model;
}

TEST(Equalization, StaysBelowTheLimitOfRelu6) {
  InferenceModel model = limited_model();
  const QuantizationPlan plan(model);
  EXPECT_EQ(equalize(model, plan), 0);
  const std::map<std::string, Tensor> before = model.tensors;
  const SampleImages images{.dataset = open_dataset("digits:40", Split::train), .count = 40, .seed = 3};
  ThreadPool threads(2);
  Progress progress{true};
  const ChannelPeaks peaks = channel_peaks(model, plan, images, threads, progress);
  ASSERT_EQ(peaks.size(), 2u);
  const std::vector<float>& first = peaks.begin()->second;
  ASSERT_EQ(first.size(), 8u);
  EXPECT_GT(first[0], 6);
  EXPECT_LT(first[1], 1);
  EXPECT_EQ(first[7], 0);
  EXPECT_EQ(equalize(model, plan, peaks), 2);
  for (const Tensor& batch : prepared_images(model, images, threads))
    EXPECT_GT(signal_to_noise(run_model(model.graph, before, batch), run_model(model.graph, model.tensors, batch)), 100);
  const float *own = before.at("conv1.weight").data<float>(), *scaled = model.tensors.at("conv1.weight").data<float>();
  EXPECT_EQ(own[0], scaled[0]) << "a channel that is cut off at 6 cannot be scaled";
  EXPECT_GT(scaled[1] / own[1], 1.5);
  const Tensor& depthwise = model.tensors.at("depthwise_conv1.weight");
  for (int64_t i = 7; i < depthwise.size(); i += 8) EXPECT_EQ(depthwise.data<float>()[i], 0) << "what is multiplied by 0";
  for (const auto& [layer, of_layer] : channel_peaks(model, plan, images, threads, progress))
    for (size_t c = 0; c < of_layer.size(); ++c) EXPECT_LE(of_layer[c], std::max(6.0F, peaks.at(layer)[c]) * 1.0001F) << c;
}

// Two layers that add one bias cannot be scaled apart.
TEST(Equalization, ASharedBiasStays) {
  Recorder recorder("shared");
  const auto parameter = [&](const char* name, const Shape& shape) {
    return recorder.parameter({.name = name, .shape = shape, .initializer = initializers::normal(1)});
  };
  const Value bias = parameter("bias", {3});
  Value x = recorder.input("image", {{2, 3}, DType::f32});
  for (const char* name : {"first", "second"})
    x = operators::unary(ops::Relu::name, operators::dense(x, parameter(name, {3, 3})) + bias);
  recorder.graph().finish({{"y", operators::dense(x, parameter("third", {3, 4})).ref()}});
  InferenceModel model{.name = "shared", .graph = std::move(recorder.graph()), .tensors = {}, .preprocessing = {}};
  for (const ParameterSpec& spec : recorder.parameters()) model.tensors[spec.name] = initial_value(spec, 1);
  const QuantizationPlan plan(model);
  ASSERT_EQ(plan.layers().size(), 3u);
  ASSERT_TRUE(plan.layers()[0].has_bias() && plan.layers()[0].bias == plan.layers()[1].bias);
  EXPECT_EQ(equalize(model, plan), 0);
}

TEST(Equalization, NoNeighbors) {
  InferenceModel model = folded_model(no_neighbors(), 1);
  EXPECT_EQ(equalize(model, QuantizationPlan(model)), 0);
}

}  // namespace
}  // namespace fovea
