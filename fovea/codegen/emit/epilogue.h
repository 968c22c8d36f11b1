// SPDX-License-Identifier: Apache-2.0
// What follows the root on a tile that is done: element-wise operations, and the writes.
#pragma once

#include "fovea/codegen/emit/tile_operations.h"

namespace fovea {

class Epilogue {
 public:
  Epilogue(const KernelDescription& kernel, const Tiling& tiling, TileFunction& function, TileOperations& operations)
      : kernel_(kernel),
        root_(kernel.root),
        tiling_(tiling),
        rank_(static_cast<unsigned>(kernel.root.extents.size())),
        function_(function),
        operations_(operations),
        t_(function.builder()) {}

  /// Where an element-wise operation on this tile puts its results: into the kernel's outputs where they are its own.
  llvm::SmallVector<mlir::Value> destinations(mlir::linalg::GenericOp op, const TilePosition& position, const TileState& state);
  /// `root_tiles`: the root's results on this tile.
  void finish(llvm::ArrayRef<mlir::Value> root_tiles, const TilePosition& position, TileState& state);

 private:
  mlir::Value summed(mlir::Value tile, mlir::Value result);
  TileBuilder::Slice output_slice(const KernelResult& output, const TilePosition& position);
  void apply(const LinalgOperation& formula, llvm::DenseMap<mlir::Value, mlir::Value>& tiles, const TilePosition& position,
             const TileState& state);

  const KernelDescription& kernel_;
  const LinalgOperation& root_;
  const Tiling& tiling_;
  unsigned rank_;
  TileFunction& function_;
  TileOperations& operations_;
  TileBuilder& t_;
};

}  // namespace fovea
