// SPDX-License-Identifier: Apache-2.0
// The stages of the lowering pipeline that apply to a whole network, before each kernel is compiled by itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fovea/codegen/driver/compile.h"
#include "fovea/codegen/target/target.h"
#include "fovea/graph/graph.h"
#include "mlir/IR/BuiltinOps.h"

namespace fovea {

/// Stages in their order; each includes those before it.
enum class Stage {
  graph,     ///< as recorded
  gradient,  ///< fovea.gradients replaced by operators; folded for inference where asked for
  linalg,    ///< every operator as index maps and scalar bodies
  kernels,   ///< calls of kernels
};

/// The names of the stages in their order; valid as long as the program.
const std::vector<std::string>& stage_names();
/// The stage of a name from stage_names(); nothing for another name.
std::optional<Stage> stage_named(const std::string& name);

/// A copy of the graph's module, lowered to `stage`; integer dot products are arranged for `target`. Fails with the diagnostic
/// of the pass that failed.
mlir::OwningOpRef<mlir::ModuleOp> module_at(const Graph& graph, Stage stage, const CompileOptions& options,
                                            const Target& target = {});

/// The module at the stage `kernels` for one target. For inference, filters are transformed and weights prepacked as the
/// target's tilings read them.
mlir::OwningOpRef<mlir::ModuleOp> kernels_for(const Target& target, const Graph& graph, const CompileOptions& options);

}  // namespace fovea
