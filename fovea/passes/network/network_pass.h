// SPDX-License-Identifier: Apache-2.0
// Passes over a recorded network, for functions that take and give a Graph.
#pragma once

#include <memory>
#include <vector>

#include "fovea/graph/graph.h"
#include "mlir/Pass/Pass.h"

namespace fovea {

/// The same network in an MLIR context of its own, with all its arguments in their order. Each of `values` becomes a further
/// result, "value.N" for the value whose `index` is N.
Graph copied(const Graph& graph, const std::vector<Ref>& values = {});

/// Runs a pass over the graph's function, whose values are then numbered anew. Fails with the pass's first complaint. The
/// verifier runs where assertions are on.
void run_pass(Graph& graph, std::unique_ptr<mlir::Pass> pass);

}  // namespace fovea
