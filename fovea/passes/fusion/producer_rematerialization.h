// SPDX-License-Identifier: Apache-2.0
// Cheap element-wise work is repeated where it is read, rather than kept.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

// Element-wise work of a few additions, multiplications and the like on one tensor (beside broadcasts) that is in memory anyway
// moves into all that reads it: reading that tensor again takes what reading the result would, and the result is never written.
// The normalized values of a batch norm, which its gradient wants again, are what this is for.
void rematerialize_cheap_producers(mlir::func::FuncOp main);

}  // namespace fovea
