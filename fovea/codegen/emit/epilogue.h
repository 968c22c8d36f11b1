// SPDX-License-Identifier: Apache-2.0
// What follows the root op on a finished tile: the element-wise operations of the epilogue, and the writes.
#pragma once

#include "fovea/codegen/emit/tile_operations.h"

namespace fovea {

/// Emits the epilogue of one kernel.
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

  /// The destinations of an element-wise operation on this tile: slices of the kernel's outputs where its results are returned,
  /// and new tensors otherwise.
  llvm::SmallVector<mlir::Value> destinations(mlir::linalg::GenericOp op, const TilePosition& position, const TileState& state);
  /// Emits the epilogue and the writes of one tile. `root_tiles` are the root op's results on it.
  void finish(llvm::ArrayRef<mlir::Value> root_tiles, const TilePosition& position, TileState& state);

 private:
  mlir::Value summed(mlir::Value tile, mlir::Value result);
  TileBuilder::Slice output_slice(const KernelResult& output, const TilePosition& position);
  void apply(const LinalgOperation& operation, llvm::DenseMap<mlir::Value, mlir::Value>& tiles, const TilePosition& position,
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
