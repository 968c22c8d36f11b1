// SPDX-License-Identifier: Apache-2.0
// Instructions of WebAssembly that LLVM does not choose by itself.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// WebAssembly's minimum and maximum propagate NaNs of both and order zeros, eight instructions of x86. Its pmin and pmax, a
/// comparison and a choice, are one: they give the first where one is NaN, or both are zero. Vectors of f32 get them where that
/// makes no difference.
struct SelectExtremesPass : llvm::PassInfoMixin<SelectExtremesPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// What is read at a constant distance after a place that is read itself lies in the same tensor: LLVM may put the distance
/// into WebAssembly's load, which adds without wrapping around.
struct MarkInBoundsPass : llvm::PassInfoMixin<MarkInBoundsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
