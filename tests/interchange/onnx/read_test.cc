// SPDX-License-Identifier: Apache-2.0
// The reader's reactions to files that are corrupt or need something that is not supported.
#include "fovea/interchange/onnx/read.h"

#include <gtest/gtest.h>

#include "fovea/interchange/onnx/onnx_file.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

class OnnxRead : public FolderTest {
 protected:
  // A file with one image as input, `nodes`, and their last result.
  std::filesystem::path file(std::vector<OnnxNode> nodes, std::map<std::string, Tensor> initializers = {},
                             Shape shape = {1, 3, 8, 8}) {
    OnnxFile model{.graph_name = "test", .nodes = std::move(nodes), .initializers = std::move(initializers)};
    model.inputs = {{.name = "x", .dtype = DType::f32, .shape = std::move(shape)}};
    model.outputs = {{.name = model.nodes.back().outputs.front(), .dtype = DType::f32, .shape = {}}};
    write_onnx_file(folder_ / "model.onnx", model);
    return folder_ / "model.onnx";
  }
  void refused(const std::filesystem::path& path, std::initializer_list<std::string> parts) {
    expect_error(
        1, [&] { read_onnx(path); }, parts);
  }
};

OnnxNode node(std::string type, std::vector<std::string> inputs, std::map<std::string, OnnxAttribute> attributes = {}) {
  return {.name = "/layer1/" + type,
          .type = type,
          .domain = {},
          .inputs = std::move(inputs),
          .outputs = {"y"},
          .attributes = std::move(attributes)};
}

Tensor zeros(Shape shape) { return {std::move(shape), DType::f32}; }

TEST_F(OnnxRead, UnknownOperatorsAreNamedWithTheirNode) {
  refused(file({node("FancyAttention", {"x"})}), {"model.onnx", "\"/layer1/FancyAttention\" is a FancyAttention"});
  OnnxNode custom = node("Conv", {"x"});
  custom.domain = "com.example";
  refused(file({custom}), {"is a com.example.Conv"});
}

TEST_F(OnnxRead, WhatDoesNotFitIsNamed) {
  refused(file({node("Conv", {"x", "w"})}, {{"w", zeros({4, 5, 3, 3})}}), {"model.onnx", "conv \"/layer1/Conv\""});
  refused(file({node("Conv", {"x", "w"}, {{"strides", std::vector<int64_t>{0, 1}}})}, {{"w", zeros({4, 3, 3, 3})}}),
          {"strides", "from 1"});
  refused(file({node("Relu", {"nothing"})}), {"\"nothing\", which nothing before it computes"});
  refused(file({node("Reshape", {"x", "s"})}, {{"s", Tensor::of<int64_t>({2}, {5, -1})}}), {"/layer1/Reshape", "[5, -1]"});
  refused(file({node("Transpose", {"x"}, {{"perm", std::vector<int64_t>{0, 1, 1, 2}}})}), {"no order of 4 dimensions"});
  refused(file({node("Relu", {"x"})}, {}, {1, 3, -1, 8}), {"dimension 2 of the input \"x\" is left open"});
}

// Results that nothing reads have no name.
TEST_F(OnnxRead, NamelessResults) {
  OnnxNode first = node("Dropout", {"x"});
  first.outputs = {"kept", ""};
  const InferenceModel model = read_onnx(file({first, node("Mul", {"kept", "kept"})}));
  EXPECT_EQ(model.graph.results().at(0).type.shape, (Shape{1, 8, 8, 3}));
}

TEST_F(OnnxRead, EveryTruncationIsAnError) {
  const std::filesystem::path path = file({node("Gemm", {"f", "w"})}, {{"f", zeros({1, 2})}, {"w", zeros({2, 2})}});
  std::string bytes = read_text(path);
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::filesystem::path cut = write("cut.onnx", bytes.substr(0, length));
    expect_error(ErrorCode::data_loss, [&] { read_onnx(cut); }, {"cut.onnx"});
  }
}

// The caller chooses the batch when the file leaves it open, and channels come last.
TEST_F(OnnxRead, OpenBatch) {
  const InferenceModel model =
      read_onnx(file({node("Conv", {"x", "w"})}, {{"w", zeros({4, 3, 3, 3})}}, {-1, 3, 8, 8}), {.batch = 5});
  EXPECT_EQ(model.graph.arguments().at(0).type.shape, (Shape{5, 8, 8, 3}));
  EXPECT_EQ(model.graph.results().at(0).type.shape, (Shape{5, 6, 6, 4}));
  EXPECT_EQ(model.tensors.at("w").shape(), (Shape{3, 3, 3, 4}));
}

// TensorFlow's exports transpose their input, so it has channels last already.
TEST_F(OnnxRead, TransposedInputStays) {
  OnnxNode turn{.name = "t",
                .type = "Transpose",
                .domain = {},
                .inputs = {"x"},
                .outputs = {"t"},
                .attributes = {{"perm", std::vector<int64_t>{0, 3, 1, 2}}}};
  const InferenceModel model = read_onnx(file({turn, node("Conv", {"t", "w"})}, {{"w", zeros({4, 3, 3, 3})}}, {1, 8, 8, 3}));
  EXPECT_EQ(model.graph.arguments().at(0).type.shape, (Shape{1, 8, 8, 3}));
  EXPECT_EQ(model.graph.nodes().size(), 1u);
}

