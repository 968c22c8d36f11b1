// SPDX-License-Identifier: Apache-2.0
// Operands of a block brought into the core's cache, in the order the tiles read them.
#pragma once

#include "fovea/codegen/emit/tile_builder.h"
#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// An operand in another order: element i of it is element source(i) of the tensor, or 0 outside of that.
struct PackedLayout {
  llvm::SmallVector<int64_t> shape;
  mlir::AffineMap source;
};

/// What packing a block leaves: the scratch as written, and where in the operand the copy begins.
struct PackedBlock {
  mlir::Value scratch;
  llvm::SmallVector<Index> origin;
};

/// One packed input of the root. An input tile's scratch is one flat run; `view` gives it its coordinates back.
class PackedOperand {
 public:
  PackedOperand(Packing packing, const Access& access, const LinalgOperation& root, const Tiling& tiling);

  mlir::RankedTensorType scratch_type(mlir::Type element) const;

  /// Of an operand packed ahead.
  PackedLayout layout() const;
  /// A panel's coordinates: the vector tile, these, the place in the tile.
  llvm::ArrayRef<unsigned> panel_dims() const { return panel_dims_; }

  /// Copies the block [start, stop) of the domain from `source`.
  PackedBlock pack(TileBuilder& t, mlir::Value source, mlir::Value scratch, llvm::ArrayRef<Index> start,
                   llvm::ArrayRef<Index> stop) const;

  mlir::Value view(TileBuilder& t, mlir::Value scratch) const;

  /// Where the tile at `cursor` lies in the view of a block with this origin. `listed` gets the tiled dimensions in the order
  /// of the slice's coordinates.
  TileBuilder::Slice slice(TileBuilder& t, llvm::ArrayRef<Index> origin, llvm::ArrayRef<Index> cursor,
                           llvm::ArrayRef<int64_t> size, llvm::ArrayRef<unsigned> order,
                           llvm::SmallVectorImpl<unsigned>& listed) const;

 private:
  /// What is copied: coordinates of an input tile from `origin`, dimensions of a panel from `origin` to `stop`.
  struct Copy {
    mlir::Value source;
    llvm::ArrayRef<Index> origin, stop;
  };
  mlir::Value pack_input_tile(TileBuilder& t, const Copy& copy, mlir::Value scratch) const;
  mlir::Value input_tile_level(TileBuilder& t, const Copy& copy, mlir::Value scratch, unsigned level, Index from,
                               Index at) const;
  mlir::Value pack_panel(TileBuilder& t, const Copy& copy, mlir::Value scratch) const;
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
  int64_t tile_ = 1;                        ///< of the vector dimension
  llvm::SmallVector<int64_t> spans_;        ///< input tile: per coordinate
  llvm::SmallVector<unsigned> panel_dims_;  ///< panel: between the vector tiles and the tile itself
};

}  // namespace fovea
