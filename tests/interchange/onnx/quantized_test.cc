// SPDX-License-Identifier: Apache-2.0
// Quantized files of other programs: which integer operators they become, with whose rounding, and for which batches files are
// read.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fovea/core/random.h"
#include "fovea/inference/session.h"
#include "fovea/interchange/onnx/onnx_file.h"
#include "fovea/interchange/onnx/read.h"
#include "fovea/interchange/onnx/write.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

Tensor byte(DType dtype, int value) {
  Tensor tensor({}, dtype);
  *tensor.raw() = static_cast<std::byte>(value & 255);
  return tensor;
}

Tensor random_bytes(const Shape& shape, DType dtype, uint64_t stream) {
  Tensor tensor(shape, dtype);
  Random random(3, stream);
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.raw()[i] = static_cast<std::byte>(random.bits() & 255);
  return tensor;
}

Tensor result_of(const InferenceModel& model, const Tensor& x) {
  Session session(model.graph, model.tensors, {.inference = true});
  std::memcpy(session.argument("x").raw(), x.raw(), x.bytes());
  ThreadPool threads(1);
  session.run(threads);
  return session.result(model.graph.results().at(0).name).clone();
}

class QuantizedOnnx : public FolderTest {
 protected:
  QuantizedOnnx() { model_.inputs = {{.name = "x", .dtype = DType::f32, .shape = {1, 3, 6, 5}}}; }

  std::string constant(Tensor tensor) {
    const std::string name = fmt::format("c{}", model_.initializers.size());
    model_.initializers[name] = std::move(tensor);
    return name;
  }
  std::string scale(float value) { return constant(Tensor::of<float>({}, {value})); }
  std::string zero(DType dtype, int value) { return constant(byte(dtype, value)); }

  std::string add(const std::string& type, std::vector<std::string> inputs,
                  std::map<std::string, OnnxAttribute> attributes = {}, const std::string& domain = "") {
    const std::string name = fmt::format("n{}", model_.nodes.size());
    model_.nodes.push_back({.name = name,
                            .type = type,
                            .domain = domain,
                            .inputs = std::move(inputs),
                            .outputs = {name},
                            .attributes = std::move(attributes)});
    return name;
  }
  // x as integers, and the three inputs by which another operator takes them.
  std::vector<std::string> integers(DType dtype = DType::u8) {
    const std::string s = scale(0.03F), z = zero(dtype, dtype == DType::u8 ? 120 : -7);
    return {add("QuantizeLinear", {"x", s, z}), s, z};
  }

  InferenceModel read(const std::string& result, int64_t batch = 1) {
    model_.outputs = {{.name = result, .dtype = DType::u8, .shape = {}}};
    write_onnx_file(folder_ / "model.onnx", model_);
    return read_onnx(folder_ / "model.onnx", {.batch = batch});
  }
  static const Graph::Node* find(const std::vector<Graph::Node>& nodes, const std::string& op) {
    const auto found = std::ranges::find(nodes, op, &Graph::Node::op);
    return found == nodes.end() ? nullptr : &*found;
  }
  // Expects the operator that the last node became, rounded by ONNX's rule.
  void expect_operator(const InferenceModel& model, const std::string& op) {
    const std::vector<Graph::Node> nodes = model.graph.nodes();
    const Graph::Node* found = find(nodes, op);
    ASSERT_NE(found, nullptr) << op << " in\n" << model.graph.text();
    const std::string wanted = op == "quantized_conv" || op == "quantized_dense" ? "" : "onnx";
    EXPECT_EQ(found->get<std::string>("rounding", ""), wanted) << op;
    EXPECT_EQ(find(nodes, "dequantize"), nullptr) << op;
  }

  OnnxFile model_{.graph_name = "test"};
};

TEST_F(QuantizedOnnx, OperatorsOfIntegersAreIntegerOperators) {
  const std::string microsoft = "com.microsoft";
  const std::vector<std::pair<std::string, std::string>> singles{{"QLinearGlobalAveragePool", "quantized_mean"},
                                                                 {"QLinearAveragePool", "quantized_average_pool"},
                                                                 {"QLinearSigmoid", "quantized_activation"},
                                                                 {"QLinearLeakyRelu", "quantized_activation"},
                                                                 {"QLinearSoftmax", "quantized_softmax"}};
  for (const DType dtype : {DType::u8, DType::i8}) {
    for (const auto& [type, op] : singles) {
      std::vector<std::string> inputs = integers(dtype);
      inputs.insert(inputs.end(), {scale(0.007F), zero(dtype, 9)});
      std::map<std::string, OnnxAttribute> attributes;
      if (type == "QLinearAveragePool") attributes["kernel_shape"] = std::vector<int64_t>{2, 2};
      expect_operator(read(add(type, inputs, attributes, microsoft)), op);
    }
    for (const auto& [type, op] : {std::pair{"QLinearAdd", "quantized_add"}, {"QLinearMul", "quantized_mul"}}) {
      std::vector<std::string> inputs = integers(dtype), second = integers(dtype);
      inputs.insert(inputs.end(), second.begin(), second.end());
      inputs.insert(inputs.end(), {scale(0.05F), zero(dtype, 3)});
      expect_operator(read(add(type, inputs, {}, microsoft)), op);
    }
    std::vector<std::string> inputs = integers(dtype);
    inputs.insert(inputs.end(), {constant(random_bytes({4, 3, 3, 3}, DType::i8, 1)), scale(0.01F), zero(DType::i8, 5),
                                 scale(0.2F), zero(dtype, 3)});
    expect_operator(read(add("QLinearConv", inputs)), "quantized_conv");
    inputs[3] = constant(random_bytes({5, 4}, DType::i8, 1));
    expect_operator(read(add("QLinearMatMul", inputs)), "quantized_dense");
  }
}

