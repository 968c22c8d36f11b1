// SPDX-License-Identifier: Apache-2.0
// Learned rounding of a network.
#include "fovea/quant/learned_rounding.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/models/registry.h"
#include "fovea/nn/operators.h"
#include "fovea/passes/network/folded.h"
#include "fovea/quant/layer_weights.h"
#include "fovea/quant/sample_tiles.h"
#include "tests/quant/networks.h"

namespace fovea {
namespace {

constexpr WeightScales coarse{.conv_per_channel = false};

InferenceModel network() {
  Traced traced = trace_inference(make_model("lenet5", {.classes = 10}), 10);
  TensorMap tensors = initial_tensors(traced, 1);
  return folded({.name = "lenet5", .graph = std::move(traced.graph), .tensors = std::move(tensors), .preprocessing = {}});
}

class LearnedRounding : public testing::Test {
 protected:
  std::vector<LearnedLayer> learn(InferenceModel& learned, int thread_count) {
    ThreadPool threads(thread_count);
    const RangeMap ranges = ranges_by_group(plan, calibrate(model, plan, RangeMethod::minmax, images, threads, progress));
    return learn_rounding(learned, model.tensors, plan, ranges, coarse, images, {.steps = 200, .batch = 16}, threads, progress);
  }

  InferenceModel model = network();
  QuantizationPlan plan{model};
  SampleImages images{.dataset = open_dataset("digits:200", Split::train), .count = 60, .seed = 3};
  Progress progress{true};
};

TEST_F(LearnedRounding, IsFoundByTheQuantizerAndLessWrongThanTheNearest) {
  InferenceModel learned = network();
  const std::vector<LearnedLayer> layers = learn(learned, 2);
  ASSERT_GE(layers.size(), 4u);
  double ratios = 0;
  for (const LearnedLayer& entry : layers) {
    const QuantizationPlan::Layer& layer = plan.layers()[entry.layer];
    EXPECT_LE(entry.learned, entry.nearest) << layer.name;
    EXPECT_GT(entry.weights, 0);
    ratios += entry.learned / entry.nearest;
    std::string name;
    for (const Graph::Argument& argument : model.graph.arguments())
      if (argument.value == layer.weight) name = argument.name;
    const Tensor& weight = learned.tensors.at(name);
    const QuantizedWeights before = layer_weights(layer, model.tensors.at(name), {}, coarse, 0.02F, 0.05F),
                           after = layer_weights(layer, weight, {}, coarse, 0.02F, 0.05F);
    EXPECT_NEAR(after.weight_type.quantization->scales[0] / before.weight_type.quantization->scales[0], 1, 1e-6);
    int64_t changed = 0;
    for (int64_t i = 0; i < weight.size(); ++i) {
      changed += after.weight.data<int8_t>()[i] != before.weight.data<int8_t>()[i] ? 1 : 0;
      ASSERT_NEAR(after.weight.data<int8_t>()[i] * after.weight_type.quantization->scales[0], weight.data<float>()[i], 1e-6);
    }
    EXPECT_EQ(changed, entry.changed) << layer.name;
  }
  EXPECT_LT(ratios / static_cast<double>(layers.size()), 0.95);
}

TEST_F(LearnedRounding, IsTheSameForAnyNumberOfThreads) {
  InferenceModel one = network(), two = network();
  learn(one, 1);
  learn(two, 2);
  for (const auto& [name, tensor] : one.tensors)
    EXPECT_TRUE(std::equal(tensor.raw(), tensor.raw() + tensor.bytes(), two.tensors.at(name).raw())) << name;
}

InferenceModel convolution(const Shape& input, int64_t stride, const std::string& padding) {
  Recorder recorder("convolution");
  const Value x = recorder.input("image", {input, DType::f32});
  const Value filter = recorder.parameter({.name = "filter", .shape = {3, 3, 2, 4}, .initializer = initializers::normal(1)});
  const Value y = operators::conv(x, filter, {.strides = {stride, stride}, .dilations = {}, .padding = padding}, 1);
  recorder.graph().finish({{"y", y.ref()}});
  InferenceModel model{.name = "convolution", .graph = std::move(recorder.graph()), .tensors = {}, .preprocessing = {}};
  model.tensors["filter"] = initial_value(recorder.parameters()[0], 1);
  return model;
}

// A convolution of a tile without padding gives what the layer gives there.
TEST(SampleTiles, HoldAllThatTheirResultsDependOn) {
  Random random(1, 1);
  Tensor image({3, 12, 9, 2}, DType::f32);
  for (float& value : image.values<float>()) value = random.normal();
  for (const char* padding : {"same", "valid"}) {
    for (const int64_t stride : {1, 2}) {
      const InferenceModel model = convolution(image.shape(), stride, padding);
      const QuantizationPlan plan(model);
      ASSERT_EQ(plan.layers().size(), 1u);
      const SampleTiles tiles(model.graph, plan.layers()[0], 3, 2, 7);
      ASSERT_EQ(tiles.each(), 2);
      Tensor inputs(tiles.input_shape(3), DType::f32), targets(tiles.target_shape(3), DType::f32);
      tiles.gather_inputs(image, 0, inputs);
      tiles.gather_targets(run_model(model.graph, model.tensors, image), 0, targets);
      const InferenceModel tile = convolution(inputs.shape(), stride, "valid");
      const Tensor got = run_model(tile.graph, tile.tensors, inputs);
      ASSERT_EQ(got.shape(), targets.shape());
      for (int64_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got.data<float>()[i], targets.data<float>()[i], 1e-4);
    }
  }
}

}  // namespace
}  // namespace fovea
