// SPDX-License-Identifier: Apache-2.0
// The operators as structs, which are generated, against MLIR's register of operators.
#include "fovea/graph/operators.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fovea/graph/graph_implementation.h"
#include "mlir/IR/MLIRContext.h"

namespace fovea {
namespace {

// Sets every attribute to a value that no default has.
struct Unusual {
  void operator()(const char*, bool& value) const { value = !value; }
  void operator()(const char*, int64_t& value) const { value += 7; }
  void operator()(const char*, double& value) const { value += 0.625; }
  void operator()(const char*, std::string& value) const { value += "text"; }
  void operator()(const char*, std::vector<int64_t>& value) const { value = {3, 5}; }
  void operator()(const char*, Tensor& value) const { value = Tensor::of<float>({2}, {1.5F, 2.5F}); }
  void operator()(const char*, DType& value) const { value = DType::bf16; }
  void operator()(const char*, QuantizedType& value) const {
    value = {.storage = DType::u8, .quantization = {.scales = {0.5F}, .zeros = {3}}};
  }
  void operator()(const char*, ops::Padding& value) const { value = "same"; }
  template <typename T>
  void operator()(const char* name, std::optional<T>& value) const {
    (*this)(name, value.emplace());
  }
};

std::string text(const Attribute& attribute) {
  return std::visit(
      [](const auto& value) -> std::string {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Tensor>)
          return fmt::format("{} {} {}", to_string(value.shape()), value.template values<float>()[0],
                             value.template values<float>()[1]);
        else if constexpr (std::is_same_v<T, QuantizedType>)
          return to_string(TensorType{{1}, value.storage, value.quantization});
        else if constexpr (std::is_same_v<T, std::vector<int64_t>>)
          return to_string(value);
        else if constexpr (std::is_same_v<T, std::string>)
          return value;
        else
          return fmt::format("{}", value);
      },
      attribute);
}

std::vector<std::string> texts(const Attributes& attributes) {
  std::vector<std::string> all;
  for (const auto& [name, attribute] : attributes) all.push_back(name + " " + text(attribute));
  return all;
}

std::vector<std::string> attribute_names(const mlir::RegisteredOperationName& registered) {
  std::vector<std::string> names;
  for (const mlir::StringAttr name : registered.getAttributeNames()) names.push_back(name.str());
  return names;
}

// The operator with these operands and unusual attributes is what from() reads back.
template <typename Op>
void expect_round_trip(mlir::MLIRContext* context) {
  SCOPED_TRACE(std::string(Op::name));
  const auto registered = mlir::RegisteredOperationName::lookup("fovea." + std::string(Op::name), context);
  ASSERT_TRUE(registered.has_value());
  std::vector<Ref> operands;
  for (size_t i = 0; i < Op().operands().size() + 2; ++i) operands.push_back({static_cast<int32_t>(i) + 3});
  Op op = Op::from(operands, [] {
    Op standard;
    standard.visit_attributes(Unusual());
    return standard.attributes();
  }());
  std::vector<std::string> visited;
  op.visit_attributes([&](const char* name, const auto&) { visited.emplace_back(name); });
  EXPECT_THAT(visited, testing::UnorderedElementsAreArray(attribute_names(*registered)));
  const Op again = Op::from(op.operands(), op.attributes());
  EXPECT_EQ(again.operands(), op.operands());
  EXPECT_EQ(op.operands(), std::vector<Ref>(operands.begin(), operands.begin() + std::ssize(op.operands())));
  EXPECT_EQ(op.attributes().size(), visited.size());
  EXPECT_EQ(texts(again.attributes()), texts(op.attributes()));
}

template <typename... Ops>
void expect_all(ops::List<Ops...>, mlir::MLIRContext* context) {
  (expect_round_trip<Ops>(context), ...);
  std::vector<std::string> known;
  for (const mlir::RegisteredOperationName op : context->getRegisteredOperations())
    if (op.getDialectNamespace() == "fovea") known.push_back(op.stripDialect().str());
  EXPECT_THAT((std::vector<std::string>{std::string(Ops::name)...}), testing::UnorderedElementsAreArray(known));
}

TEST(Operators, EachIsReadBackWithItsAttributes) {
  const Graph graph;
  expect_all(ops::All(), graph.implementation().context.get());
}

TEST(Operators, AreAddedAndReadByName) {
  Graph graph;
  const Ref x = graph.argument("x", {{2, 4, 4, 3}, DType::f32}, Role::input);
  const Ref w = graph.argument("w", {{3, 3, 3, 5}, DType::f32}, Role::parameter);
  const Ref y = graph.add(ops::Conv{.input = x, .filter = w, .strides = {2, 2}, .padding = "same"}, "conv1");
  const auto [pooled, tap] = graph.add(ops::MaxPool{.input = y, .window = {2, 2}}, "pool");
  const Ref joined = graph.add(ops::Concat{.inputs = {pooled, pooled, pooled}, .dim = 3}, "join");
  const Ref narrow = graph.add(ops::Cast{.input = joined, .dtype = DType::bf16}, "");
  graph.finish({{"output", narrow}, {"tap", tap}});
  EXPECT_EQ(graph.results()[0].type, (TensorType{{2, 1, 1, 15}, DType::bf16}));
  const std::vector<Graph::Node> nodes = graph.nodes();
  ASSERT_EQ(nodes.size(), 4U);
  EXPECT_TRUE((nodes[0].is<ops::Dense, ops::Conv>()));
  EXPECT_FALSE((nodes[0].is<ops::Dense, ops::ConvTranspose>()));
  EXPECT_FALSE(nodes[0].as<ops::Dense>().has_value());
  const auto conv = nodes[0].as<ops::Conv>();
  ASSERT_TRUE(conv.has_value());
  EXPECT_EQ(conv->filter, w);
  EXPECT_EQ(conv->strides, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(conv->groups, 1);
  EXPECT_EQ(conv->padding.value().rule(), "same");
  EXPECT_EQ(nodes[0].find("groups"), nullptr);  // defaults are left out
  EXPECT_FALSE(nodes[1].as<ops::MaxPool>().value().padding.has_value());
  EXPECT_EQ(nodes[2].as<ops::Concat>().value().inputs, std::vector<Ref>(3, pooled));
  EXPECT_EQ(nodes[3].as<ops::Cast>().value().dtype, DType::bf16);
}

TEST(Operators, PaddingIsARuleOrNumbers) {
  const ops::Padding rule = "valid", numbers = std::vector<int64_t>{1, 2};
  EXPECT_EQ(rule.rule(), "valid");
  EXPECT_EQ(rule.cells(), nullptr);
  EXPECT_EQ(numbers.rule(), "");
  EXPECT_EQ(*numbers.cells(), (std::vector<int64_t>{1, 2}));
}

}  // namespace
}  // namespace fovea
