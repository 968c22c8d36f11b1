// SPDX-License-Identifier: Apache-2.0
// Arithmetic with broadcasting, and activations.
#include <algorithm>
#include <limits>
#include <numbers>

#include "fovea/core/tensor_permute.h"
#include "fovea/graph/operators.h"
#include "fovea/interchange/onnx/exporter.h"

namespace fovea {
namespace {

// The value's tensor with leading dimensions of 1 added up to the rank.
ExportedValue of_rank(const ExportedValue& value, int64_t rank) {
  ExportedValue result = value;
  Shape shape(static_cast<size_t>(rank - value.layout.rank()), 1);
  const Shape own = value.layout.shape();
  shape.insert(shape.end(), own.begin(), own.end());
  result.layout = *value.layout.reshaped(shape);
  if (result.constant) result.constant = result.constant->reshaped(shape);
  return result;
}

// Returns the name of an operand in the dimension order of the other operand. A constant loses its leading dimensions of 1.
std::string operand(Exporter& exporter, ExportedValue value, const std::vector<int64_t>& order) {
  if (!value.constant) return exporter.in_order(value, order);
  const Tensor tensor = permuted(*value.constant, order);
  Shape shape = tensor.shape();
  shape.erase(shape.begin(), std::ranges::find_if(shape, [](int64_t extent) { return extent != 1; }));
  return exporter.real(value, exporter.initializer(value.name, tensor.reshaped(shape)), order);
}

void export_binary(Exporter& exporter, const FusedLayer& layer, const char* type) {
  const Ref lhs = layer.node.operands[0], rhs = layer.node.operands[1];
  const ExportedValue &first = exporter.value(lhs), &second = exporter.value(rhs);
  const Shape shape = exporter.shape(layer.node.results[0]);
  if (!first.constant && !second.constant && first.layout == second.layout && first.shape == second.shape) {
    const Layout layout = first.layout;
    const Shape own = first.shape;
    const std::string y = exporter.add(layer.node.layer, type, {exporter.real(first), exporter.real(second)});
    return exporter.set_reals(layer.output, export_activation(exporter, layer, y), own, layout);
  }
  const auto rank = static_cast<int64_t>(shape.size());
  const ExportedValue a = of_rank(first, rank), b = of_rank(second, rank);
  // The operand that has the whole shape decides the order of the result.
  const bool b_leads = b.layout.shape() == shape && !b.constant && (a.layout.shape() != shape || a.constant);
  const std::vector<int64_t> order = exporter.some_order(b_leads ? b : a);
  const std::string y = exporter.add(layer.node.layer, type, {operand(exporter, a, order), operand(exporter, b, order)});
  exporter.set_in_order(layer.output, export_activation(exporter, layer, y), order);
}

// A comparison, and a selection by its result.
void export_select(Exporter& exporter, const FusedLayer& layer) {
  const std::map<std::string, const char*> comparisons{{"eq", "Equal"},       {"ne", "Equal"},   {"lt", "Less"},
                                                       {"le", "LessOrEqual"}, {"gt", "Greater"}, {"ge", "GreaterOrEqual"}};
  const Shape shape = exporter.shape(layer.node.results[0]);
  std::vector<ExportedValue> values;
  for (const Ref ref : layer.node.operands) values.push_back(of_rank(exporter.value(ref), std::ssize(shape)));
  const auto leader = std::ranges::find_if(
      values, [&](const ExportedValue& value) { return !value.constant && value.layout.shape() == shape; });
  const std::vector<int64_t> order = exporter.some_order(leader != values.end() ? *leader : values[0]);
  std::vector<std::string> names;
  for (const ExportedValue& value : values) names.push_back(operand(exporter, value, order));
  const std::string comparison = layer.node.get("comparison", std::string());
  std::string condition = exporter.add(layer.node.layer, comparisons.at(comparison), {names[0], names[1]});
  if (comparison == "ne") condition = exporter.add(layer.node.layer, "Not", {condition});
  exporter.set_in_order(layer.output, exporter.add(layer.node.layer, "Where", {condition, names[2], names[3]}), order);
}

std::string clip(Exporter& exporter, const std::string& layer, const std::string& x, double low, double high) {
  return exporter.add(layer, "Clip", {x, exporter.number(static_cast<float>(low)), exporter.number(static_cast<float>(high))});
}

std::string gelu(Exporter& exporter, const std::string& layer, const std::string& x) {
  const std::string scaled = exporter.add(layer, "Div", {x, exporter.number(std::numbers::sqrt2_v<float>)});
  const std::string sum = exporter.add(layer, "Add", {exporter.add(layer, "Erf", {scaled}), exporter.number(1.0F)});
  return exporter.add(layer, "Mul", {exporter.add(layer, "Mul", {x, sum}), exporter.number(0.5F)});
}

using Write = std::function<std::string(Exporter&, const FusedLayer&, const std::string& x)>;

void add_unary(ExportTable& table, std::string_view operation, Write write) {
  table[operation] = [write = std::move(write)](Exporter& exporter, const FusedLayer& layer) {
    const ExportedValue x = exporter.value(layer.node.operands[0]);
    exporter.set_reals(layer.output, write(exporter, layer, exporter.real(x)), x.shape, x.layout);
  };
}

void export_cast(Exporter& exporter, const FusedLayer& layer) {
  const std::map<DType, int64_t> types{{DType::f32, 1}, {DType::u8, 2},   {DType::i8, 3},   {DType::i32, 6},
                                       {DType::i64, 7}, {DType::f16, 10}, {DType::f64, 11}, {DType::bf16, 16}};
  const ExportedValue x = exporter.value(layer.node.operands[0]);
  const auto to = types.find(dtype_named(layer.node.get("dtype", std::string("f32"))));
  if (to == types.end()) exporter.complain(layer, "casts to a type the ONNX writer does not write");
  exporter.set(layer.output, exporter.add(layer.node.layer, "Cast", {exporter.real(x)}, {{"to", to->second}}), x.shape,
               x.layout);
}

}  // namespace

std::string export_activation(Exporter& exporter, const FusedLayer& layer, const std::string& input) {
  // Where the quantized range already clamps as the activation does, the activation becomes part of the rounding, which is how
  // runtimes fuse it.
  if (exporter.range_limits(layer.output, layer.activation)) return input;
  if (layer.activation == ops::Relu::name) return exporter.add(layer.node.layer, "Relu", {input});
  if (layer.activation == ops::Relu6::name) return clip(exporter, layer.node.layer, input, 0, 6);
  if (layer.activation == "relu_n1_to_1") return clip(exporter, layer.node.layer, input, -1, 1);
  return input;
}

void add_elementwise_exports(ExportTable& table) {
  const std::pair<std::string_view, const char*> binaries[] = {
      {ops::Add::name, "Add"},     {ops::Sub::name, "Sub"},     {ops::Mul::name, "Mul"}, {ops::Div::name, "Div"},
      {ops::Maximum::name, "Max"}, {ops::Minimum::name, "Min"}, {ops::Pow::name, "Pow"}};
  for (const auto& [operation, type] : binaries)
    table[operation] = [type](Exporter& exporter, const FusedLayer& layer) { export_binary(exporter, layer, type); };
  const std::pair<std::string_view, const char*> unaries[] = {
      {ops::Relu::name, "Relu"}, {ops::Sigmoid::name, "Sigmoid"}, {ops::Tanh::name, "Tanh"}, {ops::Erf::name, "Erf"},
      {ops::Sqrt::name, "Sqrt"}, {ops::Exp::name, "Exp"},         {ops::Log::name, "Log"},   {ops::Abs::name, "Abs"},
      {ops::Neg::name, "Neg"},   {ops::Floor::name, "Floor"},     {ops::Ceil::name, "Ceil"}, {ops::Round::name, "Round"},
      {ops::Sin::name, "Sin"},   {ops::Cos::name, "Cos"},         {ops::Atan::name, "Atan"}};
  for (const auto& [operation, type] : unaries)
    add_unary(table, operation, [type](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
      return exporter.add(layer.node.layer, type, {x});
    });
  add_unary(table, ops::Relu6::name, [](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
    return clip(exporter, layer.node.layer, x, 0, 6);
  });
  add_unary(table, ops::Clamp::name, [](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
    return clip(exporter, layer.node.layer, x, layer.node.get("low", 0.0), layer.node.get("high", 0.0));
  });
  add_unary(table, ops::LeakyRelu::name, [](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
    return exporter.add(layer.node.layer, "LeakyRelu", {x}, {{"alpha", static_cast<float>(layer.node.get("slope", 0.01))}});
  });
  add_unary(table, ops::Rsqrt::name, [](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
    return exporter.add(layer.node.layer, "Reciprocal", {exporter.add(layer.node.layer, "Sqrt", {x})});
  });
  const auto hard_sigmoid = [](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
    return exporter.add(layer.node.layer, "HardSigmoid", {x}, {{"alpha", 1.0F / 6}, {"beta", 0.5F}});
  };
  add_unary(table, ops::HardSigmoid::name, hard_sigmoid);
  // Opset 13 has neither hard_swish nor swish.
  add_unary(table, ops::HardSwish::name, [hard_sigmoid](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
    return exporter.add(layer.node.layer, "Mul", {x, hard_sigmoid(exporter, layer, x)});
  });
  add_unary(table, ops::Swish::name, [](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
    return exporter.add(layer.node.layer, "Mul", {x, exporter.add(layer.node.layer, "Sigmoid", {x})});
  });
  add_unary(table, ops::Gelu::name, [](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
    return gelu(exporter, layer.node.layer, x);
  });
  add_unary(table, ops::RoundTo::name, [](Exporter& exporter, const FusedLayer& layer, const std::string& x) {
    constexpr int64_t f32 = 1, f16 = 10, bf16 = 16;
    const int64_t narrow = layer.node.get("as", std::string()) == "f16" ? f16 : bf16;
    return exporter.add(layer.node.layer, "Cast", {exporter.add(layer.node.layer, "Cast", {x}, {{"to", narrow}})},
                        {{"to", f32}});
  });
  table[ops::Cast::name] = export_cast;
  table[ops::Select::name] = export_select;
}

}  // namespace fovea
