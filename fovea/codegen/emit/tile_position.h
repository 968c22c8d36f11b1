// SPDX-License-Identifier: Apache-2.0
// The position that the loops of a tile program pass to their bodies. It is passed by value, so what one body sets is never
// seen by another.
#pragma once

#include <llvm/ADT/SmallVector.h>

#include "fovea/codegen/emit/tile_builder.h"

namespace fovea {

/// The current position of the loops, for each dimension of the root op's domain.
struct TilePosition {
  /// The start of a single block that is the whole domain.
  TilePosition(TileBuilder& t, llvm::ArrayRef<int64_t> extents);

  llvm::SmallVector<Index> start, stop;  ///< of the block
  llvm::SmallVector<Index> at;           ///< of the tile in the block
  llvm::SmallVector<int64_t> size;       ///< of the tile
  llvm::SmallVector<bool> inside;  ///< of positions of a window: at this index (or in this tile) every tap is inside the tensor
  llvm::SmallVector<bool> single;  ///< the block of this reduced dimension is the single step `at`
  /// For each packed input of the root op, the origin of the block's copy (PackedBlock).
  llvm::SmallVector<llvm::SmallVector<Index>> origins;
};

/// The values that loops carry: the written tensors, then the scratch buffers; inside a reduction, its accumulators.
using TileState = llvm::SmallVectorImpl<mlir::Value>;

}  // namespace fovea
