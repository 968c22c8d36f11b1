// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

constexpr int64_t batch = 7, features = 5, classes = 11;

Network linear() {
  return {.name = "linear",
          .function = dense({.units = classes, .bias = false, .name = "fc"}),
          .input = {features},
          .classes = classes};
}

// -log softmax for each class, in double precision.
std::vector<double> costs(const std::vector<double>& logits) {
  double highest = logits[0], sum = 0;
  for (const double logit : logits) highest = std::max(highest, logit);
  for (const double logit : logits) sum += std::exp(logit - highest);
  std::vector<double> result;
  for (const double logit : logits) result.push_back(highest + std::log(sum) - logit);
  return result;
}

double smoothed(const std::vector<double>& cost, int32_t label, double smoothing) {
  double mean = 0;
  for (const double value : cost) mean += value / static_cast<double>(cost.size());
  return (1 - smoothing) * cost[static_cast<size_t>(label)] + smoothing * mean;
}

// The mean loss of a mixed batch, from the weights and the images.
double mixed_loss(const Compiled& step, const std::vector<double>& weight, double smoothing) {
  const auto image = step.tensors.at("image").values<float>();
  double loss = 0;
  for (size_t i = 0; i < batch; ++i) {
    std::vector<double> logits(classes);
    for (size_t c = 0; c < classes; ++c) {
      for (size_t f = 0; f < features; ++f) logits[c] += image[i * features + f] * weight[f * classes + c];
    }
    const std::vector<double> cost = costs(logits);
    const double own = step.tensors.at("label_weight").values<float>()[i];
    loss += own * smoothed(cost, step.tensors.at("label").values<int32_t>()[i], smoothing) +
            (1 - own) * smoothed(cost, step.tensors.at("second_label").values<int32_t>()[i], smoothing);
  }
  return loss / batch;
}

void fill(Compiled& step, uint64_t seed) {
  Random random(seed, 0);
  for (float& value : step.tensors.at("image").values<float>()) value = random.normal();
  for (const char* name : {"label", "second_label"}) {
    for (int32_t& label : step.tensors.at(name).values<int32_t>()) label = static_cast<int32_t>(random.below(classes));
  }
  for (float& weight : step.tensors.at("label_weight").values<float>()) weight = random.uniform(0.5f, 1.0f);
}

TEST(MixedLabels, LossAndGradientAreTheWeightedSum) {
  for (const double smoothing : {0.0, 0.1}) {
    Compiled step(trace_training(
        linear(), batch,
        {.optimizer = sgd({.momentum = 0}), .label_smoothing = smoothing, .mixed_labels = true, .return_gradients = true}));
    step.tensors.at("rate").data<float>()[0] = 0;  // the weights do not change
    fill(step, 3);
    step.run();
    const auto start = step.tensors.at("fc.weight").values<float>();
    const std::vector<double> weight(start.begin(), start.end());
    EXPECT_NEAR(step.outputs.at("loss").values<float>()[0], mixed_loss(step, weight, smoothing), 2e-6);
    const auto gradient = step.outputs.at("gradient.fc.weight").values<float>();
    for (size_t i = 0; i < weight.size(); ++i) {
      std::vector<double> above = weight, below = weight;
      above[i] += 1e-5;
      below[i] -= 1e-5;
      const double slope = (mixed_loss(step, above, smoothing) - mixed_loss(step, below, smoothing)) / 2e-5;
      EXPECT_NEAR(gradient[i], slope, 1e-6) << i;
    }
  }
}

TEST(MixedLabels, CorrectCountsTheLabel) {
  Compiled step(trace_training(linear(), batch, {.mixed_labels = true}));
  fill(step, 4);
  step.tensors.at("rate").data<float>()[0] = 0;
  const auto image = step.tensors.at("image").values<float>(), weight = step.tensors.at("fc.weight").values<float>();
  for (size_t i = 0; i < batch; ++i) {
    size_t best = 0;
    double highest = -1e30;
    for (size_t c = 0; c < classes; ++c) {
      double logit = 0;
      for (size_t f = 0; f < features; ++f) logit += static_cast<double>(image[i * features + f]) * weight[f * classes + c];
      if (logit > highest) highest = logit, best = c;
    }
    // The first three answers are right by `label`, the others by the second label.
    step.tensors.at(i < 3 ? "label" : "second_label").values<int32_t>()[i] = static_cast<int32_t>(best);
    step.tensors.at(i < 3 ? "second_label" : "label").values<int32_t>()[i] = static_cast<int32_t>((best + 1) % classes);
  }
  step.run();
  EXPECT_EQ(step.outputs.at("correct").values<int32_t>()[0], 3);
}

TEST(MixedLabels, AreRefusedWithALossOfOneLabel) {
  const Loss loss = [](Value logits, Value label) { return softmax_cross_entropy(logits, label); };
  try {
    trace_training(linear(), batch, {.mixed_labels = true, .loss = loss});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_status(), 2);
    EXPECT_NE(std::string(error.what()).find("mixed labels"), std::string::npos);
  }
}

}  // namespace
}  // namespace fovea
