// SPDX-License-Identifier: Apache-2.0
// How a kernel is shared by the workgroups of an accelerator and by their invocations.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/target/gpu_target.h"

namespace fovea {

/// An invocation computes one result of the parallel dimensions and loops over the reduced ones. Right for every kernel.
struct ElementGrid {};

/// A workgroup computes `lanes` neighboring results. Each is reduced by `slices` invocations, whose partial results are
/// combined pairwise in workgroup memory, in an order that the shape fixes.
struct TreeGrid {
  int64_t lanes = 1, slices = 1;
};

/// A workgroup computes a tile of a contraction's result. The operands of `depth` reduction steps are in workgroup memory, and
/// each invocation holds its part of the tile in registers.
struct ProductGrid {
  /// Dimensions of the root operation, in order: those of the batch, which both inputs have; those of rows and columns, which
  /// only one input has; and the reduced ones.
  llvm::SmallVector<unsigned> batch, rows, columns, depth;
  unsigned row_input = 0;  ///< the input that has the rows
  int64_t tile_rows = 0, tile_columns = 0, tile_depth = 0;
  int64_t invocation_rows = 0, invocation_columns = 0;
};

/// The grid of one kernel.
struct Grid {
  std::variant<ElementGrid, TreeGrid, ProductGrid> kind;
  int64_t workgroups = 1;   ///< in all
  int64_t invocations = 1;  ///< of one workgroup
  int64_t across = 1;       ///< workgroups along the first dimension of the dispatch
  /// Workgroups along the second dimension; the last ones have nothing to do where across * down exceeds `workgroups`.
  int64_t down = 1;
};

/// The number of points of these dimensions of an operation.
int64_t points(const LinalgOperation& operation, llvm::ArrayRef<unsigned> dims);
/// The dimensions of an operation that are reduced, or those that are not, in order.
llvm::SmallVector<unsigned> dims_of(const LinalgOperation& operation, bool reduced);
/// The operation by which result `index` of the root operation accumulates, when it is the last one of the body and partial
/// results can be combined by it: an addition, product, minimum or maximum. Null otherwise.
mlir::Operation* combiner(const LinalgOperation& root, unsigned index);

/// Refuses a kernel with tensors of an element type that devices do not compute with.
void check_device_types(mlir::func::FuncOp kernel);

/// Chooses the grid from shapes and the target alone. Fails on a kernel whose tensors have 2^31 elements or more, which 32-bit
/// indices do not reach.
Grid choose_grid(const KernelDescription& kernel, const GpuTarget& target);

}  // namespace fovea
