// LLVM's dialect to machine code: an object file in memory, or its text.
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <mlir/IR/BuiltinOps.h>

#include <memory>
#include <string>

#include "fovea/codegen/target.h"
#include "fovea/codegen/tile_program.h"

namespace fovea {

// The entry that the runtime calls, `NAME(operands, begin, end, scratch)`, beside the kernel's own function.
std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext& context, const TileProgram& program,
                                        const std::string& kernel_function, const std::string& entry, const Target& target);

void optimise(llvm::Module& module, const Target& target);

enum class CodeKind : uint8_t { object, assembly };
std::string emit(llvm::Module& module, const Target& target, CodeKind kind);

}  // namespace fovea
