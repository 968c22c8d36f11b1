// SPDX-License-Identifier: Apache-2.0
// LLVM IR to machine code: an object file in memory, or assembly.
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

#include "fovea/codegen/target/target.h"

namespace fovea {

/// Collects LLVM's errors in a context during its lifetime, instead of printing them and ending the process. Not thread-safe,
/// like the context.
class LlvmDiagnosticCollector {
 public:
  /// `context` must outlive the collector.
  explicit LlvmDiagnosticCollector(llvm::LLVMContext& context);
  LlvmDiagnosticCollector(const LlvmDiagnosticCollector&) = delete;
  LlvmDiagnosticCollector& operator=(const LlvmDiagnosticCollector&) = delete;
  ~LlvmDiagnosticCollector();
  void check() const;  ///< fails with the first error

 private:
  llvm::LLVMContext& context_;
  std::string first_;
};

/// LLVM's code generator for the target. Fails where LLVM has none.
std::unique_ptr<llvm::TargetMachine> machine_for(const Target& target);

/// Makes every function of the module one for `target` that throws nothing.
void set_target(llvm::Module& module, const Target& target);

/// What emit() writes: an object file, assembly as text, or LLVM's bitcode.
enum class CodeKind : uint8_t { object, assembly, bitcode };
/// Generates code from a module after optimize(). Fails if the target cannot emit such a file. May be called from several
/// threads.
std::string emit(llvm::Module& module, const Target& target, CodeKind kind);

}  // namespace fovea
