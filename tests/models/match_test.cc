// SPDX-License-Identifier: Apache-2.0
// A folded network is recognized as one of the built-in ones, with tensors that give its answers; other networks are not.
#include "fovea/models/match.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "fovea/passes/network/folded.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

InferenceModel model_of(const Network& network) {
  Traced traced = trace_inference(network, 1);
  std::map<std::string, Tensor> tensors = initial_tensors(traced, 3);
  for (auto& [name, tensor] : tensors) {
    Random random(5, hash_of(name));
    for (float& value : tensor.values<float>()) value += static_cast<float>(0.2 * random.uniform());
  }
  return {.name = network.name, .graph = std::move(traced.graph), .tensors = std::move(tensors)};
}

Tensor answer(const InferenceModel& model) {
  Compiled compiled(model.graph, {.inference = true});
  for (const auto& [name, tensor] : model.tensors) compiled.tensors.at(name) = tensor;
  Random random(1, 1);
  for (float& value : compiled.tensors.at("image").values<float>()) value = static_cast<float>(random.uniform());
  compiled.run();
  return compiled.outputs.at("logits");
}

TEST(Recognition, FindsTheNetworkItsWidthAndItsConvention) {
  const ModelOptions form{.classes = 7, .input = {32, 32, 3}, .width = 0.35, .convention = Convention::tensorflow};
  const InferenceModel file = folded(model_of(make_model("mobilenet-v2", form)));
  const auto found = recognized(file);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->model, "mobilenet-v2");
  EXPECT_EQ(found->options.width, 0.35);
  EXPECT_EQ(found->options.convention, Convention::tensorflow);
  EXPECT_EQ(found->options.classes, 7);
  Traced traced = trace_inference(make_model(found->model, found->options), 1);
  const Tensor expected = answer(file);
  const Tensor given = answer({.name = "again", .graph = std::move(traced.graph), .tensors = found->tensors});
  double largest = 0;
  for (const float value : expected.values<float>()) largest = std::max<double>(largest, std::abs(value));
  for (int64_t i = 0; i < given.size(); ++i) EXPECT_NEAR(given.data<float>()[i], expected.data<float>()[i], 1e-4 * largest);
}

// lenet5 has the same layers, on images of one channel.
TEST(Recognition, TellsNetworksApartByTheirChannels) {
  const auto found = recognized(folded(model_of(make_model("cifar-cnn-pytorch"))));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->model, "cifar-cnn-pytorch");
}

TEST(Recognition, WhatIsNoneOfOursIsNotTakenForOne) {
  const Network own{.name = "own",
                    .function = [](Value x) { return x | conv({.filters = 5, .kernel = 3}) | flatten() | dense({.units = 2}); },
                    .input = {8, 8, 3},
                    .classes = 2};
  EXPECT_FALSE(recognized(model_of(own)).has_value());
}

}  // namespace
}  // namespace fovea