// Constants of shifted windows: they are computed while reading, and the data is sliced by them.
TEST_F(OnnxRead, ConstantArithmetic) {
  const auto step = [](std::string type, std::vector<std::string> inputs, std::string output) {
    OnnxNode made = node(std::move(type), std::move(inputs));
    made.outputs = {std::move(output)};
    return made;
  };
  // (-3 mod 8, -3 mod 8) = (5, 5); the second becomes 6; not (5 == 6) holds, so rows from 6 on are taken.
  const InferenceModel model =
      read_onnx(file({step("Mod", {"minus", "eight"}, "five"), step("ScatterND", {"five", "places", "six"}, "pair"),
                      step("Gather", {"pair", "zero"}, "a"), step("Gather", {"pair", "one"}, "b"),
                      step("Equal", {"a", "b"}, "same"), step("Not", {"same"}, "other"),
                      step("Where", {"other", "b", "a"}, "begin"), step("Slice", {"x", "begin", "end", "axis"}, "y")},
                     {{"minus", Tensor::of<int64_t>({2}, {-3, -3})},
                      {"eight", Tensor::of<int64_t>({}, {8})},
                      {"places", Tensor::of<int64_t>({1, 1}, {-1})},
                      {"six", Tensor::of<int64_t>({1}, {6})},
                      {"zero", Tensor::of<int64_t>({1}, {0})},
                      {"one", Tensor::of<int64_t>({1}, {1})},
                      {"end", Tensor::of<int64_t>({1}, {8})},
                      {"axis", Tensor::of<int64_t>({1}, {2})}}));
  EXPECT_EQ(model.graph.results().at(0).type.shape, (Shape{1, 2, 8, 3}));
  refused(file({step("ScatterND", {"five", "places", "six"}, "pair"), step("Slice", {"x", "pair", "pair"}, "y")},
               {{"five", Tensor::of<int64_t>({2}, {5, 5})},
                {"places", Tensor::of<int64_t>({1, 1}, {2})},
                {"six", Tensor::of<int64_t>({1}, {6})}}),
          {"ScatterND", "index 2 of 2"});
}

// Results of four dimensions have channels last.
TEST_F(OnnxRead, EinsumIsAStackOfProducts) {
  const auto equation = [](const char* text) { return node("Einsum", {"x", "w"}, {{"equation", std::string(text)}}); };
  const auto result = [&](const char* text, const Shape& weights) {
    return read_onnx(file({equation(text)}, {{"w", zeros(weights)}}, {1, 3, 4, 5})).graph.results().at(0).type.shape;
  };
  EXPECT_EQ(result("bhid, bhjd -> bhij", {1, 3, 6, 5}), (Shape{1, 4, 6, 3}));
  EXPECT_EQ(result("bhid,hjd->bjhi", {3, 6, 5}), (Shape{1, 3, 4, 6}));
  EXPECT_EQ(result("abcd,de->abce", {5, 7}), (Shape{1, 4, 7, 3}));
  // Letters of only one operand are summed first; an ellipsis and an implicit result are resolved.
  EXPECT_EQ(result("bhid,bhjd->bhi", {1, 3, 6, 5}), (Shape{1, 4, 3}));
  EXPECT_EQ(result("bhid,bhjk->bhij", {1, 3, 6, 5}), (Shape{1, 4, 6, 3}));
  EXPECT_EQ(result("...id,...jd->...ij", {1, 3, 6, 5}), (Shape{1, 4, 6, 3}));
  EXPECT_EQ(result("abcd,de", {5, 7}), (Shape{1, 4, 7, 3}));
  const std::map<std::string, Tensor> weights{{"w", zeros({1, 3, 6, 5})}};
  refused(file({equation("bhid,bhjd->bhiz")}, weights, {1, 3, 4, 5}), {"\"z\" of the result is of no input"});
  refused(file({equation("bhii,bhjd->bhj")}, weights, {1, 3, 4, 5}), {"none twice in one tensor"});
  refused(file({equation("bhidbhjd")}, weights, {1, 3, 4, 5}), {"of 2 inputs"});
  refused(file({equation("b...hidx,bhjd->b")}, weights, {1, 3, 4, 5}), {"fewer dimensions"});
  refused(file({equation("bhid,bhjd->bhij")}, {{"w", zeros({1, 3, 6, 4})}}, {1, 3, 4, 5}), {"differ along \"d\""});
}

TEST_F(OnnxRead, StacksOfMatrices) {
  const auto product = [&](const Shape& weights) {
    return file({node("MatMul", {"x", "w"})}, {{"w", zeros(weights)}}, {1, 3, 4, 5});
  };
  EXPECT_EQ(read_onnx(product({1, 3, 5, 6})).graph.results().at(0).type.shape, (Shape{1, 4, 6, 3}));
  EXPECT_EQ(read_onnx(product({1, 1, 5, 6})).graph.results().at(0).type.shape, (Shape{1, 4, 6, 3}));
  EXPECT_EQ(read_onnx(product({7, 1, 3, 5, 6})).graph.results().at(0).type.shape, (Shape{7, 3, 4, 6, 1}));
  EXPECT_EQ(read_onnx(product({5})).graph.results().at(0).type.shape, (Shape{1, 4, 3}));
  refused(product({1, 2, 5, 6}), {"do not fit together"});
}

}  // namespace
}  // namespace fovea
