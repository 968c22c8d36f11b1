// SPDX-License-Identifier: Apache-2.0
// The road of a kernel over LLVM IR: our passes around LLVM's own.
#pragma once

#include <llvm/IR/Module.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>

#include <string>

#include "fovea/codegen/target/target.h"

namespace fovea {

/// From what `translate` gives to what `emit` takes:
///   1. what would become a call of the C library (fovea-fuse-multiply-add, fovea-expand-rounding, on Arm
///   fovea-convert-rounded);
///   2. LLVM's pipeline of -O2, without loops' vectors and unrolling, which are the schedule's business;
///   3. instructions that LLVM does not choose by itself. Some of them it would undo, and rounding and conversion are brought
///      together only by it.
llvm::ModulePassManager kernel_pipeline(llvm::PassBuilder& builder, const Target& target);

/// Makes the passes and the pipeline known by name: `fovea-kernel` is all of it, and each pass has the name that
/// tests/codegen/llvm calls it by.
void register_llvm_passes(llvm::PassBuilder& builder, const Target& target);

/// Runs the kernel's pipeline, verified after each pass where assertions are on.
void optimize(llvm::Module& module, const Target& target);

/// Runs the passes that a text names, as LLVM's opt does; LLVM's own ones too. Verified after each. Refuses what does not
/// parse.
void run_llvm_passes(llvm::Module& module, const Target& target, const std::string& pipeline);

/// Defines what the module calls of the C library's memory functions (memory_functions.h).
void define_memory_functions(llvm::Module& module, const Target& target);

}  // namespace fovea
