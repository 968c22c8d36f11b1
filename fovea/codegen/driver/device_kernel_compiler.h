// SPDX-License-Identifier: Apache-2.0
// Compiles kernels of the stage `kernels` for a device: a grid of workgroups, SPIR-V or PTX, and the kernel cache.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>

#include <string>
#include <vector>

#include "fovea/codegen/target/gpu_target.h"
#include "fovea/runtime/device.h"

namespace fovea {

/// Compiles kernels for devices. The operands of a kernel are those that KernelCompiler gives it.
class DeviceKernelCompiler {
 public:
  /// Compiles for `target`, on `threads` threads; 0 for all processors.
  DeviceKernelCompiler(GpuTarget target, int threads);

  /// Compiles kernels in parallel; takes them from the kernel cache where possible and counts these in `from_cache`. Refuses
  /// kernels on types that devices do not compute with; fails with an InternalError on a kernel that does not compile.
  std::vector<DeviceKernel> compile(llvm::ArrayRef<mlir::func::FuncOp> kernels, int* from_cache = nullptr) const;

 private:
  GpuTarget target_;
  int threads_;
};

/// The stages of a kernel on its way to devices of a kind: gpu and spirv; gpu, nvvm and ptx; or gpu,
/// rocdl and amdgcn. Valid as long as the program.
const std::vector<std::string>& device_stages(const GpuTarget& target);
/// The text of one kernel at such a stage. Refuses other stages.
std::string lower_device_kernel(mlir::func::FuncOp kernel, const std::string& stage, const GpuTarget& target);

}  // namespace fovea
