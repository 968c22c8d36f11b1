// SPDX-License-Identifier: Apache-2.0
// Kernels of the `kernels` stage to machine code: tile program, schedule, LLVM, the disk cache, and linking into this process.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <memory>
#include <string>
#include <vector>

#include "fovea/codegen/llvm/kernel_entry.h"
#include "fovea/codegen/target/target.h"
#include "fovea/runtime/program.h"

namespace fovea {

struct CompiledKernel {
  KernelFunction function = nullptr;
  int64_t tiles = 1;
  int64_t scratch_bytes = 0;
};

/// A kernel as LLVM's bitcode: `void FUNCTION(operand..., scratch)` computes all of it.
struct KernelBitcode {
  std::string function;  ///< named by content
  std::string bytes;
  int64_t scratch_bytes = 0;
};

struct CachedKernel;

/// Operands of a kernel's machine code: its function arguments, then its results. A result with the result attribute
/// `fovea.in_place = i` is written over argument i and has no operand of its own.
class KernelCompiler {
 public:
  KernelCompiler(Target target, int threads);

  /// Compiles the distinct ones side by side, from the disk cache where possible. `code` keeps the machine code mapped.
  std::vector<CompiledKernel> compile(llvm::ArrayRef<mlir::func::FuncOp> kernels, std::shared_ptr<void>& code,
                                      int* from_cache = nullptr) const;

  /// The same for a program that is put together ahead of time, and for any target.
  std::vector<KernelBitcode> bitcode(llvm::ArrayRef<mlir::func::FuncOp> kernels) const;

  /// The most scratch that one of them needs, without their code.
  int64_t scratch_bytes(llvm::ArrayRef<mlir::func::FuncOp> kernels) const;

 private:
  std::vector<CachedKernel> compile_or_find(llvm::ArrayRef<mlir::func::FuncOp> kernels, const std::vector<std::string>& texts,
                                            KernelEntry entry, int* from_cache) const;

  Target target_;
  int threads_;
};

/// A kernel as an object file (ELF or WebAssembly) for any target.
struct KernelObject {
  std::string bytes;
  int64_t tiles = 1;          ///< what its caller shares out
  int64_t scratch_bytes = 0;  ///< what its caller lends it
};

/// Defines `entry`, a KernelFunction of that target: operands are an array of its pointers, begin and end are 64 bits wide
/// everywhere. It may call memcpy and memset.
KernelObject compile_object(mlir::func::FuncOp kernel, const std::string& entry, const Target& target);

/// The text of one kernel at a stage: tiles, vectors, llvm, assembly.
std::string lower_kernel(mlir::func::FuncOp kernel, const std::string& stage, const Target& target);

}  // namespace fovea
