// SPDX-License-Identifier: Apache-2.0
// What the grids of kernels on an accelerator depend on. A new kind of device takes a row of numbers and no new kernels.
#pragma once

#include <cstdint>
#include <string>

namespace fovea {

/// The numbers of a kind of device. A kernel compiled for a row runs on every device that has at least what the row states.
struct GpuTarget {
  std::string name;                                     ///< "vulkan"
  int64_t workgroup_invocations = 256;                  ///< invocations of one workgroup; a power of two
  int64_t workgroup_bytes = 16 << 10;                   ///< memory that the invocations of a workgroup share
  int64_t workgroups = 65535;                           ///< along one dimension of a dispatch
  int64_t tile_rows = 64, tile_columns = 64;            ///< of a contraction's result, computed by one workgroup
  int64_t tile_depth = 16;                              ///< reduction steps whose operands are in workgroup memory at a time
  int64_t invocation_rows = 4, invocation_columns = 4;  ///< of that tile, held in the registers of one invocation

  /// Every device with Vulkan 1.1 whose workgroups have 256 invocations.
  static GpuTarget vulkan();
};

}  // namespace fovea
