// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/simulation.h"

#include <algorithm>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/nn/operators.h"
#include "fovea/quant/parameters.h"

namespace fovea {
namespace {

Tensor scalar(float value) { return Tensor::of<float>({}, {value}); }

// The groups with at least one integer tensor.
std::vector<int32_t> groups_of(const QuantizationPlan& plan) {
  std::vector<int32_t> groups;
  const auto add = [&](Ref value) {
    const int32_t group = plan.group_of(value);
    if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
  };
  for (const Ref value : plan.observed()) add(value);
  for (const QuantizationPlan::Layer& layer : plan.layers()) {
    if (layer.integer && plan.fixed_type(layer.output)) add(layer.output);
  }
  return groups;
}

}  // namespace

RangeNames range_names(const QuantizationPlan& plan, const InferenceModel& model, int32_t group) {
  std::string name;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role == Role::input && plan.group_of(argument.value) == group) name = argument.name;
  }
  for (const QuantizationPlan::Layer& layer : plan.layers()) {
    if (name.empty() && plan.group_of(layer.output) == group) name = layer.name;
  }
  return {name + ".minimum", name + ".maximum"};
}

std::map<std::string, Tensor> range_tensors(const QuantizationPlan& plan, const InferenceModel& model, const RangeMap& ranges) {
  std::map<std::string, Tensor> tensors;
  for (const int32_t group : groups_of(plan)) {
    const auto rule = plan.fixed_type({group});
    const auto measured = ranges.find(group);
    if (!rule && measured == ranges.end()) fail("a tensor of the network was given no range");
    const Range range = rule ? range_of(*rule) : with_zero(measured->second);
    const RangeNames names = range_names(plan, model, group);
    tensors[names.minimum] = scalar(range.minimum);
    tensors[names.maximum] = scalar(range.maximum);
  }
  return tensors;
}

Simulation::Simulation(Recorder& recorder, const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales,
                       std::map<std::string, ParameterSpec> specs)
    : recorder_(recorder), model_(model), plan_(plan), scales_(scales), specs_(std::move(specs)) {
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role == Role::parameter) names_[argument.value.index] = argument.name;
  }
}

Value Simulation::parameter(Ref value) {
  const std::string& name = names_.at(value.index);
  const auto known = specs_.find(name);
  ParameterSpec spec = known == specs_.end() ? ParameterSpec{.name = name, .decayed = false} : known->second;
  spec.shape = model_.graph.type(value).shape;
  return recorder_.parameter(std::move(spec));
}

Value Simulation::bound(int32_t group, bool maximum) {
  const RangeNames names = range_names(plan_, model_, group);
  return recorder_.parameter({.name = maximum ? names.maximum : names.minimum, .shape = {}, .trained = false});
}

Value Simulation::held(Value x, Ref tensor) {
  const int32_t group = plan_.group_of(tensor);
  return operators::fake_quantize(x, bound(group, false), bound(group, true));
}

Value Simulation::held_weight(const QuantizationPlan::Layer& layer) {
  const Value weight = parameter(layer.weight);
  std::vector<int64_t> dimensions(static_cast<size_t>(weight.rank() - (scales_.per_channel(layer) ? 1 : 0)));
  std::iota(dimensions.begin(), dimensions.end(), int64_t{0});
  const Value largest = operators::reduce_max(operators::unary(ops::Abs::name, weight), dimensions);
  const int64_t limit = scales_.limit(layer);
  return recorder_.add(ops::FakeQuantize{.least = -limit, .most = limit}, {weight, -largest, largest}).front();
}

Simulation::Operands Simulation::real_operands(const QuantizationPlan::Layer& layer, const std::map<int32_t, Value>& values) {
  Operands operands;
  for (const Ref input : layer.inputs) {
    operands.inputs.push_back(names_.contains(input.index) ? parameter(input) : values.at(input.index));
  }
  if (layer.has_weight()) operands.weight = parameter(layer.weight);
  if (layer.has_bias()) operands.bias = parameter(layer.bias);
  return operands;
}

Simulation::Operands Simulation::integer_operands(const QuantizationPlan::Layer& layer, const std::map<int32_t, Value>& values,
                                                  bool inputs_too) {
  Operands operands = real_operands(layer, values);
  if (layer.has_weight()) operands.weight = held_weight(layer);
  for (size_t i = 0; i < layer.inputs.size(); ++i) {
    if (names_.contains(layer.inputs[i].index)) continue;
    if (inputs_too) operands.inputs[i] = held(operands.inputs[i], layer.inputs[i]);
    // An operand that is combined with tensors of another scale is converted to theirs.
    if (layer.keeps_type() && plan_.group_of(layer.inputs[i]) != plan_.group_of(layer.output)) {
      operands.inputs[i] = held(operands.inputs[i], layer.output);
    }
  }
  return operands;
}

Value Simulation::write(const QuantizationPlan::Layer& layer, const Operands& operands, Value* sum) {
  // All operators of one layer are recorded in one scope.
  const std::string& place = layer.node.layer;
  std::shared_ptr<const void>& identity = scopes_[place.empty() ? layer.name : place];
  if (!identity) identity = std::make_shared<int>();
  const Recorder::Scope scope = recorder_.enter(identity, layer.node.op, place);
  std::vector<Value> all = operands.inputs;
  if (operands.weight) all.push_back(*operands.weight);
  Value y = recorder_.add(layer.node.op, all, layer.node.attributes).front();
  if (operands.weight) {
    const Shape shape = operands.weight->shape();
    recorder_.count_macs(element_count(y.shape()) / shape.back() * (element_count(shape)));
  }
  if (operands.bias) y = y + *operands.bias;
  if (sum != nullptr) *sum = y;
  if (layer.activation == "none") return y;
  if (layer.activation == "relu_n1_to_1") return recorder_.add(ops::Clamp{.low = -1, .high = 1}, {y}).front();
  return operators::unary(layer.activation, y);
}

}  // namespace fovea
