// SPDX-License-Identifier: Apache-2.0
// Instructions of WebAssembly that LLVM does not choose by itself.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// WebAssembly's min and max propagate NaNs of both operands and order zeros, which takes eight instructions of x86. Its pmin
/// and pmax, a comparison and a selection, take one, and return the first operand if one is NaN or both are zero. This pass
/// uses them for vectors of f32 where that makes no difference.
struct SelectExtremesPass : llvm::PassInfoMixin<SelectExtremesPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Marks an address as in bounds if it has a constant distance from one that the same block accesses, because both are then in
/// one tensor. LLVM may fold the distance into the offset of WebAssembly's load, which does not wrap around.
struct MarkInBoundsPass : llvm::PassInfoMixin<MarkInBoundsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
