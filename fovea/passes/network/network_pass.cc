// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/network/network_pass.h"

#include <fmt/format.h>

#include <map>

#include "fovea/graph/graph_implementation.h"
#include "fovea/graph/operators.h"
#include "fovea/passes/pass_pipeline.h"

namespace fovea {

Graph copied(const Graph& graph, const std::vector<Ref>& values) {
  Graph copy(graph.implementation().function.getName().str());
  std::map<int32_t, Ref> known;
  for (const Graph::Argument& argument : graph.arguments())
    known[argument.value.index] = copy.argument(argument.name, argument.type, argument.role);
  for (const Graph::Node& node : graph.nodes()) {
    std::vector<Ref> operands;
    for (const Ref operand : node.operands) operands.push_back(known.at(operand.index));
    const std::vector<Ref> results = copy.add(node.op, operands, node.attributes, node.layer);
    for (size_t i = 0; i < results.size(); ++i) known[node.results[i].index] = results[i];
  }
  std::vector<std::pair<std::string, Ref>> results;
  for (const Graph::Result& result : graph.results()) results.emplace_back(result.name, known.at(result.value.index));
  for (const Ref value : values) {
    // One value cannot be two results.
    const Ref own = known.at(value.index);
    results.emplace_back(fmt::format("value.{}", value.index),
                         copy.add(ops::Reshape{.input = own, .shape = copy.type(own).shape}, ""));
  }
  copy.finish(results);
  return copy;
}

void run_pass(Graph& graph, std::unique_ptr<mlir::Pass> pass) {
  Graph::Implementation& implementation = graph.implementation();
  PassPipeline pipeline(implementation.context.get(),
                        [&](mlir::PassManager& passes) { passes.addNestedPass<mlir::func::FuncOp>(std::move(pass)); });
  pipeline.run(*implementation.module);
  read_back(implementation);
}

}  // namespace fovea
