// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

Value stage(Value x, const std::string& number) {
  return x | conv({.filters = 4, .kernel = 3, .bias = false, .name = "conv" + number}) |
         batch_norm({.activation = relu, .name = "bn" + number});
}

Network small_network() {
  return {.name = "small",
          .function = [](Value x) { return stage(stage(x, "1"), "2") | global_avg_pool() | dense({.units = 3, .name = "fc"}); },
          .input = {8, 8, 2},
          .classes = 3};
}

void fill(Compiled& compiled) {
  Random random(3, 1);
  for (float& value : compiled.tensors.at("image").values<float>()) value = random.normal();
  for (const char* name : {"bn1.running_mean", "bn2.running_mean"}) {
    for (float& value : compiled.tensors.at(name).values<float>()) value = 0.1f * random.normal();
  }
  compiled.tensors.at("label").data<int32_t>()[1] = 2;
  if (compiled.tensors.contains("rate")) compiled.tensors.at("rate").data<float>()[0] = 0.1f;
}

// The names of the tensors that a step changes.
std::vector<std::string> changed(const std::vector<std::string>& frozen) {
  Compiled step(trace_training(small_network(), 4, {.optimizer = sgd({.momentum = 0}), .frozen = frozen}));
  fill(step);
  std::map<std::string, Tensor> before;
  for (const auto& [name, tensor] : step.tensors) before[name] = tensor.clone();
  step.run();
  std::vector<std::string> names;
  for (const auto& [name, tensor] : step.tensors) {
    if (tensor.bytes() != 0 && std::memcmp(tensor.raw(), before[name].raw(), tensor.bytes()) != 0) names.push_back(name);
  }
  return names;
}

TEST(Freeze, LeavesWhatMatchesAsItIs) {
  EXPECT_THAT(changed({"*1.*"}), testing::ElementsAre("bn2.bias", "bn2.running_mean", "bn2.running_var", "bn2.weight",
                                                      "conv2.weight", "fc.bias", "fc.weight"));
  EXPECT_THAT(changed({"conv*", "bn*", "fc.bias"}), testing::ElementsAre("fc.weight"));
}

TEST(Freeze, NormsGoByTheirRunningStatistics) {
  const Network network = small_network();
  Compiled step(trace_training(network, 4, {.optimizer = sgd({.momentum = 0}), .frozen = {"conv*", "bn*"}}));
  Compiled evaluation(trace_evaluation(network, 4));
  for (Compiled* each : {&step, &evaluation}) {
    fill(*each);
    each->run();
  }
  EXPECT_NEAR(step.outputs.at("loss").data<float>()[0] * 4, evaluation.outputs.at("loss").data<float>()[0], 1e-5);
}

TEST(Freeze, NoGradientIsComputedBeforeWhatIsTrained) {
  const auto gradient = [](const std::vector<std::string>& frozen) {
    return lower(trace_training(small_network(), 4, {.frozen = frozen}).graph, "gradient", "");
  };
  EXPECT_THAT(gradient({}), testing::HasSubstr("conv_filter_gradient"));
  EXPECT_THAT(gradient({"conv*", "bn*"}), testing::Not(testing::HasSubstr("conv_filter_gradient")));
}

TEST(Freeze, RefusesPatternsOfNothingAndOfEverything) {
  const auto failure = [](const std::vector<std::string>& frozen) -> std::string {
    try {
      trace_training(small_network(), 4, {.frozen = frozen});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(failure({"bn*", "fc.wieght"}),
            "no parameter of small is called \"fc.wieght\", so it cannot be frozen; did you mean \"fc.weight\"?");
  EXPECT_EQ(failure({"*"}), "every parameter of small is frozen: nothing is left to train");
}

}  // namespace
}  // namespace fovea
