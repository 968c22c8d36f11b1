// SPDX-License-Identifier: Apache-2.0
// Tensors that are composed by insertions: the phases of strided gradients, and concatenations.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

/// Element-wise work on a tensor that is composed by insertions alone moves to the parts, so that it is fused into the kernels
/// that compute them (such as the mask of a relu in the phases of a pooling gradient). What no part covers must still be one
/// constant.
void push_elementwise_into_insertions(mlir::func::FuncOp main);

/// When the parts cover the whole tensor, its initial fill is not needed: the first insertion is into an empty tensor.
void drop_covered_fills(mlir::func::FuncOp main);

}  // namespace fovea
