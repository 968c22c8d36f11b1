// SPDX-License-Identifier: Apache-2.0
// Constants move into the bodies that read them, and every insertion and every result gets memory of its own.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

// Afterwards no generic but a contraction reads a tensor of one repeated constant, and reductions start from linalg.fill.
void inline_constants(mlir::func::FuncOp main);

// Afterwards the source of each tensor.insert_slice is a generic's only use, its destination is a tensor nobody else reads, and
// each returned value is a different kernel's result, possibly seen through views (or an argument that stays as it is).
// Element-wise copies are added where the graph has it otherwise. No body reads a constant from outside.
void give_own_memory(mlir::func::FuncOp main);

}  // namespace fovea
