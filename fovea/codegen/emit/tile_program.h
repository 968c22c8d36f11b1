// SPDX-License-Identifier: Apache-2.0
// One lowering for every index map: a kernel's linalg operations to its tile program.
//
// A tile program is loops over tiles, slices that read them, the linalg operation on tiles of fixed size, and slices that
// write. Strides, dilations, taps, groups and padding live in the slices, so a linalg operation on a tile is a plain
// contraction or an element-wise body, and one schedule vectorizes them all (schedule.h). Every tile has a static size: what is
// left over at an edge is a program of its own.
#pragma once

#include <cstdint>
#include <string>

#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// An argument of a tile program whose rows begin and end with a line of the cache: what is written there goes by non-temporal
/// stores.
inline constexpr const char* non_temporal_result = "fovea.non_temporal";

/// What a caller has to know of a tile program, whatever its function is lowered to: the attribute `fovea.tile_program`,
/// {operands, tiles, scratch_bytes, scratch_offsets, non_temporal}.
struct TileProgram {
  std::string function;                        ///< its name: (operands..., scratch..., begin, end) -> the written tensors
  int64_t operands = 0;                        ///< leading arguments that are the kernel's operands
  llvm::SmallVector<int64_t> non_temporal;     ///< of the operands: results that are written by non-temporal stores
  llvm::SmallVector<int64_t> scratch_offsets;  ///< bytes, of each scratch argument
  int64_t scratch_bytes = 0;
  int64_t tiles = 1;
};
inline constexpr const char* tile_program_attribute = "fovea.tile_program";

/// Of the first function of the module that has the attribute, in any dialect. Fails where there is none.
TileProgram read_tile_program(mlir::ModuleOp module);
void set_tile_program(mlir::func::FuncOp function, const TileProgram& program);

/// Adds the tile program to the kernel's module, named `tiles_` + the kernel's name.
void write_tile_program(const KernelDescription& kernel, const Tiling& tiling);

}  // namespace fovea
