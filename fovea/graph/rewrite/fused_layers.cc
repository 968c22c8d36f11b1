// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/rewrite/fused_layers.h"

#include <optional>
#include <set>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"

namespace fovea {
namespace {

class Fuser {
 public:
  explicit Fuser(const Graph& graph) : graph_(graph), nodes_(live_nodes(graph)), uses_(use_counts(graph, nodes_)) {
    for (const Graph::Argument& argument : graph.arguments()) {
      if (argument.role == Role::parameter) parameters_.insert(argument.value.index);
    }
    for (size_t i = 0; i < nodes_.size(); ++i) {
      for (const Ref operand : nodes_[i].operands) reader_[operand.index] = i;
    }
  }

  std::vector<FusedLayer> run() {
    std::vector<FusedLayer> layers;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (taken_.contains(i)) continue;
      layers.push_back(layer_of(i));
    }
    return layers;
  }

 private:
  FusedLayer layer_of(size_t index) {
    const Graph::Node& node = nodes_[index];
    for (size_t i = 1; i < node.results.size(); ++i) {  // the position of a max_pool's maximum, which only training uses
      if (uses_.contains(node.results[i].index)) fail("{} \"{}\": its second result is read", node.op, node.layer);
    }
    FusedLayer layer{.node = node, .inputs = node.operands, .output = node.results[0]};
    const bool contraction = node.is<ops::Conv, ops::Dense>() && parameters_.contains(node.operands[1].index);
    if (contraction) {
      layer.weight = node.operands[1];
      layer.inputs.resize(1);
      take_bias(layer);
    }
    if (contraction || node.is<ops::Add, ops::Sub, ops::Mul>()) take_activation(layer);
    return layer;
  }

  // The only operator that reads `value`, if there is just one.
  std::optional<size_t> only_reader(Ref value) const {
    const auto reader = reader_.find(value.index);
    if (uses_.at(value.index) != 1 || reader == reader_.end()) return std::nullopt;
    return reader->second;
  }

  void take_bias(FusedLayer& layer) {
    const auto next = only_reader(layer.output);
    if (!next || !nodes_[*next].is<ops::Add>()) return;
    const Graph::Node& add = nodes_[*next];
    const Ref other = add.operands[add.operands[0] == layer.output ? 1 : 0];
    if (!parameters_.contains(other.index) || graph_.type(other).shape != Shape{graph_.type(layer.output).shape.back()}) return;
    layer.bias = other;
    layer.output = add.results[0];
    taken_.insert(*next);
  }

  void take_activation(FusedLayer& layer) {
    const auto next = only_reader(layer.output);
    if (!next) return;
    const Graph::Node& node = nodes_[*next];
    const auto clamp = node.as<ops::Clamp>();
    if (node.is<ops::Relu, ops::Relu6>()) {
      layer.activation = node.op;
    } else if (clamp && clamp->low == 0 && clamp->high == 6) {
      layer.activation = ops::Relu6::name;
    } else if (clamp && clamp->low == -1 && clamp->high == 1) {
      layer.activation = "relu_n1_to_1";
    } else {
      return;
    }
    layer.output = node.results[0];
    taken_.insert(*next);
  }

  const Graph& graph_;
  std::vector<Graph::Node> nodes_;
  std::map<int32_t, int> uses_;
  std::set<int32_t> parameters_;
  std::map<int32_t, size_t> reader_;
  std::set<size_t> taken_;
};

}  // namespace

std::vector<FusedLayer> fused_layers(const Graph& graph) { return Fuser(graph).run(); }

std::map<int32_t, Tensor> parameter_values(const InferenceModel& model) {
  std::map<int32_t, Tensor> values;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role != Role::parameter) continue;
    const auto tensor = model.tensors.find(argument.name);
    if (tensor == model.tensors.end()) fail("the weights of {} lack tensor \"{}\"", model.name, argument.name);
    values[argument.value.index] = tensor->second;
  }
  return values;
}

}  // namespace fovea
