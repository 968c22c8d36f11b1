// SPDX-License-Identifier: Apache-2.0
// Networks that are written and read again compute the same as before, compared by compiled graphs.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "fovea/inference/session.h"
#include "fovea/interchange/onnx/layout.h"
#include "fovea/interchange/onnx/read.h"
#include "fovea/interchange/onnx/write.h"
#include "fovea/models/registry.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

using OnnxRoundTrip = FolderTest;

Tensor random_tensor(const TensorType& type, uint32_t seed) {
  Tensor tensor(type.shape, type.dtype);
  std::mt19937 random(seed);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (type.dtype == DType::f32)
      tensor.data<float>()[i] = std::uniform_real_distribution<float>(-1, 1)(random);
    else
      tensor.raw()[i] = static_cast<std::byte>(random() & 255);
  }
  return tensor;
}

// Results by name, for inputs that depend only on their order. With `flip`, i8 inputs are given as the u8 that mean the same.
std::map<std::string, Tensor> results_of(const InferenceModel& model, bool flip = false) {
  Session session(model.graph, model.tensors, {.inference = true});
  uint32_t seed = 0;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role != Role::input) continue;
    const Tensor values = random_tensor(argument.type, ++seed);
    std::memcpy(session.argument(argument.name).raw(), values.raw(), values.bytes());
    for (size_t i = 0; flip && i < values.bytes(); ++i) session.argument(argument.name).raw()[i] ^= std::byte{128};
  }
  ThreadPool threads(2);
  session.run(threads);
  std::map<std::string, Tensor> results;
  for (const Graph::Result& result : model.graph.results()) results[result.name] = session.result(result.name).clone();
  return results;
}

void expect_near(const Tensor& a, const Tensor& b, const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  float largest = 0, difference = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a.data<float>()[i]));
    difference = std::max(difference, std::abs(a.data<float>()[i] - b.data<float>()[i]));
  }
  EXPECT_GT(largest, 0) << what;
  EXPECT_LT(difference, 1e-5F * largest) << what;
}

InferenceModel network(const std::string& name, const Shape& input) {
  const Network made = make_model(name, {.classes = 7, .input = input});
  Traced traced = trace_inference(made, 2);
  InferenceModel model{
      .name = name, .graph = std::move(traced.graph), .tensors = {}, .preprocessing = {}, .labels = {"a", "b"}};
  uint32_t seed = 100;
  for (const ParameterSpec& parameter : traced.parameters) {
    Tensor tensor = random_tensor({parameter.shape, DType::f32}, ++seed);
    const float scale = 1.5F / std::sqrt(static_cast<float>(std::max<int64_t>(parameter.fan_in, 1)));
    for (float& value : tensor.values<float>())
      value = parameter.name.ends_with("running_var") ? 1 + value / 2
              : parameter.shape.size() == 1           ? value / 2 + 0.4F
                                                      : value * scale;
    model.tensors[parameter.name] = tensor;
  }
  return model;
}

TEST_F(OnnxRoundTrip, Networks) {
  const std::vector<std::pair<std::string, Shape>> networks{{"lenet5", {28, 28, 1}},
                                                            {"resnet20", {16, 16, 3}},
                                                            {"shufflenet-v2-0.5", {32, 32, 3}},
                                                            {"mobilenet-v3-small", {32, 32, 3}}};
  for (const auto& [name, input] : networks) {
    SCOPED_TRACE(name);
    const InferenceModel before = network(name, input);
    write_onnx(folder_ / "model.onnx", before);
    const InferenceModel after = read_onnx(folder_ / "model.onnx", {.batch = 2});
    EXPECT_EQ(after.labels, before.labels);
    expect_near(results_of(before).at("logits"), results_of(after).at("logits"), name);
    // Only the network's own transpositions remain: those of a channel shuffle's sixteen units.
    int transposes = 0;
    for (const Graph::Node& node : after.graph.nodes()) transposes += node.op == "transpose";
    EXPECT_LE(transposes, name.starts_with("shufflenet") ? 16 : 0);
  }
}

TEST_F(OnnxRoundTrip, AnotherBatchThanTheFiles) {
  write_onnx(folder_ / "model.onnx", network("lenet5", {28, 28, 1}));
  for (const int64_t batch : {1, 3})
    EXPECT_EQ(read_onnx(folder_ / "model.onnx", {.batch = batch}).graph.results().at(0).type.shape, (Shape{batch, 7}));
}

