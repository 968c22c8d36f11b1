// SPDX-License-Identifier: Apache-2.0
// Compiles kernels of the stage `kernels` for a device: a grid of workgroups, SPIR-V, and the kernel cache.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <string>
#include <vector>

#include "fovea/runtime/device.h"

namespace fovea {

/// Compiles kernels for devices. The operands of a kernel are those that KernelCompiler gives it.
class DeviceKernelCompiler {
 public:
  /// `threads` that compile; 0 for all processors.
  explicit DeviceKernelCompiler(int threads);

  /// Compiles kernels in parallel; takes them from the kernel cache where possible and counts these in `from_cache`. Refuses
  /// kernels on types that devices do not compute with; fails with an InternalError on a kernel that does not compile.
  std::vector<DeviceKernel> compile(llvm::ArrayRef<mlir::func::FuncOp> kernels, int* from_cache = nullptr) const;

 private:
  int threads_;
};

/// The text of one kernel on its way to a device: gpu, or spirv. Refuses other stages.
std::string lower_device_kernel(mlir::func::FuncOp kernel, const std::string& stage);

}  // namespace fovea