TEST_F(QuantizedOnnx, SumsAndScalesThatAreComputed) {
  const std::vector<std::string> x = integers();
  const InferenceModel conv =
      read(add("ConvInteger", {x[0], constant(random_bytes({4, 3, 2, 2}, DType::u8, 1)), x[2], zero(DType::u8, 130)}));
  EXPECT_NE(find(conv.graph.nodes(), "integer_conv"), nullptr);
  EXPECT_EQ(conv.graph.results().at(0).type.dtype, DType::i32);
  model_.nodes.push_back({.name = "d",
                          .type = "DynamicQuantizeLinear",
                          .domain = {},
                          .inputs = {"x"},
                          .outputs = {"q", "s", "z"},
                          .attributes = {}});
  const InferenceModel product = read(add("MatMulInteger", {"q", constant(random_bytes({5, 4}, DType::i8, 1)), "z"}));
  EXPECT_NE(find(product.graph.nodes(), "integer_dense"), nullptr);
  EXPECT_EQ(product.graph.results().at(0).type.shape, (Shape{1, 6, 4, 3}));  // channels last, as in every result
}

// Written and read again, they are the same.
TEST_F(QuantizedOnnx, SumsComeBack) {
  const std::vector<std::string> x = integers();
  const std::string sums =
      add("ConvInteger", {x[0], constant(random_bytes({4, 3, 2, 2}, DType::u8, 1)), x[2], zero(DType::u8, 130)},
          {{"pads", std::vector<int64_t>{1, 0, 0, 1}}});
  const std::string rows = add("MatMulInteger", {x[0], constant(random_bytes({5, 4}, DType::i8, 1)), x[2]});
  for (const std::string& result : {sums, rows}) {
    const InferenceModel model = read(result);
    Tensor image(model.graph.arguments().at(0).type.shape, DType::f32);
    Random random(9, 1);
    for (float& value : image.values<float>()) value = random.uniform(-1, 2);
    write_onnx(folder_ / "again.onnx", model);
    const Tensor first = result_of(model, image), second = result_of(read_onnx(folder_ / "again.onnx"), image);
    ASSERT_EQ(first.shape(), second.shape());
    EXPECT_EQ(std::memcmp(first.raw(), second.raw(), first.bytes()), 0) << result;
  }
}

// Without a zero point the attribute gives the type, and uint8 is the default.
TEST_F(QuantizedOnnx, TypesByAttribute) {
  EXPECT_EQ(read(add("QuantizeLinear", {"x", scale(0.1F)})).graph.results().at(0).type.dtype, DType::u8);
  for (const auto& [code, dtype] : {std::pair{int64_t{2}, DType::u8}, {3, DType::i8}}) {
    const std::string y = add("QuantizeLinear", {"x", scale(0.1F)}, {{"output_dtype", code}});
    EXPECT_EQ(read(y).graph.results().at(0).type.dtype, dtype);
  }
  const std::string half = add("QuantizeLinear", {"x", scale(0.1F)}, {{"output_dtype", int64_t{17}}});
  expect_error(1, [&] { read(half); }, {"model.onnx", "QuantizeLinear", "type 17"});
}

// Scales of constants by channel and by block are multiplied into their real numbers.
TEST_F(QuantizedOnnx, ConstantsByChannelAndBlock) {
  const Tensor bytes = random_bytes({2, 6}, DType::i8, 4);
  for (const int64_t block : {0, 2, 3}) {
    const int64_t axis = block == 0 ? 0 : 1, count = block == 0 ? 2 : 2 * (6 / block);
    Tensor scales(block == 0 ? Shape{2} : Shape{2, 6 / block}, DType::f32), zeros(scales.shape(), DType::i8);
    for (int64_t i = 0; i < count; ++i) scales.data<float>()[i] = 0.1F * static_cast<float>(i + 1);
    for (int64_t i = 0; i < count; ++i) zeros.data<int8_t>()[i] = static_cast<int8_t>(i - 3);
    const std::string w =
        add("DequantizeLinear", {constant(bytes), constant(scales), constant(zeros)}, {{"axis", axis}, {"block_size", block}});
    model_.inputs = {{.name = "x", .dtype = DType::f32, .shape = {1, 2}}};
    const InferenceModel model = read(add("MatMul", {"x", w}));
    const Tensor& got = model.tensors.at(w);
    for (int64_t i = 0; i < 12; ++i) {
      const int64_t at = block == 0 ? i / 6 : i / 6 * (6 / block) + i % 6 / block;
      const float wanted = scales.data<float>()[at] * static_cast<float>(bytes.data<int8_t>()[i] - zeros.data<int8_t>()[at]);
      EXPECT_EQ(got.data<float>()[i], wanted) << block << " " << i;
    }
  }
}