// Operators that the built-in networks do not have, each with a result of its own.
TEST_F(OnnxRoundTrip, Operators) {
  InferenceModel model{.name = "operators", .graph = Graph("operators"), .tensors = {}, .preprocessing = {}, .labels = {}};
  Graph& graph = model.graph;
  uint32_t seed = 50;
  const Ref x = graph.argument("x", {{2, 6, 5, 4}, DType::f32}, Role::input);
  const auto parameter = [&](const std::string& name, const Shape& shape) {
    model.tensors[name] = random_tensor({shape, DType::f32}, ++seed);
    return graph.argument(name, {shape, DType::f32}, Role::parameter);
  };
  const auto one = [&](const char* operation, const std::vector<Ref>& operands, const Attributes& attributes = {}) {
    return graph.add(operation, operands, attributes, operation).front();
  };
  const Ref positive = one("exp", {x}), filter = parameter("filter", {3, 3, 3, 4}),
            pool = one("reduce_mean", {x}, {{"dims", Shape{1, 2}}}),
            pool_image = one("reshape", {pool}, {{"shape", Shape{2, 1, 1, 4}}}),
            picks = one("constant", {}, {{"value", Tensor::of<int32_t>({6}, {4, 3, 2, 1, 0, 1})}}),
            table = one("constant", {}, {{"value", Tensor::of<int32_t>({2, 2}, {3, 0, 0, 2})}});
  std::vector<std::pair<std::string, Ref>> results{
      {"transposed", one("conv_transpose", {x, filter}, {{"strides", Shape{2, 2}}, {"padding", std::string("same")}})},
      {"dilated", one("conv", {x, parameter("dilated filter", {3, 2, 2, 6})},
                      {{"dilations", Shape{2, 1}}, {"groups", int64_t{2}}, {"padding", Shape{1, 0, 0, 2}}})},
      {"average", one("avg_pool", {x}, {{"window", Shape{3, 3}}, {"strides", Shape{2, 2}}, {"padding", std::string("same")}})},
      {"counted", one("avg_pool", {x}, {{"window", Shape{2, 3}}, {"padding", Shape{1, 1, 1, 1}}, {"count_padding", true}})},
      {"resized",
       one("resize", {x}, {{"size", Shape{9, 10}}, {"method", std::string("bilinear")}, {"half_pixel_centers", true}})},
      {"nearest", one("resize", {x}, {{"size", Shape{12, 10}}, {"method", std::string("nearest")}})},
      {"layer norm", one("layer_norm", {x, parameter("scale", {4}), parameter("shift", {4})})},
      {"group norm", one("group_norm", {x, parameter("scales", {4}), parameter("shifts", {4})}, {{"groups", int64_t{2}}})},
      {"gelu", one("gelu", {x})},
      {"swish", one("swish", {x})},
      {"hard swish", one("hard_swish", {x})},
      {"leaky", one("leaky_relu", {x}, {{"slope", 0.3}})},
      {"power", one("pow", {positive, parameter("exponent", {5, 4})})},
      {"root", one("rsqrt", {positive})},
      {"floor", one("floor", {x})},
      {"ceiling", one("add", {one("ceil", {x}), x})},
      {"rounded", one("add", {one("round", {x}), x})},
      {"sine", one("sin", {x})},
      {"cosine", one("cos", {x})},
      {"arc", one("atan", {x})},
      {"half", one("round_to", {x}, {{"as", std::string("f16")}})},
      {"chosen", one("select", {x, parameter("limit", {4}), positive, x}, {{"comparison", std::string("gt")}})},
      {"other", one("select", {x, positive, x, pool_image}, {{"comparison", std::string("ne")}})},
      {"mirrored", one("gather", {x, picks}, {{"dim", int64_t{2}}})},
      {"table", one("gather", {x, table}, {{"dim", int64_t{3}}})},
      {"slice",
       one("slice", {x}, {{"offsets", Shape{0, 1, 0, 2}}, {"sizes", Shape{2, 2, 5, 2}}, {"strides", Shape{1, 3, 1, 1}}})},
      {"pad", one("pad", {x}, {{"padding", Shape{0, 0, 1, 0, 0, 2, 1, 1}}, {"value", 0.5}})},
      {"softmax", one("softmax", {x})},
      {"largest", one("reduce_max", {x}, {{"dims", Shape{3}}, {"keep_dims", true}})},
      {"sum", one("reduce_sum", {x}, {{"dims", Shape{2}}})},
      {"excited", one("mul", {x, one("reshape",
                                     {
                                         one("sigmoid", {pool}),
                                     },
                                     {{"shape", Shape{2, 1, 1, 4}}})})},
      {"flat", one("dense", {one("reshape", {x}, {{"shape", Shape{2, 120}}}), parameter("weight", {120, 3})})},
      {"product", one("matmul", {pool, one("mul", {pool, pool})}, {{"transpose_rhs", true}})},
      {"joined", one("concat", {x, positive}, {{"dim", int64_t{3}}})},
      {"turned", one("transpose", {x}, {{"permutation", Shape{0, 2, 1, 3}}})}};
  graph.finish(results);
  const std::map<std::string, Tensor> before = results_of(model);
  write_onnx(folder_ / "model.onnx", model);
  const std::map<std::string, Tensor> after = results_of(read_onnx(folder_ / "model.onnx", {.batch = 2}));
  ASSERT_EQ(after.size(), results.size());
  for (const auto& [name, tensor] : before) expect_near(tensor, after.at(name), name);
}

