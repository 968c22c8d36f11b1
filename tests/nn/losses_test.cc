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
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("mixed labels"), std::string::npos);
  }
}

// One image's loss by what the options say, from its logits; `teacher` has a row of logits an image.
double plain_loss(const Compiled& step, const std::vector<double>& weight, const TrainingOptions& options) {
  const auto image = step.tensors.at("image").values<float>();
  double loss = 0;
  for (size_t i = 0; i < batch; ++i) {
    std::vector<double> logits(classes), colder(classes);
    for (size_t c = 0; c < classes; ++c) {
      for (size_t f = 0; f < features; ++f) logits[c] += image[i * features + f] * weight[f * classes + c];
      colder[c] = logits[c] / options.teacher_temperature;
    }
    const std::vector<double> cost = costs(logits);
    const auto label = static_cast<size_t>(step.tensors.at("label").values<int32_t>()[i]);
    const auto class_weight = [&](size_t c) { return options.class_weights.empty() ? 1 : options.class_weights[c]; };
    double own = 0;
    for (size_t c = 0; c < classes; ++c) {
      const double target = options.label_smoothing / classes + (c == label ? 1 - options.label_smoothing : 0);
      own += target * class_weight(c) * cost[c];
    }
    if (options.focal > 0) own *= std::pow(1 - std::exp(-cost[label]), options.focal);
    double taught = 0;
    if (options.teacher_weight > 0) {
      std::vector<double> wanted(classes);
      for (size_t c = 0; c < classes; ++c)
        wanted[c] = step.tensors.at("teacher").values<float>()[i * classes + c] / options.teacher_temperature;
      const std::vector<double> theirs = costs(wanted), ours = costs(colder);
      for (size_t c = 0; c < classes; ++c) taught += std::exp(-theirs[c]) * (ours[c] - theirs[c]);
      taught *= options.teacher_temperature * options.teacher_temperature;
    }
    loss += (1 - options.teacher_weight) * own + options.teacher_weight * taught;
  }
  return loss / batch;
}

TEST(CrossEntropy, WeighsClassesAndWhatIsKnownAndFollowsATeacher) {
  std::vector<double> weights;
  for (int c = 0; c < classes; ++c) weights.push_back(0.25 * c);
  const std::vector<TrainingOptions> cases = {
      {.label_smoothing = 0.1, .class_weights = weights},
      {.focal = 2},
      {.class_weights = weights, .focal = 0.5},
      {.teacher_weight = 0.9, .teacher_temperature = 4},
      {.label_smoothing = 0.1, .class_weights = weights, .focal = 1.5, .teacher_weight = 0.3, .teacher_temperature = 2}};
  for (size_t number = 0; number < cases.size(); ++number) {
    TrainingOptions options = cases[number];
    options.optimizer = sgd({.momentum = 0});
    options.return_gradients = true;
    Compiled step(trace_training(linear(), batch, options));
    Random random(6, number);
    for (float& value : step.tensors.at("image").values<float>()) value = random.normal();
    for (int32_t& label : step.tensors.at("label").values<int32_t>()) label = static_cast<int32_t>(random.below(classes));
    if (options.teacher_weight > 0) {
      for (float& value : step.tensors.at("teacher").values<float>()) value = 3 * random.normal();
    }
    step.tensors.at("rate").data<float>()[0] = 0;
    step.run();
    const auto start = step.tensors.at("fc.weight").values<float>();
    const std::vector<double> weight(start.begin(), start.end());
    EXPECT_NEAR(step.outputs.at("loss").values<float>()[0], plain_loss(step, weight, options), 5e-6) << number;
    const auto gradient = step.outputs.at("gradient.fc.weight").values<float>();
    for (size_t i = 0; i < weight.size(); ++i) {
      std::vector<double> above = weight, below = weight;
      above[i] += 1e-5;
      below[i] -= 1e-5;
      const double slope = (plain_loss(step, above, options) - plain_loss(step, below, options)) / 2e-5;
      EXPECT_NEAR(gradient[i], slope, 3e-6) << number << ": " << i;
    }
  }
}

TEST(CrossEntropy, RefusesWeightsOfOtherClasses) {
  EXPECT_THROW(trace_training(linear(), batch, {.class_weights = {1, 2}}), Error);
  EXPECT_THROW(trace_training(linear(), batch, {.class_weights = std::vector<double>(classes, -1)}), Error);
  EXPECT_THROW(trace_training(linear(), batch, {.focal = -1}), Error);
  EXPECT_THROW(trace_training(linear(), batch, {.teacher_weight = 0.5, .teacher_temperature = 0}), Error);
  EXPECT_THROW(trace_training(linear(), batch, {.teacher_weight = 2}), Error);
}

}  // namespace
}  // namespace fovea
