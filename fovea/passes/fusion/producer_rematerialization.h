// SPDX-License-Identifier: Apache-2.0
// Cheap element-wise work is recomputed where it is read instead of stored.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

/// Moves element-wise work of a few additions, multiplications and the like into all its users if it reads one tensor (beside
/// broadcasts) that is in memory anyway. Reading that tensor again costs as much as reading the result, and the result is never
/// written. It is meant for the normalized values of a batch norm, which its gradient needs again.
void rematerialize_cheap_producers(mlir::func::FuncOp main);

}  // namespace fovea
