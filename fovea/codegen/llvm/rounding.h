// SPDX-License-Identifier: Apache-2.0
// Rounding without calls of the C library.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// Replaces roundings that the processor has no instruction for by arithmetic on f32; LLVM would call the C library for each
/// lane. Numbers of 2^23 and more are integers already.
class ExpandRoundingPass : public llvm::PassInfoMixin<ExpandRoundingPass> {
 public:
  enum class Which : uint8_t {
    all,             ///< floor, trunc, round and the roundings to even: Armv7, x86 before SSE4.1
    away_from_zero,  ///< only round, halves away from zero: WebAssembly
  };
  explicit ExpandRoundingPass(Which which) : which_(which) {}
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);

 private:
  Which which_;
};

/// Joins a rounding to even and the conversion of its result to an integer. On x86 that is one instruction, which rounds in the
/// current mode. Elsewhere it is an addition that leaves no bits below the binary point, and the bits of the sum: Armv7 has no
/// rounding, WebAssembly's conversion checks for NaNs and large numbers, and QEMU before 8.0 faults at RISC-V's conversion
/// toward zero if no other operation on vectors of floats precedes it. Integers that are computed in f32 stay below 2^22.
struct ConvertRoundedPass : llvm::PassInfoMixin<ConvertRoundedPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
