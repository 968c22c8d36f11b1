// SPDX-License-Identifier: Apache-2.0
// What the grids of kernels on an accelerator depend on. A new kind of device takes a row of numbers and no new kernels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fovea {

/// What a device's driver compiles.
enum class GpuCode : uint8_t {
  spirv,   ///< SPIR-V; a kernel's operands are bindings of buffers, with a table of the places where they begin
  ptx,     ///< NVIDIA's PTX as text; a kernel's operands are pointers
  amdgcn,  ///< AMD's instructions; a kernel's operands are pointers
};

/// The numbers of a kind of device. A kernel compiled for a row runs on every device that has at least what the row states.
struct GpuTarget {
  std::string name;                                     ///< "vulkan", or LLVM's name of the chip: "sm_80", "gfx90a"
  GpuCode code = GpuCode::spirv;                        ///< what kernels become
  std::string features;                                 ///< LLVM's; for PTX its least version that knows the chip
  int64_t workgroup_invocations = 256;                  ///< invocations of one workgroup; a power of two
  int64_t workgroup_bytes = 16 << 10;                   ///< memory that the invocations of a workgroup share
  int64_t workgroups = 65535;                           ///< along one dimension of a dispatch
  int64_t resident_workgroups = 1;                      ///< that the registers of one multiprocessor have room for
  int64_t tile_rows = 64, tile_columns = 64;            ///< of a contraction's result, computed by one workgroup
  int64_t tile_depth = 16;                              ///< reduction steps whose operands are in workgroup memory at a time
  int64_t invocation_rows = 4, invocation_columns = 4;  ///< of that tile, held in the registers of one invocation

  /// Every device with Vulkan 1.1 whose workgroups have 256 invocations.
  static GpuTarget vulkan();
  /// The target of a name from gpu_target_names(). Refuses others with the nearest name.
  static GpuTarget named(const std::string& name);
  /// The target of a device that is of this name, or of a newer chip than all of them: the newest whose kernels it runs.
  static GpuTarget of_device(const std::string& name);
};

/// The names of all targets; valid as long as the program.
const std::vector<std::string>& gpu_target_names();

}  // namespace fovea
