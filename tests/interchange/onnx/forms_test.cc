// SPDX-License-Identifier: Apache-2.0
// Operators in older and newer opsets: both forms of a node compute the same, and nothing in a node is ignored.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "fovea/inference/session.h"
#include "fovea/interchange/onnx/onnx_file.h"
#include "fovea/interchange/onnx/read.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

using Numbers = std::vector<int64_t>;
using Floats = std::vector<float>;

struct Said {
  int64_t opset = 13;
  std::string type;
  std::map<std::string, OnnxAttribute> attributes = {};
  std::vector<std::pair<std::string, Tensor>> inputs = {};  // after x; without a name: left out
  size_t outputs = 1;
};

Tensor integers(const Numbers& numbers) {
  Tensor tensor({static_cast<int64_t>(numbers.size())}, DType::i64);
  std::ranges::copy(numbers, tensor.data<int64_t>());
  return tensor;
}

Tensor floats(const Shape& shape, const Floats& numbers) {
  Tensor tensor(shape, DType::f32);
  std::ranges::copy(numbers, tensor.data<float>());
  return tensor;
}

Tensor truth(bool value) {
  Tensor tensor({}, DType::boolean);
  tensor.raw()[0] = std::byte{value};
  return tensor;
}

class OnnxForms : public FolderTest {
 protected:
  std::filesystem::path file(const Said& said, const Shape& shape = {2, 3, 4, 5}) {
    OnnxFile model{.opset = said.opset, .graph_name = "form"};
    OnnxNode node{
        .name = "the node", .type = said.type, .domain = {}, .inputs = {"x"}, .outputs = {}, .attributes = said.attributes};
    for (const auto& [name, tensor] : said.inputs) {
      node.inputs.push_back(name);
      if (!name.empty()) model.initializers[name] = tensor;
    }
    for (size_t i = 0; i < said.outputs; ++i) {
      node.outputs.push_back("y" + std::to_string(i));
      model.outputs.push_back({.name = node.outputs.back(), .dtype = DType::f32, .shape = {}});
    }
    model.nodes = {node};
    model.inputs = {{.name = "x", .dtype = DType::f32, .shape = shape}};
    write_onnx_file(folder_ / "model.onnx", model);
    return folder_ / "model.onnx";
  }

  std::vector<Tensor> results(const Said& said, const Shape& shape = {2, 3, 4, 5}) {
    const InferenceModel model = read_onnx(file(said, shape), {.batch = 0});
    Session session(model.graph, model.tensors, {.inference = true});
    std::mt19937 random(7);
    for (float& value : session.argument("x").values<float>()) value = std::uniform_real_distribution<float>(-2, 2)(random);
    ThreadPool threads(1);
    session.run(threads);
    std::vector<Tensor> tensors;
    for (const Graph::Result& result : model.graph.results()) tensors.push_back(session.result(result.name).clone());
    return tensors;
  }

  void same(const Said& old, const Said& recent, const Shape& shape = {2, 3, 4, 5}) {
    SCOPED_TRACE(old.type + " of opset " + std::to_string(old.opset));
    const std::vector<Tensor> a = results(old, shape), b = results(recent, shape);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].shape(), b[i].shape());
      EXPECT_EQ(std::memcmp(a[i].raw(), b[i].raw(), a[i].bytes()), 0);
    }
  }

  void refused(const Said& said, std::initializer_list<std::string> parts, const Shape& shape = {2, 3, 4, 5}) {
    expect_error(
        1, [&] { read_onnx(file(said, shape), {.batch = 0}); }, parts);
  }
};

