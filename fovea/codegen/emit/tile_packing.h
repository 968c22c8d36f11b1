// SPDX-License-Identifier: Apache-2.0
// Operands of a block brought into the core's cache, in the order the tiles read them.
#pragma once

#include "fovea/codegen/emit/tile_builder.h"
#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

// An operand in another order: element i of it is element source(i) of the tensor, or 0 outside of that.
struct PackedLayout {
  llvm::SmallVector<int64_t> shape;
  mlir::AffineMap source;
};

// One packed input of the root. A strip's scratch is one flat run; `view` gives it its coordinates back.
class PackedOperand {
 public:
  PackedOperand(Packing packing, const Access& access, llvm::SmallVector<LinearForm> forms, const LinalgOperation& root,
                const Tiling& tiling);

  mlir::RankedTensorType scratch_type(mlir::Type element) const;

  // Of an operand packed ahead.
  PackedLayout layout() const;
  // A panel's coordinates: the vector tile, these, the place in the tile.
  llvm::ArrayRef<unsigned> panel_dims() const { return panel_dims_; }

  // Copies the block [start, stop) of the domain from `source`; returns the scratch as written.
  mlir::Value pack(TileBuilder& t, mlir::Value source, mlir::Value scratch, llvm::ArrayRef<Index> start,
                   llvm::ArrayRef<Index> stop);

  mlir::Value view(TileBuilder& t, mlir::Value scratch) const;

  // Where one tile lies in the view. `listed` gets the tiled dimensions in the order of the slice's coordinates.
  TileBuilder::Slice slice(TileBuilder& t, llvm::ArrayRef<Index> cursor, llvm::ArrayRef<int64_t> size,
                           llvm::ArrayRef<unsigned> order, llvm::SmallVectorImpl<unsigned>& listed) const;

 private:
  mlir::Value pack_input_tile(TileBuilder& t, mlir::Value source, mlir::Value scratch);
  mlir::Value input_tile_level(TileBuilder& t, mlir::Value source, mlir::Value scratch, unsigned level, Index from, Index at);
  mlir::Value pack_panel(TileBuilder& t, mlir::Value source, mlir::Value scratch, llvm::ArrayRef<Index> stop);
  int64_t span_after(unsigned level) const;
  int64_t source_extent(unsigned coordinate) const;
  int64_t extent_after(unsigned level) const;
  llvm::SmallVector<int64_t> view_shape() const;

  Packing packing_;
  const Access& access_;
  llvm::SmallVector<LinearForm> forms_;
  const LinalgOperation& root_;
  const Tiling& tiling_;
  unsigned vector_ = 0;
  int64_t tile_ = 1;                        // of the vector dimension
  int64_t run_ = 16;                        // elements copied at a time
  llvm::SmallVector<int64_t> spans_;        // strip: per coordinate
  llvm::SmallVector<Index> base_;           // strip: the first coordinate of the block
  llvm::SmallVector<unsigned> panel_dims_;  // panel: between the vector tiles and the tile itself
  llvm::SmallVector<Index> start_;
};

}  // namespace fovea
