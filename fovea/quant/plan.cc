// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/plan.h"

#include <algorithm>
#include <set>

#include "fovea/core/error.h"
#include "fovea/core/glob.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/quant/parameters.h"

namespace fovea {
namespace {

bool is_moving(const Graph::Node& node) {
  return node
      .is<ops::MaxPool, ops::AveragePool, ops::Reshape, ops::Slice, ops::Pad, ops::Transpose, ops::Concat, ops::Resize>();
}
bool is_function(const Graph::Node& node) {
  return node.is<ops::Relu, ops::Relu6, ops::LeakyRelu, ops::Sigmoid, ops::Tanh, ops::Swish, ops::HardSwish, ops::HardSigmoid,
                 ops::Gelu>();
}

bool has_integer_operator(const FusedLayer& layer, const Graph& graph) {
  const Graph::Node& node = layer.node;
  if (node.is<ops::Conv, ops::Dense>()) {
    return layer.has_weight() && graph.type(layer.output).shape.size() == (node.is<ops::Conv>() ? 4U : 2U);
  }
  // There is no integer operator for averages that count padding.
  if (const auto pool = node.as<ops::AveragePool>(); pool && pool->count_padding) {
    const auto* cells = pool->padding ? pool->padding->cells() : nullptr;
    if (cells != nullptr && std::ranges::any_of(*cells, [](int64_t count) { return count != 0; })) return false;
  }
  if (node.is<ops::MaxPool, ops::AveragePool>()) return graph.type(layer.output).shape.size() == 4;
  return is_moving(node) || is_function(node) || node.is<ops::Add, ops::Sub, ops::Mul, ops::ReduceMean, ops::Softmax>();
}

std::optional<QuantizedType> rule_of(const std::string& op) {
  if (op == ops::Sigmoid::name || op == ops::Softmax::name) return probability_type();
  if (op == ops::Tanh::name) return tangent_type();
  if (op == ops::HardSigmoid::name) return unit_type();
  return std::nullopt;
}

}  // namespace

bool QuantizationPlan::Layer::keeps_type() const { return is_moving(node); }

QuantizationPlan::QuantizationPlan(const InferenceModel& model, const PlanOptions& options) {
  for (FusedLayer& layer : fused_layers(model.graph)) {
    Layer& added = layers_.emplace_back();
    static_cast<FusedLayer&>(added) = std::move(layer);
    added.integer = has_integer_operator(added, model.graph);
  }
  absorb_hard_sigmoids();
  name_layers();
  for (const std::string& pattern : options.float_layers)
    for (Layer* layer : fitting(pattern)) layer->integer = false;
  for (const std::string& pattern : options.wide_layers)
    for (Layer* layer : fitting(pattern)) layer->wide = true;
  group(model);
}

// A hard sigmoid after a convolution is computed by clamping: integers for 0 to 1, with weights a sixth as large.
void QuantizationPlan::absorb_hard_sigmoids() {
  std::map<int32_t, int> uses;
  for (const Layer& layer : layers_) {
    for (const Ref input : layer.inputs) ++uses[input.index];
  }
  std::vector<Layer> kept;
  for (Layer& layer : layers_) {
    const auto producer = std::ranges::find_if(kept, [&](const Layer& other) { return other.output == layer.inputs[0]; });
    if (layer.node.is<ops::HardSigmoid>() && producer != kept.end() && producer->contraction() && producer->integer &&
        producer->activation == "none" && uses[layer.inputs[0].index] == 1) {
      producer->activation = ops::HardSigmoid::name;
      producer->output = layer.output;
    } else {
      kept.push_back(std::move(layer));
    }
  }
  layers_ = std::move(kept);
}

void QuantizationPlan::name_layers() {
  std::map<std::string, int> taken;
  for (Layer& layer : layers_) {
    layer.name = layer.node.layer.empty() ? layer.node.op : layer.node.layer;
    if (!layer.contraction() && layer.name != layer.node.op) layer.name = fmt::format("{}:{}", layer.name, layer.node.op);
    const int number = ++taken[layer.name];
    if (number > 1) layer.name = fmt::format("{}#{}", layer.name, number);
  }
}

// The layers whose names fit, of which there has to be one.
std::vector<QuantizationPlan::Layer*> QuantizationPlan::fitting(const std::string& pattern) {
  std::vector<Layer*> found;
  std::vector<std::string> names;
  for (Layer& layer : layers_) {
    names.push_back(layer.name);
    if (fits_pattern(layer.name, pattern)) found.push_back(&layer);
  }
  if (found.empty()) refuse_unknown("layer", pattern, names);
  return found;
}

int32_t QuantizationPlan::group_of(Ref value) const {
  int32_t place = value.index;
  for (auto next = parent_.find(place); next != parent_.end(); next = parent_.find(place)) place = next->second;
  return place;
}

void QuantizationPlan::join(Ref a, Ref b) {
  const int32_t first = group_of(a), second = group_of(b);
  if (first != second) parent_[std::max(first, second)] = std::min(first, second);
}

void QuantizationPlan::group(const InferenceModel& model) {
  std::set<int32_t> derived, integers, parameters;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role == Role::parameter) parameters.insert(argument.value.index);
  }
  for (const Layer& layer : layers_) {
    if (!layer.integer) continue;
    integers.insert(layer.output.index);
    for (const Ref input : layer.inputs) {
      if (!parameters.contains(input.index)) integers.insert(input.index);
    }
    const auto rule = layer.activation == ops::HardSigmoid::name ? rule_of(layer.activation) : rule_of(layer.node.op);
    if (rule) fixed_[layer.output.index] = *rule;
    if (!layer.keeps_type()) continue;
    derived.insert(layer.output.index);
    for (const Ref input : layer.inputs) {
      // An operand with a prescribed type is converted before it is combined with others.
      if (layer.inputs.size() > 1 && fixed_.contains(group_of(input))) continue;
      join(input, layer.output);
    }
  }
  const auto observe = [&](Ref value) {
    if (integers.contains(value.index) && !derived.contains(value.index) && !fixed_.contains(value.index))
      observed_.push_back(value);
  };
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role == Role::input) observe(argument.value);
  }
  for (const Layer& layer : layers_) observe(layer.output);
  // When all operands of a concatenation have prescribed types, its result is observed itself.
  std::set<int32_t> known;
  for (const Ref value : observed_) known.insert(group_of(value));
  for (const Layer& layer : layers_) {
    const int32_t group = group_of(layer.output);
    if (layer.integer && !known.contains(group) && !fixed_.contains(group) && known.insert(group).second)
      observed_.push_back(layer.output);
  }
}

std::optional<QuantizedType> QuantizationPlan::fixed_type(Ref value) const {
  const auto rule = fixed_.find(group_of(value));
  return rule == fixed_.end() ? std::nullopt : std::optional(rule->second);
}

QuantizedType type_of(const QuantizationPlan& plan, const RangeMap& ranges, Ref value) {
  if (const auto rule = plan.fixed_type(value)) return *rule;
  const auto range = ranges.find(plan.group_of(value));
  if (range == ranges.end()) fail("a tensor of the network was given no range");
  return activation_type(range->second);
}

RangeMap ranges_by_group(const QuantizationPlan& plan, const std::map<int32_t, Range>& observed) {
  RangeMap ranges;
  for (const auto& [value, range] : observed) {
    const auto [entry, added] = ranges.try_emplace(plan.group_of({value}), range);
    if (!added) entry->second = united(entry->second, range);
  }
  return ranges;
}

}  // namespace fovea
