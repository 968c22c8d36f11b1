// SPDX-License-Identifier: Apache-2.0
// WebAssembly's relaxed products of bytes: four to a lane in one instruction, but what becomes of a second factor above 127 is
// up to the engine: unsigned (x86 with AVX-VNNI), signed (Arm), or unsigned with sums of two that saturate (other x86).
//
// Kernels are written for the first, and exact there. A network asks once a run which it has; elsewhere it calls copies of the
// kernels whose products are defined everywhere, so its integers are the same on every engine.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/PassManager.h>

namespace fovea {

bool has_relaxed_dots(const llvm::Function& kernel);

/// Each relaxed product becomes two dots of 16-bit integers.
struct ExactDotsPass : llvm::PassInfoMixin<ExactDotsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// A copy of the kernel, beside it, without relaxed products.
llvm::Function* with_exact_dots(llvm::Function& kernel);

/// Code that multiplies bytes of every kind: does it get what exact products of signed and unsigned bytes give?
llvm::Value* relaxed_dots_are_exact(llvm::IRBuilder<>& builder);

}  // namespace fovea