TEST_F(QuantizedOnnx, PicturesOfBytes) {
  model_.inputs = {{.name = "x", .dtype = DType::u8, .shape = {1, 3, 6, 5}}};
  const std::string real = add("Cast", {"x"}, {{"to", int64_t{1}}});
  const InferenceModel model = read(add("Conv", {add("Div", {real, scale(255)}), constant(Tensor({2, 3, 3, 3}, DType::f32))}));
  const TensorType type = model.graph.arguments().at(0).type;
  EXPECT_EQ(type.dtype, DType::u8);
  EXPECT_EQ(type.shape, (Shape{1, 6, 5, 3}));
  EXPECT_EQ(type.quantization->scales, std::vector<float>{1});
}

// Rounds once, to nearest with halves to even, for any pair of scales: as defined, and the same after export.
TEST_F(QuantizedOnnx, RequantizesOnce) {
  Random random(5, 1);
  model_.inputs = {{.name = "x", .dtype = DType::u8, .shape = {1, 256}}};
  Tensor every({1, 256}, DType::u8);
  for (int i = 0; i < 256; ++i) every.raw()[i] = static_cast<std::byte>(i);
  for (int draw = 0; draw < 12; ++draw) {
    const float a = draw % 3 == 0 ? 0.25F : random.uniform(0.005F, 0.1F),
                b = draw % 3 == 0 ? 0.5F : random.uniform(0.005F, 0.1F);
    const int za = static_cast<int>(random.bits() % 256), zb = static_cast<int>(random.bits() % 256);
    const std::string real = add("DequantizeLinear", {"x", scale(a), zero(DType::u8, za)});
    const InferenceModel model = read(add("QuantizeLinear", {real, scale(b), zero(DType::u8, zb)}));
    const Tensor got = result_of(model, every);
    for (int q = 0; q < 256; ++q) {
      volatile float number = static_cast<float>(q - za) * a;
      const float steps = std::nearbyint(number / b);
      ASSERT_EQ(got.data<uint8_t>()[q], std::clamp(static_cast<int>(steps) + zb, 0, 255)) << a << " " << b << " " << q;
    }
    write_onnx(folder_ / "again.onnx", model);
    const Tensor again = result_of(read_onnx(folder_ / "again.onnx"), every);
    EXPECT_EQ(std::memcmp(again.raw(), got.raw(), got.bytes()), 0);
  }
}

// A file is read for its own batch, for any batch when that is open, and for another one when every shape can follow; otherwise
// it is refused.
TEST_F(QuantizedOnnx, Batches) {
  const auto rows = [&](Shape input, Shape shape, Shape output) {
    model_ = {.graph_name = "test"};
    model_.inputs = {{.name = "x", .dtype = DType::f32, .shape = std::move(input)}};
    Tensor sizes({std::ssize(shape)}, DType::i64);
    std::ranges::copy(shape, sizes.data<int64_t>());
    const std::string y = add("Reshape", {"x", constant(sizes)});
    model_.outputs = {{.name = y, .dtype = DType::f32, .shape = std::move(output)}};
    write_onnx_file(folder_ / "model.onnx", model_);
  };
  const auto shape = [&](int64_t batch) {
    return read_onnx(folder_ / "model.onnx", {.batch = batch}).graph.results().at(0).type.shape;
  };
  rows({-1, 8, 4}, {-1, 4}, {-1, 4});
  EXPECT_EQ(shape(0), (Shape{8, 4}));
  EXPECT_EQ(shape(3), (Shape{24, 4}));
  rows({2, 8, 4}, {2, -1}, {2, 32});
  EXPECT_EQ(shape(0), (Shape{2, 32}));
  EXPECT_EQ(shape(5), (Shape{5, 32}));
  rows({2, 8, 4}, {16, 4}, {16, 4});
  EXPECT_EQ(shape(2), (Shape{16, 4}));
  expect_error(1, [&] { shape(1); }, {"model.onnx", "[16, 4]"});
  rows({2, 8, 4}, {1, -1}, {1, 64});
  EXPECT_EQ(shape(0), (Shape{1, 64}));
  expect_error(1, [&] { shape(4); }, {"is for a batch of 2"});
  rows({}, {1, 1}, {1, 1});
  EXPECT_EQ(shape(7), (Shape{1, 1}));
}

}  // namespace
}  // namespace fovea
