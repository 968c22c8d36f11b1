// SPDX-License-Identifier: Apache-2.0
// Sums that several operators have in common: over windows, and over channels.
#pragma once

#include "fovea/dialect/window.h"

namespace fovea::dialect {

// The sum over each window of an image [batch, spatial..., channels]; cells outside it count as `outside`. Integers are
// extended and summed in i32.
mlir::Value window_sums(mlir::OpBuilder& builder, mlir::Location location, mlir::Value image, const Window& window,
                        int64_t outside, bool is_signed = true);

// The sum over the last dimension of 8-bit integers, in i32.
mlir::Value channel_sums(mlir::OpBuilder& builder, mlir::Location location, mlir::Value integers, bool is_signed);

// 8-bit integers as i32.
mlir::Value as_integers(mlir::OpBuilder& builder, mlir::Location location, mlir::Value bytes, bool is_signed);

// Windows of one cell of the image: `strided_cells` are what they see, and there is nothing to sum.
bool has_one_cell(const Window& window);
mlir::Value strided_cells(mlir::OpBuilder& builder, mlir::Location location, mlir::Value image, const Window& window);

// How many cells of each window lie in the image: one number when `all` or no window reaches outside, else
// [spatial...] in row-major order.
struct WindowCounts {
  llvm::SmallVector<int64_t> counts, shape;
};
WindowCounts window_counts(const Window& window, bool all);

}  // namespace fovea::dialect
