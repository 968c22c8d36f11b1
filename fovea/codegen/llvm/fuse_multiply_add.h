// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// A product and a sum are fused where the processor does it: llvm.fma, which would be a call of fmaf where it does not,
/// becomes llvm.fmuladd.
struct FuseMultiplyAddPass : llvm::PassInfoMixin<FuseMultiplyAddPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
