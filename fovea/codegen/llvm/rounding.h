// SPDX-License-Identifier: Apache-2.0
// Numbers rounded without a library.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// Where the processor cannot round, or not in this way, LLVM would call the C library for each lane: rounding as arithmetic on
/// f32. Numbers of 2^23 and more are whole.
class ExpandRoundingPass : public llvm::PassInfoMixin<ExpandRoundingPass> {
 public:
  enum class Which : uint8_t {
    all,             ///< down, toward zero, to the nearest: Armv7, x86 before SSE4.1
    away_from_zero,  ///< to the nearest, halves away from zero alone: WebAssembly
  };
  explicit ExpandRoundingPass(Which which) : which_(which) {}
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);

 private:
  Which which_;
};

/// What is rounded to even and then converted to an integer is converted as the processor rounds: one instruction of x86
/// instead of two. Elsewhere it is an addition that leaves no bits below the point, and the bits of the sum: Armv7 has no
/// rounding at all, WebAssembly's conversion looks for NaNs and large numbers, and QEMU before 8.0 stops at RISC-V's conversion
/// toward zero that no other operation on vectors of floats precedes. Integers that are computed in f32 stay below 2^22.
struct ConvertRoundedPass : llvm::PassInfoMixin<ConvertRoundedPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
