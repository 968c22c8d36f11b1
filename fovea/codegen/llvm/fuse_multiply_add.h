// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// Replaces llvm.fma by llvm.fmuladd: where the processor has no fused multiply-add, it becomes a multiplication and an
/// addition instead of a call of fmaf.
struct FuseMultiplyAddPass : llvm::PassInfoMixin<FuseMultiplyAddPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
