// SPDX-License-Identifier: Apache-2.0
// Integer networks answer like the float ones, and use integers throughout.
#include "fovea/quant/quantizer.h"

#include <gtest/gtest.h>

#include "fovea/core/error.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/operators.h"
#include "fovea/quant/analysis.h"
#include "fovea/quant/parameters.h"
#include "fovea/quant/quantization_aware.h"
#include "tests/quant/networks.h"

namespace fovea {
namespace {

// Every kind of layer with an integer operator, and the rules between them.
Network all_kinds() {
  return {.name = "kinds",
          .function =
              [](Value x) {
                x = x | conv({.filters = 8, .kernel = 3, .stride = 2, .padding = same, .bias = false}) |
                    batch_norm({.activation = relu6});
                const Value gate = x | global_avg_pool() | dense({.units = 8, .activation = sigmoid});
                x = x * operators::reshape(gate, {-1, 1, 1, 8});
                const Value wide =
                    x | depthwise_conv({.kernel = 3, .padding = same, .bias = false}) | batch_norm({.activation = swish});
                const Value sum = wide + x;
                x = sum | batch_norm({.activation = relu}) | conv({.filters = 8, .kernel = 1, .activation = hard_swish});
                // An activation with a prescribed type, added to one with a measured range.
                const Value left = x | conv({.filters = 4, .kernel = 1, .activation = hard_sigmoid});
                const Value right = x | conv({.filters = 4, .kernel = 1, .activation = leaky_relu(0.1)}) |
                                    avg_pool({.window = 2, .stride = 1, .padding = same});
                x = operators::concat({left, right, x}, 3) | max_pool({.window = 2}) |
                    channel_slice({.offset = 2, .count = 12}) | channel_shuffle({.groups = 3}) |
                    channel_pad({.before = 1, .after = 1});
                return x | flatten() | dense({.units = 10, .activation = tanh}) | dense({.units = 5});
              },
          .input = {12, 12, 3},
          .classes = 5,
          .preprocessing = {.mean = {0.485F, 0.456F, 0.406F}, .deviation = {0.229F, 0.224F, 0.225F}}};
}

RangeMap seen_ranges(const InferenceModel& model, const QuantizationPlan& plan, const Tensor& image) {
  Compiled compiled(observation_graph(model, plan, false));
  for (const auto& [name, tensor] : model.tensors) {
    if (compiled.tensors.contains(name)) compiled.tensors.at(name) = tensor;
  }
  compiled.tensors.at("image") = image;
  compiled.run();
  std::map<int32_t, Range> ranges;
  for (const Ref value : plan.observed()) {
    const auto number = [&](const char* what) {
      return compiled.outputs.at(what + std::to_string(value.index)).data<float>()[0];
    };
    ranges[value.index] = {number("minimum."), number("maximum.")};
  }
  return ranges_by_group(plan, ranges);
}

Tensor softmax_of(const Tensor& logits) {
  Tensor result = logits.clone();
  const int64_t classes = logits.shape().back();
  for (int64_t row = 0; row < logits.size() / classes; ++row) {
    double sum = 0;
    for (int64_t i = 0; i < classes; ++i) sum += std::exp(logits.data<float>()[row * classes + i]);
    for (int64_t i = 0; i < classes; ++i) {
      result.data<float>()[row * classes + i] = static_cast<float>(std::exp(logits.data<float>()[row * classes + i]) / sum);
    }
  }
  return result;
}

// The integer network's probabilities for the pixels.
Tensor answers(const InferenceModel& integers, const Tensor& pixels, const Preprocessing& preprocessing) {
  const DType input = integers.graph.arguments()[0].type.dtype;
  Tensor image = input == DType::f32 ? normalized(pixels, preprocessing) : pixels;
  if (input == DType::i8) {
    image = Tensor(pixels.shape(), DType::i8);
    for (int64_t i = 0; i < pixels.size(); ++i) image.data<int8_t>()[i] = static_cast<int8_t>(pixels.data<uint8_t>()[i] - 128);
  }
  const Tensor scores = run_model(integers.graph, integers.tensors, image);
  const auto& quantization = integers.graph.results()[0].type.quantization;
  return quantization ? dequantized(scores, *quantization) : scores;
}

class Quantizer : public testing::Test {
 protected:
  InferenceModel model = folded_model(all_kinds(), 4);
  QuantizationPlan plan{model};
  Tensor pixels = random_pixels({4, 12, 12, 3});
  Tensor image = normalized(pixels, model.preprocessing);
  RangeMap ranges = seen_ranges(model, plan, image);
  Tensor wanted = softmax_of(run_model(model.graph, model.tensors, image));
};

TEST_F(Quantizer, AnswersAsTheRealNetwork) {
  for (const bool per_channel : {true, false}) {
    for (const DType input : {DType::u8, DType::i8, DType::f32}) {
      const InferenceModel integers = quantized(
          model, plan, ranges, {.scales = {.conv_per_channel = per_channel, .dense_per_channel = per_channel}, .input = input});
      EXPECT_EQ(integers.graph.arguments()[0].type.dtype, input);
      EXPECT_EQ(integers.graph.results()[0].type.dtype, input);
      EXPECT_GT(signal_to_noise(wanted, answers(integers, pixels, model.preprocessing)), 25) << name(input) << per_channel;
    }
  }
}

TEST_F(Quantizer, NothingBetweenBytesIsReal) {
  const InferenceModel integers = quantized(model, plan, ranges, {});
  for (const Graph::Node& node : integers.graph.nodes()) {
    EXPECT_TRUE(integers.graph.type(node.results[0]).quantization) << node.op << " " << node.layer;
  }
  for (const auto& [name, tensor] : integers.tensors) EXPECT_NE(tensor.dtype(), DType::f32) << name;
}

TEST_F(Quantizer, TensorsThatOnlyMoveKeepTheirType) {
  const InferenceModel integers = quantized(model, plan, ranges, {});
  int concats = 0;
  for (const Graph::Node& node : integers.graph.nodes()) {
    if (node.op == "quantized_activation" && node.get<std::string>("function", "") == "sigmoid") {
      EXPECT_EQ(integers.graph.type(node.results[0]).quantization->scales[0], 1.0F / 256);
      EXPECT_EQ(integers.graph.type(node.results[0]).quantization->zeros[0], -128);
    }
    if (node.op != "concat") continue;
    ++concats;
    for (const Ref operand : node.operands) {
      EXPECT_EQ(integers.graph.type(operand).quantization, integers.graph.type(node.results[0]).quantization);
    }
  }
  EXPECT_EQ(concats, 1);
}

TEST_F(Quantizer, LayersStayRealByPattern) {
  const QuantizationPlan some(model, {.float_layers = {"conv1", "dense*"}});
  const InferenceModel integers = quantized(model, some, seen_ranges(model, some, image), {});
  int real = 0;
  for (const Graph::Node& node : integers.graph.nodes()) real += node.op == "conv" || node.op == "dense" ? 1 : 0;
  EXPECT_EQ(real, 4);
  EXPECT_GT(signal_to_noise(wanted, answers(integers, pixels, model.preprocessing)), 25);
  EXPECT_THROW(QuantizationPlan(model, {.float_layers = {"konv1"}}), Error);
}

TEST_F(Quantizer, TheSimulationIsTheIntegers) {
  std::map<std::string, Tensor> tensors = range_tensors(plan, model, ranges);
  tensors.insert(model.tensors.begin(), model.tensors.end());
  const Tensor simulated = softmax_of(run_model(simulated_graph(model, plan, {}), tensors, image));
  const Tensor integers = answers(quantized(model, plan, ranges, {}), pixels, model.preprocessing);
  EXPECT_GT(signal_to_noise(simulated, integers), 30);
}

TEST_F(Quantizer, LearnedRangesComeBack) {
  const Network aware = quantization_aware(all_kinds());
  Traced traced = trace_inference(aware, 4);
  std::map<std::string, Tensor> tensors = range_tensors(plan, model, ranges);
  tensors.insert(model.tensors.begin(), model.tensors.end());
  for (const ParameterSpec& spec : traced.parameters) ASSERT_TRUE(tensors.contains(spec.name)) << spec.name;
  EXPECT_EQ(traced.parameters.size(), tensors.size());
  const auto learned = learned_ranges(
      {.name = "aware", .graph = std::move(traced.graph), .tensors = tensors, .preprocessing = model.preprocessing});
  ASSERT_TRUE(learned);
  const QuantizationPlan again(learned->model);
  const InferenceModel first = quantized(model, plan, ranges, {});
  const InferenceModel second = quantized(learned->model, again, ranges_by_group(again, learned->ranges), {});
  const Tensor a = answers(first, pixels, model.preprocessing), b = answers(second, pixels, model.preprocessing);
  EXPECT_TRUE(std::equal(a.raw(), a.raw() + a.bytes(), b.raw()));
  EXPECT_FALSE(learned_ranges(model));
}

}  // namespace
}  // namespace fovea