// Attention, and other products of activations: batches of matrices of any rank, either one transposed, x times itself, in
// layouts left by reshapes and transpositions.
TEST_F(OnnxRoundTrip, ProductsOfActivations) {
  for (const Shape& shape : {Shape{4, 5}, Shape{2, 4, 5}, Shape{1, 4, 6, 8}, Shape{2, 3, 4, 4}, Shape{1, 1, 3, 1},
                             Shape{2, 1, 3, 4, 2}, Shape{2, 2, 2, 2, 2}}) {
    SCOPED_TRACE(to_string(shape));
    InferenceModel model{.name = "products", .graph = Graph("products"), .tensors = {}, .preprocessing = {}, .labels = {}};
    Graph& graph = model.graph;
    const auto one = [&](const char* operation, const std::vector<Ref>& operands, const Attributes& attributes = {}) {
      return graph.add(operation, operands, attributes, operation).front();
    };
    const Ref x = graph.argument("x", {shape, DType::f32}, Role::input);
    std::vector<int64_t> turn = identity_order(std::ssize(shape));
    std::swap(turn[turn.size() - 1], turn[turn.size() - 2]);
    const Ref turned = one("transpose", {x}, {{"permutation", turn}}), squashed = one("tanh", {x});
    std::vector<std::pair<std::string, Ref>> results;
    const auto product = [&](Ref lhs, Ref rhs, bool transpose_lhs, bool transpose_rhs) {
      results.emplace_back(fmt::format("product {}", results.size()),
                           one("matmul", {lhs, rhs}, {{"transpose_lhs", transpose_lhs}, {"transpose_rhs", transpose_rhs}}));
    };
    for (const Ref other : {x, squashed}) {
      product(x, other, false, true);
      product(x, other, true, false);
      product(turned, other, true, true);
    }
    const Ref scores = results.front().second;
    const Ref attended = one("matmul", {one("softmax", {scores}), x});
    results.emplace_back("attended", attended);
    results.emplace_back("flat", one("reshape", {attended}, {{"shape", Shape{shape[0], -1}}}));
    results.emplace_back("normed", one("sub", {one("reshape", {scores}, {{"shape", Shape{-1}}}),
                                               one("reduce_mean", {scores}, {{"dims", identity_order(std::ssize(shape))}})}));
    graph.finish(results);
    const std::map<std::string, Tensor> before = results_of(model);
    write_onnx(folder_ / "model.onnx", model);
    const std::map<std::string, Tensor> after = results_of(read_onnx(folder_ / "model.onnx", {.batch = shape[0]}));
    ASSERT_EQ(after.size(), results.size());
    for (const auto& [name, tensor] : before) expect_near(tensor, after.at(name), name);
  }
}

// Inputs that are not feature maps come back in the order that they had.
TEST_F(OnnxRoundTrip, InputsKeepTheirOrder) {
  const std::vector<std::pair<const char*, Attributes>> readers{{"transpose", {{"permutation", Shape{0, 2, 1, 3}}}},
                                                                {"matmul", {{"transpose_rhs", true}}},
                                                                {"softmax", {}},
                                                                {"reduce_sum", {{"dims", Shape{0, 2}}}},
                                                                {"avg_pool", {{"window", Shape{2, 2}}}}};
  for (const auto& [operation, attributes] : readers) {
    SCOPED_TRACE(operation);
    InferenceModel model{.name = "order", .graph = Graph("order"), .tensors = {}, .preprocessing = {}, .labels = {}};
    const Ref x = model.graph.argument("x", {{2, 3, 4, 5}, DType::f32}, Role::input);
    std::vector<Ref> operands{x};
    if (std::string(operation) == "matmul") operands.push_back(x);
    model.graph.finish({{"y", model.graph.add(operation, operands, attributes, "layer").front()}, {"same", x}});
    write_onnx(folder_ / "model.onnx", model);
    const InferenceModel after = read_onnx(folder_ / "model.onnx", {.batch = 2});
    EXPECT_EQ(after.graph.arguments().at(0).type.shape, (Shape{2, 3, 4, 5}));
    for (const char* name : {"y", "same"}) expect_near(results_of(model).at(name), results_of(after).at(name), name);
  }
}

