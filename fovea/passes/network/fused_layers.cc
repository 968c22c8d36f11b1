// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/network/fused_layers.h"

#include "fovea/core/error.h"
#include "fovea/graph/graph_implementation.h"
#include "fovea/passes/network/layer_groups.h"

namespace fovea {

std::vector<FusedLayer> fused_layers(const Graph& graph) {
  const Graph::Implementation& implementation = graph.implementation();
  const DiagnosticCollector diagnostics(implementation.context.get());
  const auto groups = layer_groups(implementation.function);
  if (mlir::failed(groups)) fail("{}", diagnostics.first());
  llvm::DenseMap<mlir::Value, int32_t> places;
  for (size_t i = 0; i < implementation.values.size(); ++i)
    places.try_emplace(implementation.values[i], static_cast<int32_t>(i));
  const auto ref = [&](mlir::Value value) { return value ? Ref{places.at(value)} : Ref{}; };
  std::map<int32_t, Graph::Node> nodes;
  for (Graph::Node& node : graph.nodes()) nodes.emplace(node.results[0].index, std::move(node));
  std::vector<FusedLayer> layers;
  for (const LayerGroup& group : *groups) {
    const Graph::Node& node = nodes.at(ref(group.op->getResult(0)).index);
    FusedLayer& layer = layers.emplace_back(FusedLayer{.node = node,
                                                       .inputs = node.operands,
                                                       .weight = ref(group.weight),
                                                       .bias = ref(group.bias),
                                                       .activation = group.activation_name,
                                                       .output = ref(group.output())});
    if (layer.has_weight()) layer.inputs.resize(1);
  }
  return layers;
}

std::map<int32_t, Tensor> parameter_values(const InferenceModel& model) {
  std::map<int32_t, Tensor> values;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role != Role::parameter) continue;
    const auto tensor = model.tensors.find(argument.name);
    if (tensor == model.tensors.end())
      fail(ErrorCode::not_found, "the weights of {} lack tensor \"{}\"", model.name, argument.name);
    values[argument.value.index] = tensor->second;
  }
  return values;
}

}  // namespace fovea
