// SPDX-License-Identifier: Apache-2.0
// The parts of a training step beside its optimizer: accumulation, clipping, averages, summed losses.
#include <gtest/gtest.h>

#include <cmath>

#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/trace.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

constexpr int64_t classes = 3;

Network network_with(bool norm) {
  Layer hidden = conv({.filters = 5, .kernel = 3, .name = "conv"});
  if (norm) hidden = hidden | batch_norm({.momentum = 0.5, .name = "bn"});
  return {.name = "small",
          .function = hidden | relu | global_avg_pool() | dense({.units = classes, .name = "fc"}),
          .input = {6, 6, 2},
          .classes = classes};
}

void fill(Compiled& step, int64_t first, int64_t count) {
  const int64_t size = step.tensors.at("image").size() / count;
  for (int64_t i = 0; i < count; ++i) {
    Random random(21, static_cast<uint64_t>(first + i));
    for (int64_t pixel = 0; pixel < size; ++pixel) step.tensors.at("image").data<float>()[i * size + pixel] = random.normal();
    step.tensors.at("label").data<int32_t>()[i] = static_cast<int32_t>(random.below(classes));
  }
}

void set(Compiled& program, const char* name, float value) { program.tensors.at(name).data<float>()[0] = value; }

TEST(Accumulation, IsTheStepOfTheLargerBatch) {
  const Network network = network_with(false);
  for (const bool summed : {false, true}) {
    const TrainingOptions options = {
        .optimizer = sgd({.weight_decay = 0.01}), .summed = summed, .clip_norm = summed ? 2.0 : 0.0, .average = true};
    Compiled whole(trace_training(network, 12, options));
    Compiled part(trace_accumulation(network, 4, 3, options)), update(trace_update(network, options));
    for (auto& [name, tensor] : update.tensors) {
      if (name.starts_with("accumulated.")) continue;
      if (part.tensors.contains(name)) part.tensors.at(name) = tensor;  // tensors share storage
    }
    for (auto& [name, tensor] : part.tensors) {
      if (name.starts_with("accumulated.")) update.tensors.at(name) = tensor;
    }
    for (int64_t step = 0; step < 3; ++step) {
      fill(whole, step * 12, 12);
      double loss = 0;
      for (auto& [name, tensor] : part.tensors) {
        if (name.starts_with("accumulated.")) std::fill_n(tensor.data<float>(), tensor.size(), 0.0f);
      }
      for (int64_t i = 0; i < 3; ++i) {
        fill(part, step * 12 + i * 4, 4);
        part.run();
        loss += part.outputs.at("loss").data<float>()[0] / 3;
      }
      for (Compiled* program : {&whole, &update}) {
        set(*program, "rate", 0.1f);
        set(*program, "average_decay", 0.75f);
        program->run();
      }
      EXPECT_NEAR(whole.outputs.at("loss").data<float>()[0], loss, 1e-6);
    }
    for (const char* name : {"conv.weight", "conv.bias", "fc.weight", "fc.bias", "momentum.conv.weight", "average.conv.weight",
                             "average.fc.bias"}) {
      const auto wanted = whole.tensors.at(name).values<float>(), got = update.tensors.at(name).values<float>();
      double largest = 0;
      for (const float value : wanted) largest = std::max<double>(largest, std::abs(value));
      EXPECT_GT(largest, 0) << name;
      for (size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 2e-6 * largest) << name << " " << i;
    }
  }
}

TEST(Clipping, ShortensAllGradientsTogether) {
  const auto step_of = [](double longest) {
    Compiled step(trace_training(network_with(false), 8,
                                 {.optimizer = sgd({.momentum = 0}), .clip_norm = longest, .return_gradients = true}));
    fill(step, 0, 8);
    set(step, "rate", 1);
    const std::map<std::string, Tensor> start = initial_tensors(trace_training(network_with(false), 8), 1);
    step.run();
    double norm = 0, moved = 0;
    for (const auto& [name, gradient] : step.outputs) {
      if (!name.starts_with("gradient.")) continue;
      const std::string parameter = name.substr(9);
      for (size_t i = 0; i < gradient.values<float>().size(); ++i) {
        norm += std::pow(gradient.values<float>()[i], 2);
        moved += std::pow(step.tensors.at(parameter).values<float>()[i] - start.at(parameter).values<float>()[i], 2);
      }
    }
    return std::pair(std::sqrt(norm), std::sqrt(moved));
  };
  const auto [norm, moved] = step_of(0);
  EXPECT_NEAR(moved, norm, 1e-5 * norm);
  EXPECT_NEAR(step_of(norm / 4).second, norm / 4, 1e-4 * norm);
  EXPECT_NEAR(step_of(norm * 4).second, norm, 1e-5 * norm);
}

TEST(Averages, FollowParametersAndRunningStatistics) {
  Compiled step(trace_training(network_with(true), 8, {.average = true}));
  const std::vector<std::string> names = {"conv.weight", "fc.bias", "bn.weight", "bn.running_mean", "bn.running_var"};
  std::map<std::string, std::vector<double>> averages;
  for (const std::string& name : names) {
    const auto start = step.tensors.at(name).values<float>(), average = step.tensors.at("average." + name).values<float>();
    ASSERT_TRUE(std::equal(start.begin(), start.end(), average.begin())) << name;
    averages[name].assign(start.begin(), start.end());
  }
  for (int64_t count = 1; count <= 5; ++count) {
    fill(step, count * 8, 8);
    set(step, "rate", 0.2f);
    const float decay = static_cast<float>(1 + count) / static_cast<float>(10 + count);
    set(step, "average_decay", decay);
    step.run();
    for (const std::string& name : names) {
      for (size_t i = 0; i < averages[name].size(); ++i) {
        averages[name][i] = decay * averages[name][i] + (1 - decay) * step.tensors.at(name).values<float>()[i];
        EXPECT_NEAR(step.tensors.at("average." + name).values<float>()[i], averages[name][i], 1e-6) << name << " " << count;
      }
    }
  }
}

TEST(Summed, IsTheMeanTimesTheBatch) {
  const auto step_of = [](bool summed, float rate) {
    Compiled step(trace_training(network_with(true), 8, {.optimizer = sgd({.momentum = 0}), .summed = summed}));
    fill(step, 0, 8);
    set(step, "rate", rate);
    step.run();
    return std::pair(step.tensors.at("fc.weight").clone(), step.outputs.at("loss").data<float>()[0]);
  };
  const auto [summed, summed_loss] = step_of(true, 0.01f);
  const auto [mean, mean_loss] = step_of(false, 0.08f);
  EXPECT_FLOAT_EQ(summed_loss, mean_loss);  // the printed loss is still the mean
  for (size_t i = 0; i < mean.values<float>().size(); ++i) {
    EXPECT_NEAR(summed.values<float>()[i], mean.values<float>()[i], 1e-6);
  }
}

}  // namespace
}  // namespace fovea
