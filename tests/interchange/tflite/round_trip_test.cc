// SPDX-License-Identifier: Apache-2.0
// Written files are read back as the same function, integer files of others survive it, and corrupt files are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "app/environment.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/random.h"
#include "fovea/interchange/npy.h"
#include "fovea/interchange/tflite/file.h"
#include "fovea/interchange/tflite/read.h"
#include "fovea/interchange/tflite/write.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/operators.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

using Function = std::function<Value(Value)>;

InferenceModel model_of(const Function& function, Shape input, int64_t classes, int64_t batch = 2) {
  const Network network{.name = "network", .function = function, .input = std::move(input), .classes = classes};
  Traced traced = trace_inference(network, batch);
  std::map<std::string, Tensor> tensors;
  for (const ParameterSpec& spec : traced.parameters) {
    Random random(7, hash_of(spec.name));
    Tensor tensor(spec.shape, DType::f32);
    const bool positive = spec.name.ends_with("running_var");
    for (float& value : tensor.values<float>())
      value = static_cast<float>(positive ? 0.1 + random.uniform() : random.uniform() - 0.5);
    tensors[spec.name] = tensor;
  }
  return {.name = network.name, .graph = std::move(traced.graph), .tensors = std::move(tensors)};
}

Tensor noise(const Shape& shape, uint64_t seed) {
  Tensor tensor(shape, DType::f32);
  Random random(seed, 0);
  for (float& value : tensor.values<float>()) value = static_cast<float>(4 * random.uniform() - 2);
  return tensor;
}

Tensor answer(const InferenceModel& model, const Tensor& input) {
  Compiled compiled(model.graph, {.inference = true});
  for (const auto& [name, tensor] : model.tensors) compiled.tensors.at(name) = tensor;
  for (const Graph::Argument& argument : model.graph.arguments())
    if (argument.role == Role::input) compiled.tensors.at(argument.name) = input;
  compiled.run();
  return compiled.outputs.begin()->second;
}

void expect_close(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  double largest = 0;
  for (const float value : a.values<float>()) largest = std::max<double>(largest, std::abs(value));
  ASSERT_GT(largest, 0);
  for (int64_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a.data<float>()[i], b.data<float>()[i], 1e-5 * largest);
}

// The names of the file's operators, in order.
std::vector<std::string> operators_of(const std::vector<std::byte>& bytes) {
  std::vector<std::string> names;
  const tflite::File file(bytes, "test");
  for (const tflite::FileOperator& op : file.operators()) names.push_back(op.name);
  return names;
}

std::vector<std::string> expect_round_trip(const Function& function, const Shape& input, int64_t classes) {
  const InferenceModel model = model_of(function, input, classes);
  const std::vector<std::byte> bytes = tflite_bytes(model);
  EXPECT_EQ(bytes, tflite_bytes(model));
  Shape batch = {2};
  batch.insert(batch.end(), input.begin(), input.end());
  const Tensor examples = noise(batch, 3);
  const Tensor expected = answer(model, examples);
  expect_close(expected, answer(read_tflite(bytes, "test", {.batch = 2}), examples));
  // With one image at a time; the batch in the file is only the one it was written with.
  const InferenceModel single = read_tflite(bytes, "test");
  Tensor first(batch, DType::f32);
  batch[0] = 1;
  const Tensor one = answer(single, [&] {
    Tensor part(batch, DType::f32);
    std::copy_n(examples.data<float>(), part.size(), part.data<float>());
    return part;
  }());
  double largest = 0;
  for (const float value : expected.values<float>()) largest = std::max<double>(largest, std::abs(value));
  for (int64_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one.data<float>()[i], expected.data<float>()[i], 1e-5 * largest);
  return operators_of(bytes);
}

using testing::ElementsAre;

