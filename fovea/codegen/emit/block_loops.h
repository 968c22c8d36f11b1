// SPDX-License-Identifier: Apache-2.0
// Loops over a block of the domain, tile by tile.
#pragma once

#include "fovea/codegen/emit/tile_position.h"
#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// Emits loops over the tiles of a block. Every tile has a static size: the remainder at an edge or inside a halo is code of
/// its own.
class BlockLoops {
 public:
  BlockLoops(TileBuilder& t, const LinalgOperation& root, const Tiling& tiling) : t_(t), root_(root), tiling_(tiling) {}

  /// Emits what is done at one position; `carried` holds the values that the loops carry.
  using Body = llvm::function_ref<void(const TilePosition&, TileState&)>;

  /// Loops over the tiles of the dimensions of `order`, the last one innermost.
  void nest(llvm::ArrayRef<unsigned> order, const TilePosition& position, TileState& carried, Body body) const;

  /// Loops over the blocks of the reduced dimensions of `order`.
  void reduction_blocks(llvm::ArrayRef<unsigned> order, const TilePosition& position, TileState& carried, Body body) const;

 private:
  struct Part {
    int64_t tile;
    Index begin, end;
    bool inside;  ///< no tap falls into the padding
  };
  llvm::SmallVector<Part> parts_of(unsigned dim, const TilePosition& position) const;
  std::pair<Index, Index> taps_inside(const PaddingHalo& edge, Index position) const;
  const PaddingHalo* edge_along(unsigned position) const;
  bool all_taps_inside(unsigned tap, const TilePosition& position) const;
  void over(unsigned dim, const TilePosition& position, TileState& carried, Body body) const;
  void reduction_block(unsigned dim, const TilePosition& position, TileState& carried, Body body) const;

  TileBuilder& t_;
  const LinalgOperation& root_;
  const Tiling& tiling_;
};

}  // namespace fovea
