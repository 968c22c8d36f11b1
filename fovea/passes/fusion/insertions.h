// SPDX-License-Identifier: Apache-2.0
// Tensors put together by insertions: the phases of strided gradients, concatenations.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

// Element-wise work on a tensor that insertions alone put together moves to the parts, so that it rides in the kernels that
// compute them (the mask of a relu in the phases of a pooling gradient). What no part covers must stay one constant.
void push_elementwise_into_insertions(mlir::func::FuncOp main);

// Where the parts cover all of the tensor, what it was filled with before is not needed: the first insertion is into an empty
// tensor.
void drop_covered_fills(mlir::func::FuncOp main);

}  // namespace fovea
