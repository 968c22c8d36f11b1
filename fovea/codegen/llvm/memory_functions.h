// SPDX-License-Identifier: Apache-2.0
// The C library's memset, memcpy and memmove as functions of the module itself: an object for a device needs no library.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// Replaces the intrinsics that LLVM would turn into calls. What is a few bytes of known size stays: LLVM writes it out. A move
/// of memory onto itself is an error of the module's context: slices of one tensor never overlap.
struct DefineMemoryFunctionsPass : llvm::PassInfoMixin<DefineMemoryFunctionsPass> {
  llvm::PreservedAnalyses run(llvm::Module& module, llvm::ModuleAnalysisManager& analyses);
};

}  // namespace fovea
