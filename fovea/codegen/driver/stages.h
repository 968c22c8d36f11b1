// SPDX-License-Identifier: Apache-2.0
// The stages of the road that a whole network takes, before its kernels part ways.
#pragma once

#include <string>
#include <vector>

#include "fovea/codegen/driver/compile.h"
#include "fovea/codegen/target/target.h"
#include "fovea/graph/graph.h"
#include "mlir/IR/BuiltinOps.h"

namespace fovea {

enum class Stage {
  graph,     ///< as recorded
  gradient,  ///< fovea.gradients replaced by operators; folded for inference where asked for
  linalg,    ///< every operator as index maps and scalar bodies
  kernels,   ///< calls of kernels
};

const std::vector<std::string>& stage_names();
Stage stage_named(const std::string& name);  ///< one of stage_names()

/// A copy of the graph's module, taken as far as `stage`; kernels multiply bytes as `target` does. Fails with the passes' own
/// message.
mlir::OwningOpRef<mlir::ModuleOp> module_at(const Graph& graph, Stage stage, const CompileOptions& options,
                                            const Target& target = {});

/// Stage kernels for one target: with weights packed ahead of inference where its tiles read them as panels
/// (weight_prepacking.cc).
mlir::OwningOpRef<mlir::ModuleOp> kernels_for(const Target& target, const Graph& graph, const CompileOptions& options);

}  // namespace fovea