TEST_F(OnnxForms, AttributesThatBecameInputs) {
  same({7, "Clip", {{"min", -1.0F}, {"max", 0.5F}}},
       {13, "Clip", {}, {{"low", floats({}, {-1})}, {"high", floats({}, {0.5F})}}});
  same({10, "Clip", {{"max", 0.5F}}}, {11, "Clip", {}, {{"", {}}, {"high", floats({}, {0.5F})}}});
  for (const char* mode : {"constant", "edge", "reflect"})
    same({7, "Pad", {{"pads", Numbers{0, 0, 1, 2, 0, 0, 2, 1}}, {"mode", std::string(mode)}, {"value", 0.0F}}},
         {18, "Pad", {{"mode", std::string(mode)}}, {{"pads", integers({1, 2, 2, 1})}, {"", {}}, {"axes", integers({2, -1})}}});
  same({9, "Slice", {{"starts", Numbers{1, -3}}, {"ends", Numbers{3, 1000}}, {"axes", Numbers{2, 3}}}},
       {13, "Slice", {}, {{"s", integers({1, -3})}, {"e", integers({3, 1000})}, {"a", integers({2, 3})}}});
  same({7, "Split", {{"split", Numbers{1, 4}}, {"axis", int64_t{3}}}, {}, 2},
       {13, "Split", {{"axis", int64_t{-1}}}, {{"parts", integers({1, 4})}}, 2});
  same({18, "Split", {{"axis", int64_t{2}}, {"num_outputs", int64_t{2}}}, {}, 2}, {13, "Split", {{"axis", int64_t{2}}}, {}, 2});
  same({11, "Squeeze", {{"axes", Numbers{0, -1}}}}, {13, "Squeeze", {}, {{"axes", integers({0, 3})}}}, {1, 3, 4, 1});
  same({7, "Unsqueeze", {{"axes", Numbers{0, 3}}}}, {13, "Unsqueeze", {}, {{"axes", integers({0, 3})}}}, {3, 4});
  for (const char* kind : {"ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSumExp", "ReduceProd"})
    same({11, kind, {{"axes", Numbers{1, -1}}, {"keepdims", int64_t{0}}}},
         {18, kind, {{"keepdims", int64_t{0}}}, {{"axes", integers({1, 3})}}});
  same({11, "ReduceSum", {{"axes", Numbers{2}}}}, {13, "ReduceSum", {}, {{"axes", integers({2})}}});
  same({9, "TopK", {{"k", int64_t{2}}}, {}, 2}, {11, "TopK", {}, {{"k", integers({2})}}, 2});
  same({7, "Upsample", {{"scales", Floats{1, 1, 2, 3}}}}, {9, "Upsample", {}, {{"s", floats({4}, {1, 1, 2, 3})}}});
}

// Before opset 13, all dimensions from the axis on count as one.
TEST_F(OnnxForms, SoftmaxOverSeveralDimensions) {
  for (const char* kind : {"Softmax", "LogSoftmax", "Hardmax"}) {
    same({11, kind}, {11, kind, {{"axis", int64_t{-3}}}});
    same({7, kind, {{"axis", int64_t{3}}}}, {13, kind});
    // It must equal a softmax over one dimension with all of them.
    const Tensor flat = results({11, kind})[0];
    const Tensor wanted = results({13, kind, {{"axis", int64_t{1}}}}, {2, 60})[0];
    double sum = 0, other = 0;
    for (int64_t i = 0; i < 60; ++i) sum += flat.data<float>()[i], other += wanted.data<float>()[i];
    EXPECT_NEAR(sum, other, 1e-3 * std::abs(other)) << kind;
  }
}

TEST_F(OnnxForms, TrainingForms) {
  const std::vector<std::pair<std::string, Tensor>> statistics{{"scale", floats({3}, {1, 2, 3})},
                                                               {"shift", floats({3}, {0, 1, -1})},
                                                               {"mean", floats({3}, {0.1F, 0.2F, 0.3F})},
                                                               {"variance", floats({3}, {1, 0.5F, 2})}};
  same({7, "BatchNormalization", {{"spatial", int64_t{1}}, {"momentum", 0.7F}}, statistics},
       {15, "BatchNormalization", {}, statistics});
  refused({7, "BatchNormalization", {{"spatial", int64_t{0}}}, statistics}, {"the node", "spatial is 0"});
  refused({9, "BatchNormalization", {}, statistics, 5}, {"training's statistics"});
  const std::vector<Tensor> trained =
      results({15, "BatchNormalization", {{"training_mode", int64_t{1}}, {"momentum", 0.25F}}, statistics, 3});
  const std::vector<Tensor> x = results({13, "Identity"});
  for (int64_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (int64_t i = c; i < x[0].size(); i += 3) sum += x[0].data<float>()[i];
    const float before = statistics[2].second.data<float>()[c];
    EXPECT_NEAR(trained[1].data<float>()[c], 0.25 * before + 0.75 * sum / 40, 1e-5);
  }

  same({7, "Dropout", {{"ratio", 0.3F}}}, {13, "Identity"});
  same({13, "Dropout", {}, {{"ratio", floats({}, {0.3F})}, {"mode", truth(false)}}}, {13, "Identity"});
  same({13, "Dropout", {}, {{"ratio", floats({}, {0})}, {"mode", truth(true)}}}, {13, "Identity"});
  refused({13, "Dropout", {}, {{"ratio", floats({}, {0.3F})}, {"mode", truth(true)}}}, {"training mode", "at random"});
  for (const float kept : results({13, "Dropout", {}, {}, 2})[1].values<float>()) EXPECT_EQ(kept, 1);
}

