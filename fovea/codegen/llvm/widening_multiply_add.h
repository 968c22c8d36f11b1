// SPDX-License-Identifier: Apache-2.0
// Products of integers that fit 16 bits, as the processor multiplies them.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// WebAssembly's dot multiplies neighboring words of two registers and adds each pair. A sum `a * b + c * d + ...` of vectors
/// of i32 whose factors fit 16 bits (depthwise work, where nothing lies in pairs) becomes dots of interleaved factors: a with
/// c, b with d. The integers are the same.
struct PairIntoDotsPass : llvm::PassInfoMixin<PairIntoDotsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Arm and RISC-V multiply words into sums of i32. LLVM computes what was made of bytes in 32 bits; here it is made in 16 and
/// extended where it is multiplied, which is part of the instruction.
struct NarrowFactorsPass : llvm::PassInfoMixin<NarrowFactorsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
