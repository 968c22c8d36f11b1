// SPDX-License-Identifier: Apache-2.0
// Canonical shapes: dimensions of one element dropped, dimensions that travel together collapsed into one.
//
// Equal work on different shapes becomes the same kernel, rows are as long as they can be, and a 1x1 convolution without stride
// or padding becomes a dense layer. What changes shape is expressed by views around the operation, which cost nothing.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fovea {

// The operation that `op` became (itself when its shape is canonical already). Its results are seen through views.
mlir::linalg::GenericOp canonicalize_shape(mlir::RewriterBase& rewriter, mlir::linalg::GenericOp op);

// canonicalize_shape() of every contraction and reduction.
void canonicalize_shapes(mlir::func::FuncOp main);

// Element-wise work that reads a result through a view moves to the shape of that result, so that the view stands behind it and
// the two can share a kernel.
void pull_elementwise_through_views(mlir::func::FuncOp main);

}  // namespace fovea
