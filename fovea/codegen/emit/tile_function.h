// SPDX-License-Identifier: Apache-2.0
// The function of a tile program: its arguments, its scratch, and the loop over the grid.
#pragma once

#include "fovea/codegen/emit/tile_packing.h"
#include "fovea/codegen/emit/tile_position.h"
#include "fovea/codegen/emit/tile_program.h"

namespace fovea {

/// The function of a const description: MLIR's handles have no const methods, so it is copied.
inline mlir::func::FuncOp function_of(const KernelDescription& kernel) { return kernel.function; }

/// The layout of the scratch buffers, which is planned before the function exists.
class ScratchPlan {
 public:
  /// `outputs` is the number of tensors that the loops carry before the scratch buffers.
  explicit ScratchPlan(size_t outputs) : outputs_(outputs) {}
  /// Reserves an aligned buffer. Returns its position among the values that the loops carry.
  size_t add(mlir::RankedTensorType type);

  /// Types and byte offsets of the buffers in the order of add(), and the bytes of all.
  llvm::ArrayRef<mlir::RankedTensorType> types() const { return types_; }
  llvm::ArrayRef<int64_t> offsets() const { return offsets_; }
  int64_t bytes() const { return bytes_; }

 private:
  size_t outputs_;
  llvm::SmallVector<mlir::RankedTensorType> types_;
  llvm::SmallVector<int64_t> offsets_;
  int64_t bytes_ = 0;
};

/// The function `tiles_NAME` of one kernel while it is emitted.
class TileFunction {
 public:
  /// Adds the function after the kernel in its module. `packed` has, for each input of the root op, the position of its copy
  /// among the values that the loops carry.
  TileFunction(const KernelDescription& kernel, const Tiling& tiling, const ScratchPlan& scratch,
               llvm::ArrayRef<std::optional<size_t>> packed);
  TileFunction(const TileFunction&) = delete;
  TileFunction& operator=(const TileFunction&) = delete;

  /// The builder, whose insertion point is inside the function.
  TileBuilder& builder() { return t_; }
  /// The kernel's name, for messages.
  std::string kernel_name() const { return function_of(kernel_).getName().str(); }

  /// An argument of the kernel as it is at this point: one that is written in place is among the values that the loops carry.
  mlir::Value argument(mlir::Value original, const TileState& state);
  /// Clones a scalar constant of the kernel function into the tile program. Fails on a scalar that is computed.
  mlir::Value constant(mlir::Value original);

  /// Emits the loop over a range of grid tiles and the return; `block` emits what one grid tile does. Threads share the grid in
  /// ranges, and what a grid tile computes does not depend on the thread.
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

/// The element type of partial results; sums of groups are f32 like the groups.
mlir::Type accumulator_type(const LinalgOperation& root, mlir::Value result);

}  // namespace fovea
