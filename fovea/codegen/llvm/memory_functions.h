// SPDX-License-Identifier: Apache-2.0
// The C library's memset and memcpy as functions of the module itself, so that an object for a device needs no library.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// Replaces the intrinsics that LLVM would turn into calls. Those of a few bytes of known size stay, because LLVM expands them.
/// A memmove is an error of the module's context: slices of one tensor never overlap.
struct DefineMemoryFunctionsPass : llvm::PassInfoMixin<DefineMemoryFunctionsPass> {
  llvm::PreservedAnalyses run(llvm::Module& module, llvm::ModuleAnalysisManager& analyses);
};

}  // namespace fovea
