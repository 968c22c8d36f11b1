// SPDX-License-Identifier: Apache-2.0
// Reductions are fused with the element-wise work on what they read, and neighbors that read the same tensor are merged.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace fovea {

/// Whether `value` will be in memory whatever `reader` does: arguments and constants are, and so is what a non-element-wise
/// operation or the function's end reads.
bool is_in_memory(mlir::Value value, mlir::Operation* reader);

/// `reader` with the element-wise work of `operand`'s producer in its own body, and with that of its other operands which reads
/// the same values. The producer stays for its other users.
mlir::linalg::GenericOp fuse_producer(mlir::IRRewriter& rewriter, mlir::linalg::GenericOp reader, mlir::OpOperand* operand);

/// Moves element-wise producers into the reductions that read them where that saves a store and costs no second read: the
/// producer has no other user, or it reads only one tensor (beside broadcasts), which is in memory anyway.
void fuse_producers(mlir::func::FuncOp main);

/// Reductions over the same loops with a common full-size input become one operation with several results, such as the sums of
/// a batch norm.
void merge_sibling_reductions(mlir::func::FuncOp main);

}  // namespace fovea
