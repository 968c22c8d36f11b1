// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/stages.h"

#include <algorithm>

#include "fovea/codegen/passes.h"
#include "fovea/graph/graph_implementation.h"
#include "fovea/passes/pass_pipeline.h"
#include "fovea/passes/passes.h"
#include "mlir/Transforms/Passes.h"

namespace fovea {

const std::vector<std::string>& stage_names() {
  static const std::vector<std::string> names = {"graph", "gradient", "linalg", "kernels"};
  return names;
}

namespace {

const char* products_of(IntegerDot dot) {
  switch (dot) {
    case IntegerDot::mixed_quads:
      return "mixed-quads";
    case IntegerDot::equal_quads:
      return "equal-quads";
    case IntegerDot::pairs:
      return "pairs";
    case IntegerDot::none:
      return "none";
  }
  return "none";
}

// The passes that turn a recorded network into one at `stage`.
void add_passes(mlir::PassManager& passes, Stage stage, const CompileOptions& options, const Target& target) {
  if (stage >= Stage::gradient) {
    passes.addNestedPass<mlir::func::FuncOp>(create_differentiate_pass());
    passes.addPass(mlir::createCanonicalizerPass());
    passes.addPass(mlir::createCSEPass());
    if (options.inference) {
      passes.addNestedPass<mlir::func::FuncOp>(create_fold_batch_norm_pass());
      passes.addNestedPass<mlir::func::FuncOp>(create_fold_pass());
    }
  }
  if (stage >= Stage::linalg) {
    passes.addNestedPass<mlir::func::FuncOp>(create_convert_to_linalg_pass());
    passes.addPass(mlir::createCSEPass());
    if (options.dtype == DType::bf16) passes.addNestedPass<mlir::func::FuncOp>(create_mixed_precision_pass());
  }
  if (stage >= Stage::kernels) {
    passes.addNestedPass<mlir::func::FuncOp>(
        create_dot_products_pass(products_of(target.integer_dot), target.widening_multiply_add));
    passes.addNestedPass<mlir::func::FuncOp>(create_split_pass());
    if (options.inference) passes.addPass(create_hoist_constants_pass());
    passes.addPass(create_fuse_pass());
  }
}

}  // namespace

std::optional<Stage> stage_named(const std::string& name) {
  const auto& names = stage_names();
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? std::nullopt : std::optional(static_cast<Stage>(found - names.begin()));
}

mlir::OwningOpRef<mlir::ModuleOp> module_at(const Graph& graph, Stage stage, const CompileOptions& options,
                                            const Target& target) {
  mlir::OwningOpRef<mlir::ModuleOp> module(graph.implementation().module->clone());
  PassPipeline pipeline(module->getContext(), [&](mlir::PassManager& passes) { add_passes(passes, stage, options, target); });
  pipeline.run(*module, "compile");
  return module;
}

mlir::OwningOpRef<mlir::ModuleOp> kernels_for(const Target& target, const Graph& graph, const CompileOptions& options) {
  auto module = module_at(graph, Stage::kernels, options, target);
  if (!options.inference) return module;
  PassPipeline pipeline(module->getContext(), [&](mlir::PassManager& passes) {
    passes.addPass(create_transform_filters_pass(&target, name(options.winograd)));
    passes.addPass(create_prepack_weights_pass(&target));
  });
  pipeline.run(*module, "compile");
  return module;
}

}  // namespace fovea