TEST(Tflite, ConvolutionsTakeNormBiasAndActivationIn) {
  const auto names = expect_round_trip(
      [](Value x) {
        x = x | conv({.filters = 5, .kernel = 3, .stride = 2, .padding = same, .bias = false}) |
            batch_norm({.activation = relu6});
        x = x | depthwise_conv({.kernel = {3, 5}, .padding = 1, .activation = relu});
        return x | conv({.filters = 4, .kernel = 1}) | flatten() | dense({.units = 7});
      },
      {9, 11, 3}, 7);
  EXPECT_THAT(names, ElementsAre("CONV_2D", "PAD", "DEPTHWISE_CONV_2D", "CONV_2D", "RESHAPE", "FULLY_CONNECTED"));
}

TEST(Tflite, PaddingThatTheFormatHasNoWordForGoesAroundTheImage) {
  const auto names = expect_round_trip(
      [](Value x) {
        x = x | conv({.filters = 6, .kernel = 7, .stride = 2, .padding = 3}) |
            max_pool({.window = 3, .stride = 2, .padding = 1});
        x = x | avg_pool({.window = 3, .stride = 1, .padding = 1, .count_padding = true});
        return x | avg_pool({.window = 3, .stride = 2, .padding = same}) | global_avg_pool();
      },
      {20, 23, 3}, 6);
  EXPECT_THAT(names,
              ElementsAre("PAD", "CONV_2D", "PADV2", "MAX_POOL_2D", "PAD", "AVERAGE_POOL_2D", "AVERAGE_POOL_2D", "MEAN"));
}

TEST(Tflite, ActivationsAndGates) {
  expect_round_trip(
      [](Value x) {
        Value y = x | conv({.filters = 6, .kernel = 1});
        const Value gate = operators::reduce_mean(y, {1, 2}, true) | conv({.filters = 2, .kernel = 1, .activation = swish}) |
                           conv({.filters = 6, .kernel = 1}) | sigmoid;
        y = y * gate;
        y = concat({y | hard_swish, y | gelu, y | leaky_relu(0.2), y | tanh, y | hard_sigmoid, x | swish}) |
            channel_shuffle({.groups = 3});
        return (y | channel_slice({.offset = 5, .count = 8}) | subsample({.stride = 2}) | tanh | flatten() |
                dense({.units = 5}) | softmax);
      },
      {4, 5, 6}, 5);
}

TEST(Tflite, SumsAndNormsThatNoConvolutionTakes) {
  expect_round_trip(
      [](Value x) {
        const Value y = x | batch_norm({.activation = relu}) | conv({.filters = 4, .kernel = 3, .padding = same});
        return ((x + y) | relu | pad({.padding = 1, .value = 0.5}) | relu6 | flatten()) * 0.25 - 1.0;
      },
      {5, 4, 4}, 168);
}

// One value may be several results, and an input may be one; each comes back under its name.
TEST(Tflite, ResultsKeepTheirNames) {
  InferenceModel model{.name = "names", .graph = Graph("names"), .tensors = {}, .preprocessing = {}, .labels = {}};
  const Ref x = model.graph.argument("x", {{2, 3}, DType::f32}, Role::input);
  const Ref y = model.graph.add("tanh", {x}, {}, "layer").front();
  model.graph.finish({{"a", y}, {"b", x}, {"c", y}});
  const InferenceModel after = read_tflite(tflite_bytes(model), "test", {.batch = 2});
  std::vector<std::string> names;
  for (const Graph::Result& result : after.graph.results()) names.push_back(result.name);
  EXPECT_THAT(names, testing::ElementsAre("a", "b", "c"));
  Compiled compiled(after.graph);
  const Tensor values = noise({2, 3}, 1);
  compiled.tensors.at("x") = values;
  compiled.run();
  for (int64_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(compiled.outputs.at("b").data<float>()[i], values.data<float>()[i]);
    EXPECT_NEAR(compiled.outputs.at("a").data<float>()[i], std::tanh(values.data<float>()[i]), 1e-6);
    EXPECT_EQ(compiled.outputs.at("a").data<float>()[i], compiled.outputs.at("c").data<float>()[i]);
  }
}

