// SPDX-License-Identifier: Apache-2.0
// Cheap element-wise work is recomputed where it is read instead of stored.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

/// Element-wise work of a few additions, multiplications and the like on one tensor (beside broadcasts) that is in memory
/// anyway is moved into all its users. Reading that tensor again takes as much as reading the result, and the result is never
/// written. This is for the normalized values of a batch norm, which its gradient needs again.
void rematerialize_cheap_producers(mlir::func::FuncOp main);

}  // namespace fovea
