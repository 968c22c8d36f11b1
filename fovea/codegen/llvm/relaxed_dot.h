// SPDX-License-Identifier: Apache-2.0
// WebAssembly's relaxed dot product multiplies and adds four bytes in each lane. How it treats a second factor above 127
// depends on the engine: as unsigned (x86 with AVX-VNNI), as signed (Arm), or as unsigned with sums of two products that
// saturate (other x86).
//
// Kernels are compiled for the first, which is exact. A network checks once a run which one the engine has, and otherwise calls
// copies of the kernels whose products are defined everywhere, so that integers are the same on every engine.
#pragma once

#include <llvm/IR/Function.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/PassManager.h>

namespace fovea {

/// Whether the kernel uses relaxed products.
bool has_relaxed_dots(const llvm::Function& kernel);

/// Replaces each relaxed product by two dot products of 16-bit integers.
struct ExactDotsPass : llvm::PassInfoMixin<ExactDotsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// A copy of the kernel in the same module, without relaxed products.
llvm::Function* with_exact_dots(llvm::Function& kernel);

/// Emits a test whether the engine's relaxed product of signed and unsigned bytes is exact, on bytes of every kind.
llvm::Value* relaxed_dots_are_exact(llvm::IRBuilder<>& builder);

}  // namespace fovea
