// SPDX-License-Identifier: Apache-2.0
// Reductions take in the element-wise work on what they read, and neighbors that read the same tensor become one.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace fovea {

// Will `value` be in memory whatever `reader` does? Yes for arguments and constants, and where a non-element-wise operation or
// the function's end reads it.
bool is_in_memory(mlir::Value value, mlir::Operation* reader);

// `reader` with the element-wise work behind `operand`, and behind what else it reads of the same values element by element,
// done in its own body. The producer stays for its other readers.
mlir::linalg::GenericOp fuse_producer(mlir::IRRewriter& rewriter, mlir::linalg::GenericOp reader, mlir::OpOperand* operand);

// Moves element-wise producers into the reductions that read them where that saves a store and costs no second read: nobody
// else reads the producer, or all it reads is one tensor (beside broadcasts) that is in memory anyway.
void fuse_producers(mlir::func::FuncOp main);

// Reductions over the same loops that share a full-size input become one with several results (the sums of a batch norm).
void merge_sibling_reductions(mlir::func::FuncOp main);

}  // namespace fovea
