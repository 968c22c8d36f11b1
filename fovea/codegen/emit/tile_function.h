// SPDX-License-Identifier: Apache-2.0
// The function of a tile program: its arguments, its scratch, and the loop over the grid.
#pragma once

#include "fovea/codegen/emit/tile_packing.h"
#include "fovea/codegen/emit/tile_position.h"
#include "fovea/codegen/emit/tile_program.h"

namespace fovea {

/// Handles are cheap and const ones answer nothing.
inline mlir::func::FuncOp function_of(const KernelDescription& kernel) { return kernel.function; }

/// Scratch buffers one after another, before there is a function.
class ScratchPlan {
 public:
  /// `outputs`: the tensors that the loops carry before the scratch.
  explicit ScratchPlan(size_t outputs) : outputs_(outputs) {}
  /// Its place in what the loops carry.
  size_t add(mlir::RankedTensorType type);

  llvm::ArrayRef<mlir::RankedTensorType> types() const { return types_; }
  llvm::ArrayRef<int64_t> offsets() const { return offsets_; }
  int64_t bytes() const { return bytes_; }

 private:
  size_t outputs_;
  llvm::SmallVector<mlir::RankedTensorType> types_;
  llvm::SmallVector<int64_t> offsets_;
  int64_t bytes_ = 0;
};

class TileFunction {
 public:
  /// Adds the function behind the kernel. `packed`: per root input its copy's place in what the loops carry.
  TileFunction(const KernelDescription& kernel, const Tiling& tiling, const ScratchPlan& scratch,
               llvm::ArrayRef<std::optional<size_t>> packed);
  TileFunction(const TileFunction&) = delete;
  TileFunction& operator=(const TileFunction&) = delete;

  TileBuilder& builder() { return t_; }
  std::string kernel_name() const { return function_of(kernel_).getName().str(); }

  /// An argument as the program sees it at this point: one that is written in place is read from what the loops carry.
  mlir::Value argument(mlir::Value original, const TileState& state);
  /// A scalar of the kernel function (a constant), made anew in the tile program.
  mlir::Value constant(mlir::Value original);

  /// One run of the grid: `block` writes what a grid tile does. A processor's threads take runs of them; what a grid tile is
  /// does not depend on who computes it.
  using Block = llvm::function_ref<void(const TilePosition& block, TileState& state)>;
  void write_grid(Block block);

 private:
  void mark_dot_products(llvm::ArrayRef<std::optional<size_t>> packed);
  void mark_written();
  TilePosition block_at(Index tile);
  int64_t blocks_along(unsigned dim) const;

  const KernelDescription& kernel_;
  const LinalgOperation& root_;
  const Tiling& tiling_;
  mlir::OpBuilder builder_;
  TileBuilder t_;
  mlir::func::FuncOp function_;
  TileProgram program_;
};

/// The type of partial results: sums of groups are f32 like the groups themselves.
mlir::Type accumulator_type(const LinalgOperation& root, mlir::Value result);

}  // namespace fovea
