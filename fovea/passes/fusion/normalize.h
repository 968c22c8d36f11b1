// SPDX-License-Identifier: Apache-2.0
// Constants are moved into the bodies that read them, and every insertion and every result gets memory of its own.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

/// Afterwards only contractions read a tensor of one repeated constant, and reductions start from linalg.fill.
void inline_constants(mlir::func::FuncOp main);

/// Afterwards each tensor.insert_slice is the only use of a generic's result and writes into a tensor with no other user, and
/// each returned value is the result of a different kernel, possibly through views (or an unchanged argument). Element-wise
/// copies are added where the graph differs. No body reads a constant from outside.
void give_own_memory(mlir::func::FuncOp main);

}  // namespace fovea
