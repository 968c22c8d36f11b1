// SPDX-License-Identifier: Apache-2.0
// A kernel as a module of MLIR's gpu dialect, and the binary that a device's driver compiles.
#pragma once

#include <mlir/IR/BuiltinOps.h>

#include "fovea/codegen/target/gpu_target.h"
#include "fovea/runtime/device.h"

namespace fovea {

/// The attribute of a gpu.func that says how it is dispatched: `workgroups` along both dimensions, `invocations` of
/// a workgroup, and the `workgroup_bytes` that these share.
inline constexpr const char* dispatch_attribute = "fovea.dispatch";

/// Registers the dialects that kernels pass through on their way to a device.
void register_gpu_dialects(mlir::DialectRegistry& registry);

/// Registers the translations of kernels for devices to LLVM IR.
void register_gpu_translations(mlir::DialectRegistry& registry);

/// The kernel of a module that fovea-emit-gpu and fovea-lower-to-spirv have lowered. Fails when there is none.
DeviceKernel spirv_kernel(mlir::ModuleOp module);

/// The kernel of a module that fovea-emit-gpu and fovea-lower-to-nvvm or -rocdl have lowered, as PTX or as assembly of AMD's
/// chips. Fails when there is none, and on code that calls a function.
DeviceKernel assembly_kernel(mlir::ModuleOp module, const GpuTarget& target);

}  // namespace fovea
