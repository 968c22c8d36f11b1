// SPDX-License-Identifier: Apache-2.0
// Compiles kernels of the stage `kernels` to machine code: tile program, vectors, LLVM IR, the kernel cache, and linking into
// this process.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fovea/codegen/llvm/kernel_entry.h"
#include "fovea/codegen/target/target.h"
#include "fovea/runtime/program.h"

namespace fovea {

/// A kernel in this process.
struct CompiledKernel {
  KernelFunction function = nullptr;
  int64_t tiles = 1;
  int64_t scratch_bytes = 0;
  int64_t device_kernel = -1;  ///< as KernelCall::device_kernel
};

/// A kernel as LLVM's bitcode, which defines `void FUNCTION(operand..., scratch)` for all grid tiles.
struct KernelBitcode {
  std::string function;  ///< its name, a hash of the content
  std::string bytes;
  int64_t scratch_bytes = 0;
};

struct CachedKernel;

/// Compiles kernels for one target. The operands of a compiled kernel are its function's arguments, then its results; a result
/// with the attribute `fovea.in_place = i` is written over argument i and is no operand.
class KernelCompiler {
 public:
  /// `threads` that compile; 0 for all processors. `stop` is as CompileOptions::stop.
  KernelCompiler(Target target, int threads, std::function<bool()> stop = {});

  /// Compiles kernels in parallel and links them into this process; takes them from the kernel cache where possible and counts
  /// these in `from_cache`. The functions are valid as long as `code`. Fails with an InternalError on a kernel that does not
  /// compile.
  std::vector<CompiledKernel> compile(llvm::ArrayRef<mlir::func::FuncOp> kernels, std::shared_ptr<void>& code,
                                      int* from_cache = nullptr) const;

  /// Compiles kernels for a program that is linked ahead of time, for any target.
  std::vector<KernelBitcode> bitcode(llvm::ArrayRef<mlir::func::FuncOp> kernels) const;

  /// The scratch bytes of the kernel that needs most, without generating code.
  int64_t scratch_bytes(llvm::ArrayRef<mlir::func::FuncOp> kernels) const;

 private:
  std::vector<CachedKernel> compile_or_find(llvm::ArrayRef<mlir::func::FuncOp> kernels, const std::vector<std::string>& texts,
                                            KernelEntry entry, int* from_cache) const;

  Target target_;
  int threads_;
  std::function<bool()> stop_;
};

/// A kernel as an object file (ELF or WebAssembly) for any target.
struct KernelObject {
  std::string bytes;
  int64_t tiles = 1;          ///< number of grid tiles
  int64_t scratch_bytes = 0;  ///< scratch memory of one thread, which the caller provides
};

/// Compiles one kernel to an object that defines `entry`, a KernelFunction of that target: operands are an array of the
/// target's pointers, and begin and end are 64 bits wide everywhere. It may call memcpy and memset.
KernelObject compile_object(mlir::func::FuncOp kernel, const std::string& entry, const Target& target);

/// The text of one kernel at a stage: tiles, vectors, llvm, assembly. Refuses other stages.
std::string lower_kernel(mlir::func::FuncOp kernel, const std::string& stage, const Target& target);

}  // namespace fovea
