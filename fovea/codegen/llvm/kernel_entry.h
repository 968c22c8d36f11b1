// SPDX-License-Identifier: Apache-2.0
// Translates LLVM's dialect to LLVM IR: a kernel and its entry function.
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <mlir/IR/BuiltinOps.h>

#include <memory>
#include <string>

#include "fovea/codegen/target/target.h"

namespace fovea {

/// How a kernel is called.
enum class KernelEntry : uint8_t {
  shared,  ///< NAME(operands, begin, end, scratch), a KernelFunction: computes a range of grid tiles, so that threads can share
           ///< them
  whole,   ///< NAME(operand..., scratch): computes all grid tiles, for a caller that is compiled with it
};

/// A module that defines the entry `name`, with the kernel as an internal function. `module` is in LLVM's dialect and contains
/// one function that was a tile program (tile_program.h); fails otherwise.
std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext& context, const std::string& name,
                                        KernelEntry entry, const Target& target);

}  // namespace fovea
