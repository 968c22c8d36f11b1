// SPDX-License-Identifier: Apache-2.0
// A list of MLIR passes as the library runs them everywhere.
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace fovea {

/// Passes that run one after another, on any number of modules of one context. The verifier runs after each of them where
/// assertions are on (verify_after_passes).
class PassPipeline {
 public:
  /// `fill` adds the passes. `context` must outlive the object.
  PassPipeline(mlir::MLIRContext* context, llvm::function_ref<void(mlir::PassManager&)> fill);

  /// Changes `module`. When a pass fails, its first diagnostic is not printed but thrown by fail(), with `what` and a colon
  /// before it unless that is empty; the module is then not to be used.
  void run(mlir::ModuleOp module, llvm::StringRef what = {});

 private:
  mlir::PassManager passes_;
};

}  // namespace fovea
