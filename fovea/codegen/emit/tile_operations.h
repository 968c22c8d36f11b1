// SPDX-License-Identifier: Apache-2.0
// The linalg operations of a kernel on one tile.
#pragma once

#include "fovea/codegen/emit/packed_inputs.h"

namespace fovea {

/// What an operation reads for one tile.
struct TileOperand {
  mlir::Value tile;    ///< or
  mlir::Value scalar;  ///< one number for the whole tile
  mlir::AffineMap map;
};

class TileOperations {
 public:
  TileOperations(const KernelDescription& kernel, const Tiling& tiling, TileFunction& function)
      : kernel_(kernel),
        root_(kernel.root),
        tiling_(tiling),
        rank_(static_cast<unsigned>(kernel.root.extents.size())),
        function_(function),
        t_(function.builder()) {}

  /// The tiled dimensions in their order, all or those of results.
  llvm::SmallVector<unsigned> tile_dims(bool with_reduced) const;
  static llvm::SmallVector<int64_t> tile_shape(llvm::ArrayRef<unsigned> dims, const TilePosition& position);

  /// `forms`: the access over the root's dimensions. `order`: the root's dimensions that the tile runs over.
  TileOperand read(const Access& access, llvm::ArrayRef<LinearForm> forms, llvm::ArrayRef<unsigned> order,
                   const TilePosition& position, const TileState& state);
  /// An input of the root, from its packed copy where it has one.
  TileOperand root_input(const PackedInputs& packed, size_t input, llvm::ArrayRef<unsigned> order, const TilePosition& position,
                         const TileState& state);
  /// The same, converted where a contraction converts it before it multiplies.
  TileOperand factor(const PackedInputs& packed, size_t input, llvm::ArrayRef<unsigned> order, const TilePosition& position,
                     const TileState& state);

  /// The linalg operation of `op` on one tile. `domain_dims` names, for each dimension of the op's own domain, the root's;
  /// `starts`, where nothing is reduced, what a body reads of its results.
  llvm::SmallVector<mlir::Value> apply(mlir::linalg::GenericOp op, llvm::ArrayRef<TileOperand> inputs, mlir::ValueRange outs,
                                       llvm::ArrayRef<unsigned> order, llvm::ArrayRef<unsigned> domain_dims,
                                       llvm::ArrayRef<mlir::Value> starts, const TilePosition& position);
  /// The root on one tile, its dimensions its own.
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
