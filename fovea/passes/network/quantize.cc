// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/network/quantize.h"

#include "fovea/graph/graph_implementation.h"
#include "fovea/passes/network/network_pass.h"
#include "fovea/passes/passes.h"

namespace fovea {

void quantize_layers(Graph& graph, const std::vector<Ref>& ends, const std::set<std::string>& four_bits) {
  Graph::Implementation& implementation = graph.implementation();
  const auto unit = mlir::UnitAttr::get(implementation.context.get());
  for (const Ref end : ends)
    implementation.values.at(static_cast<size_t>(end.index)).getDefiningOp()->setAttr(layer_end_attribute, unit);
  const std::vector<Graph::Argument>& arguments = graph.arguments();
  for (size_t i = 0; i < arguments.size(); ++i)
    if (four_bits.contains(arguments[i].name))
      implementation.function.setArgAttr(static_cast<unsigned>(i), four_bits_attribute, unit);
  run_pass(graph, create_quantize_pass());
}

}  // namespace fovea