// An attribute or input that nothing reads is named, for every operator.
TEST_F(OnnxForms, NothingIsPassedOver) {
  for (const char* type :
       {"Relu",      "Abs",     "Floor",         "Softplus",    "Gelu",      "Elu",    "Clip",    "Identity", "Flatten",
        "Transpose", "Softmax", "GlobalMaxPool", "ReduceSum",   "ReduceL1",  "ArgMax", "Hardmax", "CumSum",   "Dropout",
        "Cast",      "Trilu",   "DepthToSpace",  "HardSigmoid", "LeakyRelu", "IsInf",  "Shape",   "Size"}) {
    SCOPED_TRACE(type);
    const bool axis = std::string(type) == "CumSum";
    const std::vector<std::pair<std::string, Tensor>> inputs =
        axis ? std::vector<std::pair<std::string, Tensor>>{{"axis", integers({1})}}
             : std::vector<std::pair<std::string, Tensor>>{};
    std::map<std::string, OnnxAttribute> attributes{{"fancy", int64_t{1}}};
    if (std::string(type) == "DepthToSpace") attributes["blocksize"] = int64_t{1};
    refused({13, type, attributes, inputs}, {"the node", "fancy", "passes over none"});
  }
  refused({13, "Relu", {}, {{"more", floats({}, {1})}}}, {"the node", "\"more\"", "passes over none"});
  refused({13, "Conv", {{"shuffle", std::string("yes")}}, {{"w", floats({1, 3, 1, 1}, {1, 2, 3})}}}, {"shuffle"});
  refused({11, "Resize", {{"antialias", int64_t{1}}}, {{"", {}}, {"", {}}, {"s", integers({2, 3, 2, 2})}}},
          {"antialias is for"});
}

TEST_F(OnnxForms, OpsetsBeyondThoseRead) {
  for (const int64_t opset : {1, 6, 23, 99}) refused({opset, "Relu"}, {"opset " + std::to_string(opset), "7 to 22"});
  for (const int64_t opset : {7, 22}) EXPECT_NO_THROW(results({opset, "Relu"}));
}

// An If with a known condition is its branch, with the values that this reads from outside.
TEST_F(OnnxForms, ChoicesThatAreKnown) {
  for (const bool holds : {true, false}) {
    OnnxFile model{.opset = 13, .graph_name = "choice"};
    const auto node = [](const char* type, std::vector<std::string> inputs, const char* output) {
      return OnnxNode{
          .name = type, .type = type, .domain = {}, .inputs = std::move(inputs), .outputs = {output}, .attributes = {}};
    };
    const auto branch = [&](const char* type, const char* output) {
      return std::make_shared<const OnnxGraph>(
          OnnxGraph{.nodes = {node(type, {"before"}, output)}, .initializers = {}, .inputs = {}, .outputs = {output}});
    };
    OnnxNode choice = node("If", {"condition"}, "y");
    choice.attributes = {{"then_branch", branch("Relu", "a")}, {"else_branch", branch("Neg", "b")}};
    model.nodes = {node("Abs", {"x"}, "before"), choice};
    model.initializers["condition"] = truth(holds);
    model.inputs = {{.name = "x", .dtype = DType::f32, .shape = {2, 3}}};
    model.outputs = {{.name = "y", .dtype = DType::f32, .shape = {}}};
    write_onnx_file(folder_ / "choice.onnx", model);
    const InferenceModel read = read_onnx(folder_ / "choice.onnx", {.batch = 0});
    ASSERT_EQ(read.graph.nodes().size(), 2U);
    EXPECT_EQ(read.graph.nodes()[1].op, holds ? "relu" : "neg");
  }
}

}  // namespace
}  // namespace fovea
