// SPDX-License-Identifier: Apache-2.0
// LLVM's dialect to machine code: an object file in memory, or its text.
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <mlir/IR/BuiltinOps.h>

#include <memory>
#include <string>

#include "fovea/codegen/emit/tile_program.h"
#include "fovea/codegen/target/target.h"

namespace fovea {

// Collects what LLVM complains about in a context while it lives, instead of printing it and ending the process.
class LlvmDiagnosticCollector {
 public:
  explicit LlvmDiagnosticCollector(llvm::LLVMContext& context);
  LlvmDiagnosticCollector(const LlvmDiagnosticCollector&) = delete;
  LlvmDiagnosticCollector& operator=(const LlvmDiagnosticCollector&) = delete;
  ~LlvmDiagnosticCollector();
  void check() const;  // fails with the first error

 private:
  llvm::LLVMContext& context_;
  std::string first_;
};

// How a kernel is called.
enum class KernelEntry : uint8_t {
  shared,  // NAME(operands, begin, end, scratch), a KernelFunction: threads share the tiles
  whole,   // NAME(operand..., scratch): all tiles, for a caller that is compiled with it
};

// The entry, which has everything of the kernel inside.
std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext& context, const TileProgram& program,
                                        const std::string& kernel_function, const std::string& name, KernelEntry entry,
                                        const Target& target);

void optimize(llvm::Module& module, const Target& target);

// Every function of the module is for `target` and throws nothing.
void set_target(llvm::Module& module, const Target& target);

enum class CodeKind : uint8_t { object, assembly, bitcode };
std::string emit(llvm::Module& module, const Target& target, CodeKind kind);

}  // namespace fovea