QuantizedType eighth(int64_t zero) { return {.storage = DType::i8, .quantization = {.scales = {0.125F}, .zeros = {zero}}}; }

// int8 becomes uint8 with zero points 128 higher, and every integer stays.
TEST_F(OnnxRoundTrip, Integers) {
  InferenceModel model{.name = "integers", .graph = Graph("integers"), .tensors = {}, .preprocessing = {}, .labels = {}};
  Graph& graph = model.graph;
  const auto typed = [](Shape shape, const QuantizedType& type) {
    return TensorType{std::move(shape), type.storage, type.quantization};
  };
  const Ref x = graph.argument("x", typed({2, 6, 6, 3}, eighth(3)), Role::input);
  uint32_t seed = 9;
  const auto parameter = [&](const std::string& name, const TensorType& type) {
    model.tensors[name] = random_tensor(type, ++seed);
    if (type.dtype == DType::i32) {
      for (int64_t i = 0; i < model.tensors[name].size(); ++i)
        model.tensors[name].data<int32_t>()[i] = static_cast<int32_t>(i * 37 % 100 - 50);
    }
    return graph.argument(name, type, Role::parameter);
  };
  const auto one = [&](const char* operation, const std::vector<Ref>& operands, const Attributes& attributes) {
    return graph.add(operation, operands, attributes, operation).front();
  };
  const Quantization channels{.scales = {0.01F, 0.02F, 0.03F, 0.005F}, .zeros = {0, 0, 0, 0}, .axis = 3};
  const Ref filter = parameter("filter", {{3, 3, 3, 4}, DType::i8, channels}), bias = parameter("bias", {{4}, DType::i32});
  const Ref y = one("quantized_conv", {x, filter, bias},
                    {{"padding", std::string("same")}, {"activation", std::string("relu")}, {"output", eighth(-128)}});
  const Ref z = one("quantized_conv", {x, filter, bias}, {{"padding", std::string("same")}, {"output", eighth(5)}});
  const Ref sum = one("quantized_add", {y, z}, {{"output", eighth(-20)}});
  const Ref pooled =
      one("quantized_average_pool", {one("max_pool", {sum}, {{"window", Shape{2, 2}}, {"strides", Shape{1, 1}}})},
          {{"window", Shape{5, 5}}});
  const Ref flat = one("reshape", {one("concat", {y, y}, {{"dim", int64_t{3}}})}, {{"shape", Shape{2, 288}}});
  const Ref logits = one("quantized_dense",
                         {flat, parameter("weight", {{288, 3}, DType::i8, Quantization{.scales = {0.004F}, .zeros = {0}}}),
                          parameter("biases", {{3}, DType::i32})},
                         {{"output", QuantizedType{.storage = DType::i8, .quantization = {.scales = {0.5F}, .zeros = {7}}}}});
  const Ref gate =
      one("quantized_activation", {sum},
          {{"function", std::string("tanh")},
           {"output", QuantizedType{.storage = DType::i8, .quantization = {.scales = {1.0F / 128}, .zeros = {0}}}}});
  graph.finish({{"sum", sum}, {"pooled", pooled}, {"logits", logits}, {"gate", gate}});
  const std::map<std::string, Tensor> before = results_of(model);
  write_onnx(folder_ / "model.onnx", model);
  const InferenceModel read = read_onnx(folder_ / "model.onnx", {.batch = 2});
  for (const Graph::Node& node : read.graph.nodes()) EXPECT_NE(node.op, "dequantize");
  const std::map<std::string, Tensor> after = results_of(read, true);
  for (const auto& [name, tensor] : before) {
    const Tensor& other = after.at(name);
    ASSERT_EQ(other.shape().size() == 4 ? other.shape() : tensor.shape(), tensor.shape());
    int distinct = 0;
    for (size_t i = 0; i < tensor.bytes(); ++i) {
      ASSERT_EQ(tensor.raw()[i] ^ std::byte{128}, other.raw()[i]) << name << " at " << i;
      distinct += tensor.raw()[i] != tensor.raw()[0];
    }
    EXPECT_GT(distinct, 0) << name;
  }
}

}  // namespace
}  // namespace fovea
