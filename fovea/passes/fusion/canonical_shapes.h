// SPDX-License-Identifier: Apache-2.0
// Canonical shapes: dimensions of one element are dropped, and dimensions that are traversed together are collapsed into one.
//
// Equal work on different shapes becomes the same kernel, rows are as long as possible, and a 1x1 convolution without stride or
// padding becomes a dense layer. Changes of shape are expressed by views around the operation, which cost nothing.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fovea {

/// The operation that `op` became, which is `op` itself when its shape is canonical. Its results are used through views.
mlir::linalg::GenericOp canonicalize_shape(mlir::RewriterBase& rewriter, mlir::linalg::GenericOp op);

/// Applies canonicalize_shape() to every contraction and reduction.
void canonicalize_shapes(mlir::func::FuncOp main);

/// Element-wise work that reads a result through a view is moved to the shape of that result, so that the view follows it and
/// both can share a kernel.
void pull_elementwise_through_views(mlir::func::FuncOp main);

}  // namespace fovea
