// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/pass_pipeline.h"

#include "fovea/core/error.h"
#include "fovea/graph/graph_implementation.h"
#include "fovea/passes/passes.h"

namespace fovea {

PassPipeline::PassPipeline(mlir::MLIRContext* context, llvm::function_ref<void(mlir::PassManager&)> fill) : passes_(context) {
  passes_.enableVerifier(verify_after_passes);
  fill(passes_);
}

void PassPipeline::run(mlir::ModuleOp module, llvm::StringRef what) {
  const DiagnosticCollector diagnostics(module.getContext());
  if (mlir::succeeded(passes_.run(module))) return;
  fail("{}{}{}", what.str(), what.empty() ? "" : ": ", diagnostics.first());
}

}  // namespace fovea
