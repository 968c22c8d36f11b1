// SPDX-License-Identifier: Apache-2.0
// Tile programs: one lowering of kernels for all index maps.
//
// A tile program consists of loops over tiles, slices that read tiles, linalg operations of static size on them, and slices
// that write. Strides, dilations, taps, groups and padding are expressed by the slices, so a linalg operation on a tile is a
// plain contraction or an element-wise body, and one schedule vectorizes all of them (schedule.h). Every tile has a static
// size: the remainder at an edge is code of its own.
#pragma once

#include <cstdint>
#include <string>

#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// The attribute of an argument that is written in whole cache lines, with non-temporal stores.
inline constexpr const char* non_temporal_result = "fovea.non_temporal";

/// What a caller has to know of a tile program, whatever dialect it has been lowered to: the attribute `fovea.tile_program`,
/// {operands, tiles, scratch_bytes, scratch_offsets, non_temporal}.
struct TileProgram {
  std::string function;                        ///< its name: (operands..., scratch..., begin, end) -> the written tensors
  int64_t operands = 0;                        ///< number of leading arguments that are the kernel's operands
  llvm::SmallVector<int64_t> non_temporal;     ///< indices of the operands that are written with non-temporal stores
  llvm::SmallVector<int64_t> scratch_offsets;  ///< the byte offset of each scratch argument
  /// The scratch of one thread in bytes.
  int64_t scratch_bytes = 0;
  /// The number of grid tiles.
  int64_t tiles = 1;
};
/// The name of that attribute.
inline constexpr const char* tile_program_attribute = "fovea.tile_program";

/// Reads the attribute of the first function of the module that has it, in any dialect. Fails where there is none.
TileProgram read_tile_program(mlir::ModuleOp module);
/// Sets the attribute.
void set_tile_program(mlir::func::FuncOp function, const TileProgram& program);

/// Adds the tile program to the kernel's module as `tiles_` + the kernel's name.
void write_tile_program(const KernelDescription& kernel, const Tiling& tiling);

}  // namespace fovea
