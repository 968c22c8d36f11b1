// SPDX-License-Identifier: Apache-2.0
// Packing: the operands of a block, copied into the core's cache in the order in which the tiles read them.
#pragma once

#include "fovea/codegen/emit/tile_builder.h"
#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// A packed operand: element i of `shape` is element source(i) of the tensor, or 0 outside of the tensor.
struct PackedLayout {
  llvm::SmallVector<int64_t> shape;
  mlir::AffineMap source;
};

/// The result of packing a block: the scratch as written, and the coordinates of the operand at which the copy begins.
struct PackedBlock {
  mlir::Value scratch;
  llvm::SmallVector<Index> origin;
};

/// One input of the root op and how it is packed. The scratch of an input tile is one-dimensional; `view` gives it its
/// coordinates back. `access`, `root` and `tiling` must outlive the object.
class PackedOperand {
 public:
  PackedOperand(Packing packing, const Access& access, const LinalgOperation& root, const Tiling& tiling);

  /// The type of the scratch buffer of the packed block.
  mlir::RankedTensorType scratch_type(mlir::Type element) const;

  /// The layout of an operand that is packed before the run.
  PackedLayout layout() const;
  /// The dimensions between the first coordinate of a panel, the number of the vector tile, and the last, the position in the
  /// tile.
  llvm::ArrayRef<unsigned> panel_dims() const { return panel_dims_; }

  /// Emits the copy of the block [start, stop) of the domain from `source` to `scratch`.
  PackedBlock pack(TileBuilder& t, mlir::Value source, mlir::Value scratch, llvm::ArrayRef<Index> start,
                   llvm::ArrayRef<Index> stop) const;

  /// The scratch with the coordinates of the operand.
  mlir::Value view(TileBuilder& t, mlir::Value scratch) const;

  /// The slice of the view that holds the tile at `cursor`, for a block with this origin. `listed` gets the tiled dimensions in
  /// the order of the slice's coordinates.
  TileBuilder::Slice slice(TileBuilder& t, llvm::ArrayRef<Index> origin, llvm::ArrayRef<Index> cursor,
                           llvm::ArrayRef<int64_t> size, llvm::ArrayRef<unsigned> order,
                           llvm::SmallVectorImpl<unsigned>& listed) const;

 private:
  /// What is copied: for an input tile from the coordinates `origin`, for a panel from the indices `origin` to `stop`.
  struct Copy {
    mlir::Value source;
    llvm::ArrayRef<Index> origin, stop;
  };
  class PanelCopy;
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
  llvm::SmallVector<int64_t> spans_;        ///< of an input tile: elements along each coordinate
  llvm::SmallVector<unsigned> panel_dims_;  ///< of a panel: see panel_dims()
};

}  // namespace fovea
