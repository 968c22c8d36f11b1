// SPDX-License-Identifier: Apache-2.0
// Graph, which records a network without MLIR.
#include "fovea/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fovea/core/error.h"
#include "tests/support/refusal.h"

namespace fovea {
namespace {

using testing::HasSubstr;

Graph small_graph() {
  Graph graph("network");
  const Ref x = graph.argument("image", {{2, 4, 4, 3}, DType::f32}, Role::input);
  const Ref w = graph.argument("conv1.weight", {{3, 3, 3, 5}, DType::f32}, Role::parameter);
  const Ref y = graph.add("conv", {x, w}, {{"padding", std::string("same")}}, "conv1")[0];
  const Ref rate = graph.add("constant", {}, {{"value", Tensor::of<float>({}, {0.5F})}}, "")[0];
  graph.finish({{"output", y}, {"conv1.weight", graph.add("mul", {w, rate}, {}, "decay")[0]}});
  return graph;
}

TEST(Graph, RecordsTypesArgumentsAndResults) {
  const Graph graph = small_graph();
  ASSERT_EQ(graph.arguments().size(), 2U);
  EXPECT_EQ(graph.arguments()[1].name, "conv1.weight");
  EXPECT_EQ(graph.arguments()[1].role, Role::parameter);
  ASSERT_EQ(graph.results().size(), 2U);
  EXPECT_EQ(graph.results()[0].type, (TensorType{{2, 4, 4, 5}, DType::f32}));
  EXPECT_EQ(to_string(graph.results()[0].type), "[2, 4, 4, 5] f32");
}

TEST(Graph, TextIsReadBack) {
  const Graph graph = small_graph();
  const Graph again = Graph::parse(graph.text(), "network.mlir");
  EXPECT_EQ(again.text(), graph.text());
  EXPECT_EQ(again.arguments()[1].name, "conv1.weight");
  EXPECT_EQ(again.arguments()[0].role, Role::input);
  EXPECT_EQ(again.results()[1].name, "conv1.weight");
  EXPECT_THAT(graph.text(), HasSubstr("loc(\"conv1\")"));
}

void expect_nodes(const Graph& graph) {
  const std::vector<Graph::Node> nodes = graph.nodes();
  ASSERT_EQ(nodes.size(), 4U);
  const Graph::Node& pool = nodes[0];
  EXPECT_EQ(pool.op, "avg_pool");
  EXPECT_EQ(pool.layer, "pool");
  EXPECT_EQ(pool.operands, std::vector<Ref>{graph.arguments()[0].value});
  EXPECT_EQ(pool.get("window", std::vector<int64_t>{}), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(pool.get("padding", std::string("valid")), "same");
  EXPECT_EQ(pool.find("count_padding"), nullptr);
  EXPECT_TRUE(pool.get("count_padding", true));
  EXPECT_EQ(nodes[1].get("dtype", std::string()), "bf16");
  EXPECT_EQ(nodes[1].layer, "");
  EXPECT_EQ(std::get<Tensor>(*nodes[2].find("value")).values<float>()[0], 2.5F);
  EXPECT_DOUBLE_EQ(nodes[3].get("value", 0.0), -1.5);
  EXPECT_EQ(nodes[3].operands, pool.results);
  EXPECT_EQ(graph.type(nodes[3].results[0]), (TensorType{{2, 2, 2, 5}, DType::f32}));
  EXPECT_EQ(graph.results()[0].value, nodes[3].results[0]);
  EXPECT_EQ(graph.results()[1].value, nodes[1].results[0]);
  EXPECT_EQ(nodes[1].operands, std::vector<Ref>{graph.arguments()[1].value});
}

TEST(Graph, NodesAreWhatWasAdded) {
  Graph graph;
  const Ref x = graph.argument("x", {{2, 4, 4, 3}, DType::f32}, Role::input);
  const Ref y =
      graph.add("avg_pool", {x}, {{"window", std::vector<int64_t>{2, 3}}, {"padding", std::string("same")}}, "pool")[0];
  const Ref late = graph.argument("late", {{3}, DType::f32}, Role::parameter);  // its index comes after that of an operator
  const Ref cast = graph.add("cast", {late}, {{"dtype", std::string("bf16")}}, "")[0];
  graph.add("constant", {}, {{"value", Tensor::of<float>({}, {2.5F})}}, "");
  const Ref wide =
      graph.add("pad", {y}, {{"padding", std::vector<int64_t>{0, 0, 0, 0, 0, 0, 1, 1}}, {"value", -1.5}}, "frame")[0];
  graph.finish({{"output", wide}, {"cast", cast}});
  expect_nodes(graph);
  expect_nodes(Graph::parse(graph.text(), "network.mlir"));
}

TEST(Graph, ErrorsNameTheLayer) {
  Graph graph;
  const Ref x = graph.argument("x", {{1, 5, 5, 64}, DType::f32}, Role::input);
  const Ref w = graph.argument("w", {{7, 7, 64, 64}, DType::f32}, Role::parameter);
  EXPECT_EQ(refusal_of([&] {
              graph.add("conv", {x, w}, {}, "layer1.0.conv1");
            }),
            "conv \"layer1.0.conv1\": filter 7x7 is larger than its padded input 5x5 (input [1, 5, 5, 64], padding valid)");
  // A refused operator leaves no trace.
  EXPECT_EQ(graph.type(graph.add("relu", {x}, {}, "")[0]).shape, (Shape{1, 5, 5, 64}));
}

TEST(Graph, RefusesWhatItDoesNotKnow) {
  Graph graph;
  const Ref x = graph.argument("x", {{2, 3}, DType::f32}, Role::input),
            labels = graph.argument("labels", {{2}, DType::i32}, Role::input);
  EXPECT_THAT(refusal_of([&] { graph.add("reluu", {x}, {}, ""); }), HasSubstr("did you mean \"relu\""));
  EXPECT_THAT(refusal_of([&] { graph.add("leaky_relu", {x}, {{"slop", 0.1}}, "a"); }), HasSubstr("did you mean \"slope\""));
  EXPECT_THAT(refusal_of([&] { graph.add("relu", {labels}, {}, "act"); }), HasSubstr("relu \"act\": operand #0 must be"));
  EXPECT_THAT(refusal_of([&] {
                graph.add("dropout", {x, labels, labels}, {{"rate", 1.5}}, "drop");
              }),
              HasSubstr("dropout \"drop\": "));
  EXPECT_THAT(refusal_of([&] { graph.add("dequantize", {x}, {}, "back"); }),
              HasSubstr("dequantize \"back\": input must be of quantized integers, not f32"));
  EXPECT_THAT(refusal_of([&] { graph.add("reduce_sum", {x}, {}, "sum"); }), HasSubstr("requires attribute 'dims'"));
  EXPECT_THAT(refusal_of([&] { graph.add("relu", {}, {}, "act"); }), HasSubstr("takes 1 operands, not 0"));
  EXPECT_THAT(refusal_of([&] { graph.add("conv", {x}, {}, "c"); }), HasSubstr("takes 2 operands, not 1"));
  EXPECT_THAT(refusal_of([&] {
                graph.argument("x", {{2}, DType::f32}, Role::input);
              }),
              HasSubstr("two arguments are named \"x\""));
  EXPECT_THAT(refusal_of([&] { graph.argument("y", {{0, 2}, DType::f32}, Role::input); }), HasSubstr("at least 1"));
  EXPECT_THAT(refusal_of([&] { graph.argument("z", {{2}, DType::u8}, Role::input); }), HasSubstr("u8"));
}

TEST(Graph, ResultsReplaceOnlyWhatFits) {
  Graph graph;
  const Ref x = graph.argument("x", {{2, 3}, DType::f32}, Role::input),
            w = graph.argument("w", {{3}, DType::f32}, Role::parameter);
  const Ref y = graph.add("add", {x, w}, {}, "")[0];
  EXPECT_THAT(refusal_of([&] { graph.finish({{"w", y}}); }), HasSubstr("cannot replace"));
  EXPECT_THAT(refusal_of([&] { graph.finish({{"x", y}}); }), HasSubstr("name of an input"));
}

TEST(Graph, ParseErrorsSayWhere) {
  const auto failure = [](const std::string& text) -> std::string {
    try {
      Graph::parse(text, "net.mlir");
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::invalid_argument);
      return error.what();
    }
    return "nothing failed";
  };
  EXPECT_THAT(failure("func.func @f(%x: tensor<2xf32>) {\n  fovea.nothing\n"), HasSubstr("net.mlir:2:"));
  EXPECT_THAT(failure(""), HasSubstr("net.mlir: no public function"));
}

}  // namespace
}  // namespace fovea
