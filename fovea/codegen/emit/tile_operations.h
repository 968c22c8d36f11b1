// SPDX-License-Identifier: Apache-2.0
// The linalg operations of a kernel on one tile.
#pragma once

#include "fovea/codegen/emit/packed_inputs.h"

namespace fovea {

/// An operand of a linalg operation on one tile: `tile` with its `map`, or `scalar`.
struct TileOperand {
  mlir::Value tile;    ///< null if the operand is a scalar
  mlir::Value scalar;  ///< one value for the whole tile
  mlir::AffineMap map;
};

/// Emits the linalg operations of one kernel on tiles.
class TileOperations {
 public:
  TileOperations(const KernelDescription& kernel, const Tiling& tiling, TileFunction& function)
      : kernel_(kernel),
        root_(kernel.root),
        tiling_(tiling),
        rank_(static_cast<unsigned>(kernel.root.extents.size())),
        function_(function),
        t_(function.builder()) {}

  /// The tiled dimensions in tile_order, all or only those of results.
  llvm::SmallVector<unsigned> tile_dims(bool with_reduced) const;
  /// The sizes of these dimensions at a position.
  static llvm::SmallVector<int64_t> tile_shape(llvm::ArrayRef<unsigned> dims, const TilePosition& position);

  /// Reads the tile of an operand from the tensor itself. `forms` is the access over the root op's dimensions, and `order`
  /// lists those that the tile has.
  TileOperand read(const Access& access, llvm::ArrayRef<LinearForm> forms, llvm::ArrayRef<unsigned> order,
                   const TilePosition& position, const TileState& state);
  /// Reads an input of the root op, from its packed copy if it has one.
  TileOperand root_input(const PackedInputs& packed, size_t input, llvm::ArrayRef<unsigned> order, const TilePosition& position,
                         const TileState& state);
  /// The same, with the conversion of a contraction's operand applied.
  TileOperand factor(const PackedInputs& packed, size_t input, llvm::ArrayRef<unsigned> order, const TilePosition& position,
                     const TileState& state);

  /// Emits `op` on one tile. `domain_dims` maps each dimension of op's own domain to one of the root op's. `starts` holds the
  /// values that an element-wise body reads as its results' initial ones.
  llvm::SmallVector<mlir::Value> apply(mlir::linalg::GenericOp op, llvm::ArrayRef<TileOperand> inputs, mlir::ValueRange outs,
                                       llvm::ArrayRef<unsigned> order, llvm::ArrayRef<unsigned> domain_dims,
                                       llvm::ArrayRef<mlir::Value> starts, const TilePosition& position);
  /// Emits the root op on one tile.
  llvm::SmallVector<mlir::Value> apply_root(llvm::ArrayRef<TileOperand> inputs, mlir::ValueRange outs,
                                            llvm::ArrayRef<unsigned> order, llvm::ArrayRef<mlir::Value> starts,
                                            const TilePosition& position);

 private:
  mlir::Value product_added(mlir::Value left, mlir::Value right, mlir::Value sum);
  void copy_body(mlir::Block& body, mlir::IRMapping& mapping, llvm::ArrayRef<unsigned> order,
                 llvm::ArrayRef<unsigned> domain_dims, const TilePosition& position);

  const KernelDescription& kernel_;
  const LinalgOperation& root_;
  const Tiling& tiling_;
  unsigned rank_;
  TileFunction& function_;
  TileBuilder& t_;
};

}  // namespace fovea
