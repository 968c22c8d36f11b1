// SPDX-License-Identifier: Apache-2.0
// LLVM's dialect to LLVM IR: a kernel with the function by which it is called.
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
  shared,  ///< NAME(operands, begin, end, scratch), a KernelFunction: threads share the tiles
  whole,   ///< NAME(operand..., scratch): all tiles, for a caller that is compiled with it
};

/// The entry `name`, which has everything of the kernel inside. `module`: LLVM's dialect, one function of it a tile program
/// (tile_program.h); fails where there is none.
std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext& context, const std::string& name,
                                        KernelEntry entry, const Target& target);

}  // namespace fovea
