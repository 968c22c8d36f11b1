// SPDX-License-Identifier: Apache-2.0
// Sums that several operators share: over windows and over channels.
#pragma once

#include "fovea/dialect/window.h"

namespace fovea::dialect {

/// The sum over each window of an image [batch, spatial..., channels]. Cells outside it count as `outside`. Integers are
/// extended and summed in i32.
mlir::Value window_sums(mlir::OpBuilder& builder, mlir::Location location, mlir::Value image, const Window& window,
                        int64_t outside, bool is_signed = true);

/// The sum of 8-bit integers over the last dimension, in i32.
mlir::Value channel_sums(mlir::OpBuilder& builder, mlir::Location location, mlir::Value integers, bool is_signed);

/// 8-bit integers extended to i32.
mlir::Value as_integers(mlir::OpBuilder& builder, mlir::Location location, mlir::Value bytes, bool is_signed);

/// Whether windows cover one cell each. `strided_cells` are then what the windows read, and nothing is summed.
bool has_one_cell(const Window& window);
mlir::Value strided_cells(mlir::OpBuilder& builder, mlir::Location location, mlir::Value image, const Window& window);

/// How many cells of each window are inside the image: one number when `all` is set or no window reaches outside, otherwise
/// [spatial...] in row-major order.
struct WindowCounts {
  llvm::SmallVector<int64_t> counts, shape;
};
WindowCounts window_counts(const Window& window, bool all);

}  // namespace fovea::dialect
