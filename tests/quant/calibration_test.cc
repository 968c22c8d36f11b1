// SPDX-License-Identifier: Apache-2.0
// Sample images through networks: what is observed and what is restored.
#include "fovea/quant/calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/data/loader.h"
#include "fovea/inference/predictor.h"
#include "fovea/inference/session.h"
#include "fovea/models/registry.h"
#include "fovea/passes/network/folded.h"
#include "fovea/quant/analysis.h"

namespace fovea {
namespace {

constexpr int64_t batch = 10, count = 40;

class Calibration : public testing::Test {
 protected:
  Calibration() {
    Traced traced = trace_inference(network, batch);
    TensorMap tensors = initial_tensors(traced, 1);
    model = folded({.name = network.name,
                    .graph = std::move(traced.graph),
                    .tensors = std::move(tensors),
                    .preprocessing = network.preprocessing},
                   {.norms_as_convolutions = true});
  }

  Network network = make_model("mnist-cnn", {.classes = 10});
  InferenceModel model;
  SampleImages images{.dataset = open_dataset("digits:400", Split::train), .count = count, .seed = 3};
  ThreadPool threads{2};
  Progress progress{true};
};

// The same images through the whole network, one tensor after another.
TEST_F(Calibration, MinmaxIsTheLeastAndTheMostOfTheImages) {
  const QuantizationPlan plan(model);
  const auto ranges = calibrate(model, plan, RangeMethod::minmax, images, threads, progress);
  ASSERT_EQ(ranges.size(), plan.observed().size());
  Session session(observation_graph(model, plan, true), model.tensors);
  Loader loader(images.dataset,
                {.batch = batch, .shuffle = true, .seed = images.seed, .augmentation = evaluation_of(network.preprocessing)});
  std::map<int32_t, Range> wanted;
  for (int64_t done = 0; done < count; done += batch) {
    session.bind("image", loader.next().image);
    session.run(threads);
    for (const Ref tensor : plan.observed()) {
      const auto [least, most] = std::ranges::minmax(session.result("value." + std::to_string(tensor.index)).values<float>());
      const auto [entry, added] = wanted.try_emplace(tensor.index, Range{least, most});
      if (!added) entry->second = united(entry->second, {least, most});
    }
  }
  for (const auto& [tensor, range] : wanted) {
    EXPECT_NEAR(ranges.at(tensor).minimum, range.minimum, 1e-5);
    EXPECT_NEAR(ranges.at(tensor).maximum, range.maximum, 1e-5);
  }
  for (const RangeMethod method : {RangeMethod::percentile, RangeMethod::mse, RangeMethod::entropy}) {
    for (const auto& [tensor, range] : calibrate(model, plan, method, images, threads, progress)) {
      EXPECT_GE(range.minimum, wanted.at(tensor).minimum - 1e-4);
      EXPECT_LE(range.maximum, wanted.at(tensor).maximum + 1e-4);
      EXPECT_LT(range.minimum, range.maximum);
    }
  }
}

TEST_F(Calibration, CorrectedBiasesTakeTheShiftOfTheMeansBack) {
  const QuantizationPlan plan(model);
  const RangeMap ranges = ranges_by_group(plan, calibrate(model, plan, RangeMethod::minmax, images, threads, progress));
  const WeightScales coarse{.conv_per_channel = false};
  const auto measure = [&] { return measure_noise(model, plan, ranges, coarse, images, threads, progress); };
  const std::vector<LayerNoise> before = measure();
  const TensorMap kept = model.tensors;
  correct_biases(model, plan, before);
  const auto bias_of = [&](const TensorMap& tensors, size_t layer) {
    const Ref bias = plan.layers()[layer].bias;
    for (const Graph::Argument& argument : model.graph.arguments()) {
      if (argument.value == bias) return tensors.at(argument.name);
    }
    return Tensor();
  };
  for (const LayerNoise& entry : before) {
    EXPECT_GT(entry.alone, 20);
    EXPECT_GE(entry.alone, entry.together - 1) << plan.layers()[entry.layer].name;
    if (entry.shift.empty()) continue;
    const Tensor was = bias_of(kept, entry.layer), is = bias_of(model.tensors, entry.layer);
    double largest = 0;
    for (size_t c = 0; c < entry.shift.size(); ++c) {
      EXPECT_NEAR(is.data<float>()[c], was.data<float>()[c] - entry.shift[c], 1e-6);
      largest = std::max<double>(largest, std::abs(entry.shift[c]));
    }
    EXPECT_GT(largest, 0);
  }
}

TEST_F(Calibration, FewerImagesThanABatchAreRefused) {
  images.count = batch - 1;
  EXPECT_THROW(calibrate(model, QuantizationPlan(model), RangeMethod::minmax, images, threads, progress), Error);
}

}  // namespace
}  // namespace fovea
