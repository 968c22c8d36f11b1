// SPDX-License-Identifier: Apache-2.0
// What the loops of a tile program hand to their bodies, as values: nothing that a body sets is left behind for another.
#pragma once

#include <llvm/ADT/SmallVector.h>

#include "fovea/codegen/emit/tile_builder.h"

namespace fovea {

/// Where the loops stand, per dimension of the root's domain.
struct TilePosition {
  /// At the beginning of one block that is all of the domain.
  TilePosition(TileBuilder& t, llvm::ArrayRef<int64_t> extents);

  llvm::SmallVector<Index> start, stop;  ///< of the block
  llvm::SmallVector<Index> at;           ///< of the tile in it
  llvm::SmallVector<int64_t> size;       ///< of the tile
  llvm::SmallVector<bool> inside;        ///< of what windows move along: at this index (or tile) every tap is inside
  llvm::SmallVector<bool> single;        ///< the reduction's block is one step, and `at` stands at it
  /// Per root input that is packed: where in it the block's copy begins (PackedBlock).
  llvm::SmallVector<llvm::SmallVector<Index>> origins;
};

/// What loops carry: the written tensors, then the scratch buffers; inside a reduction its accumulators.
using TileState = llvm::SmallVectorImpl<mlir::Value>;

}  // namespace fovea
