// SPDX-License-Identifier: Apache-2.0
// The pipeline of a kernel over LLVM IR: our passes around those of LLVM.
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>

#include <string>

#include "fovea/codegen/target/target.h"

namespace fovea {

/// The passes between `translate` and `emit`:
///   1. expansion of what would become a call of the C library (fovea-fuse-multiply-add, fovea-expand-rounding, on Arm
///      fovea-convert-rounded);
///   2. LLVM's pipeline of -O2 without vectorizers and unrolling, which the schedule has done;
///   3. instructions that LLVM does not choose by itself. They come last because LLVM's passes would undo some of them, and
///      because only these passes bring a rounding next to its conversion.
llvm::ModulePassManager kernel_pipeline(llvm::PassBuilder& builder, const Target& target);

/// Registers the passes and the pipeline by name with the builder: `fovea-kernel` is all of it, and tests/codegen/llvm names
/// each pass. `builder` and `target` must outlive the parsing.
void register_llvm_passes(llvm::PassBuilder& builder, const Target& target);

/// Runs the kernel's pipeline; verifies after each pass where assertions are on.
void optimize(llvm::Module& module, const Target& target);

/// Runs the passes that a text names, as LLVM's opt does, LLVM's own passes included, and verifies after each. Refuses a text
/// that does not parse.
void run_llvm_passes(llvm::Module& module, const Target& target, const std::string& pipeline);

/// Defines the C library's memory functions that the module calls (memory_functions.h).
void define_memory_functions(llvm::Module& module, const Target& target);

}  // namespace fovea