TEST(Tflite, WhatTheFormatHasNotIsRefusedByName) {
  try {
    tflite_bytes(model_of([](Value x) { return x | group_norm({.groups = 2, .name = "norm"}) | flatten(); }, {4, 4, 4}, 64));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("group_norm \"norm\" cannot be written as TensorFlow Lite"));
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  }
}

TEST(Tflite, PreprocessingAndLabelsTravel) {
  InferenceModel model = model_of([](Value x) { return x | flatten() | dense({.units = 2}); }, {2, 2, 1}, 2);
  model.preprocessing = {.mean = {0.5F}, .deviation = {0.25F}, .resize = 12, .bicubic = true};
  model.labels = {"cat", "größer"};
  const InferenceModel again = read_tflite(tflite_bytes(model), "test");
  EXPECT_EQ(again.labels, model.labels);
  EXPECT_EQ(again.preprocessing.mean, model.preprocessing.mean);
  EXPECT_EQ(again.preprocessing.deviation, model.preprocessing.deviation);
  EXPECT_EQ(again.preprocessing.resize, 12);
  EXPECT_TRUE(again.preprocessing.bicubic);
}

// Changes every byte in turn and tries every length: a file is read or refused, and never trusted.
TEST(Tflite, DamagedFilesAreRefused) {
  const std::vector<std::byte> good = tflite_bytes(model_of(
      [](Value x) {
        return x | conv({.filters = 2, .kernel = 3, .padding = 1}) | max_pool({}) | flatten() | dense({.units = 2});
      },
      {4, 4, 1}, 2, 1));
  int refused = 0;
  const auto try_read = [&](std::vector<std::byte> bytes, bool truncated = false) {
    try {
      read_tflite(std::move(bytes), "test");
    } catch (const Error& error) {
      ++refused;
      EXPECT_THAT(error.what(), testing::HasSubstr("test"));
      if (truncated) {
        EXPECT_EQ(error.code(), ErrorCode::data_loss) << error.what();
      }
    }
  };
  for (size_t length = 0; length < good.size(); length += 13)
    try_read({good.begin(), good.begin() + static_cast<int64_t>(length)}, true);
  for (size_t place = 0; place < good.size(); place += 3) {
    for (const unsigned other : {0x00U, 0x7fU, 0xffU, 0x01U}) {
      std::vector<std::byte> bytes = good;
      bytes[place] ^= static_cast<std::byte>(other == 0 ? 0x80U : other);
      try_read(std::move(bytes));
    }
  }
  EXPECT_GT(refused, 500);
}

class RealFile : public testing::TestWithParam<const char*> {};

TEST_P(RealFile, SurvivesBeingWritten) {
  const std::filesystem::path path = test_data() / "tflite" / (std::string(GetParam()) + ".tflite");
  if (test_data().empty() || !std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  const InferenceModel model = read_tflite(path);
  const InferenceModel again = read_tflite(tflite_bytes(model), "again");
  const auto nodes = model.graph.nodes(), others = again.graph.nodes();
  ASSERT_EQ(nodes.size(), others.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ(nodes[i].op, others[i].op);
    ASSERT_EQ(nodes[i].operands.size(), others[i].operands.size());
    for (size_t k = 0; k < nodes[i].operands.size(); ++k)
      EXPECT_TRUE(model.graph.type(nodes[i].operands[k]) == again.graph.type(others[i].operands[k])) << nodes[i].layer;
    EXPECT_TRUE(model.graph.type(nodes[i].results[0]) == again.graph.type(others[i].results[0])) << nodes[i].layer;
  }
  ASSERT_EQ(model.tensors.size(), again.tensors.size());
  int64_t numbers = 0;
  for (const auto& [name, tensor] : model.tensors) numbers += tensor.size();
  for (const auto& [name, tensor] : again.tensors) numbers -= tensor.size();
  EXPECT_EQ(numbers, 0);
}

INSTANTIATE_TEST_SUITE_P(Tflite, RealFile,
                         testing::Values("mobilenet_v1_0.25_128_quant", "mobilenet_v2_1.0_224_quant",
                                         "tf2_mobilenet_v2_1.0_224_ptq"));

}  // namespace
}  // namespace fovea
