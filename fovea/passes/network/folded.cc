// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/network/folded.h"

#include <map>
#include <set>

#include "fovea/core/error.h"
#include "fovea/core/tensor_arithmetic.h"
#include "fovea/graph/evaluated.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/passes/network/network_pass.h"
#include "fovea/passes/passes.h"

namespace fovea {
namespace {

// Copies a network with the tensors that are known before it runs as its parameters.
class KnownTensors {
 public:
  // `folded` has the arguments of the model's graph.
  KnownTensors(const InferenceModel& model, const Graph& folded)
      : model_(model), source_(folded), nodes_(live_nodes(folded)), graph_(model.name), copy_(folded, graph_) {
    for (const Graph::Argument& argument : folded.arguments()) {
      if (argument.role == Role::input) continue;
      const auto tensor = model.tensors.find(argument.name);
      if (tensor == model.tensors.end())
        fail(ErrorCode::not_found, "the weights of {} lack tensor \"{}\"", model.name, argument.name);
      given_[argument.value.index] = tensor->second;
      names_[argument.value.index] = argument.name;
    }
    for (const Graph::Node& node : nodes_) know(node);
  }

  InferenceModel run() {
    for (const Graph::Node& node : nodes_) {
      if (is_known(node.results[0])) continue;
      for (const Ref source : node.operands) copy_.set(source, operand(source, node.layer));
      copy_.copy(node);
    }
    std::vector<std::pair<std::string, Ref>> results;
    for (const Graph::Result& result : source_.results()) results.emplace_back(result.name, operand(result.value, ""));
    graph_.finish(results);
    return {.name = model_.name,
            .graph = std::move(graph_),
            .tensors = std::move(tensors_),
            .preprocessing = model_.preprocessing,
            .labels = model_.labels,
            .confidence = model_.confidence};
  }

 private:
  bool is_known(Ref value) const { return given_.contains(value.index) || made_by_.contains(value.index); }

  bool is_real(Ref value) const {
    const DType dtype = source_.type(value).dtype;
    return dtype == DType::f32 || dtype == DType::f64;
  }

  // Constants, and what is computed from known real numbers.
  void know(const Graph::Node& node) {
    const Ref result = node.results[0];
    if (const auto constant = node.as<ops::Constant>()) {
      given_[result.index] = constant->value;
    } else if (is_evaluated(node.op) && is_real(result) &&
               std::ranges::all_of(node.operands, [&](Ref x) { return is_known(x) && is_real(x); })) {
      made_by_[result.index] = &node;
    }
  }

  // In f64, so that it is rounded once.
  Tensor exact(Ref value) const {
    if (const auto given = given_.find(value.index); given != given_.end()) return as_f64(given->second);
    const Graph::Node& node = *made_by_.at(value.index);
    std::vector<Tensor> operands;
    for (const Ref operand : node.operands) operands.push_back(exact(operand));
    return evaluated(node.op, operands, source_.type(value).shape).value();
  }

  // The value in the copy. A known tensor is declared as a parameter when the first operator reads it; `layer` is that
  // operator's.
  Ref operand(Ref source, const std::string& layer) {
    if (!is_known(source)) return copy_(source);
    if (names_.contains(source.index)) return parameter(names_[source.index], source);
    const auto made = made_by_.find(source.index);
    std::string name = made == made_by_.end() || made->second->layer.empty() ? layer + ".constant" : made->second->layer;
    return parameter(name.starts_with('.') ? name.substr(1) : name, source);
  }

  Ref parameter(const std::string& name, Ref source) {
    const auto [known, added] = parameters_.try_emplace({source.index, name});
    if (!added) return known->second;
    std::string unique = name;
    for (int number = 2; tensors_.contains(unique); ++number) unique = name + "_" + std::to_string(number);
    const auto given = given_.find(source.index);
    Tensor tensor = given != given_.end() ? given->second : exact(source);
    if (given == given_.end() && source_.type(source).dtype == DType::f32) tensor = rounded_to_f32(tensor);
    known->second = graph_.argument(unique, {tensor.shape(), tensor.dtype()}, Role::parameter);
    tensors_[unique] = std::move(tensor);
    return known->second;
  }

  const InferenceModel& model_;
  const Graph& source_;
  std::vector<Graph::Node> nodes_;
  Graph graph_;
  GraphCopy copy_;
  std::map<int32_t, Tensor> given_;                            // of arguments and constants
  std::map<int32_t, const Graph::Node*> made_by_;              // for what is computed from these
  std::map<int32_t, std::string> names_;                       // of arguments
  std::map<std::pair<int32_t, std::string>, Ref> parameters_;  // of the copy, by the source's value
  std::map<std::string, Tensor> tensors_;
};

}  // namespace

InferenceModel folded(const InferenceModel& model, FoldingOptions options) {
  Graph graph = copied(model.graph);
  run_pass(graph, create_fold_batch_norm_pass({.by_value = true, .norms_as_convolutions = options.norms_as_convolutions}));
  return KnownTensors(model, graph).run();
}

}  // namespace fovea
