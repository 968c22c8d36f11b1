// SPDX-License-Identifier: Apache-2.0
// LLVM IR to machine code: an object file in memory, or its text.
#pragma once

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <string>

#include "fovea/codegen/target/target.h"

namespace fovea {

/// Collects what LLVM complains about in a context while it lives, instead of printing it and ending the process.
class LlvmDiagnosticCollector {
 public:
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

/// Every function of the module is for `target` and throws nothing.
void set_target(llvm::Module& module, const Target& target);

enum class CodeKind : uint8_t { object, assembly, bitcode };
std::string emit(llvm::Module& module, const Target& target, CodeKind kind);

}  // namespace fovea
