// SPDX-License-Identifier: Apache-2.0
// Multiply-adds of integers whose factors fit 16 bits.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// WebAssembly's dot multiplies neighboring 16-bit words of two registers and adds each pair. A sum `a * b + c * d + ...` of
/// vectors of i32 whose factors fit 16 bits (as in depthwise convolutions, where no pairs are contiguous) becomes dots of
/// interleaved factors: a with c, b with d. The integers are the same.
struct PairIntoDotsPass : llvm::PassInfoMixin<PairIntoDotsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Arm and RISC-V multiply 16-bit words into sums of i32. LLVM would compute factors that come from bytes in 32 bits. This pass
/// computes them in 16 bits and sign-extends them at the multiplication, where the extension is part of the instruction.
struct NarrowFactorsPass : llvm::PassInfoMixin<NarrowFactorsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
