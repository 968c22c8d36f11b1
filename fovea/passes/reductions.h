// Reductions take in the element-wise work on what they read, and neighbours that read the same tensor become one.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

// Moves element-wise producers into the reductions that read them where that saves a store and costs no second read: nobody
// else reads the producer, or all it reads is one tensor (beside broadcasts) that is in memory anyway.
void absorb_producers(mlir::func::FuncOp main);

// Reductions over the same loops that share a full-size input become one with several results (the sums of a batch norm).
void merge_sibling_reductions(mlir::func::FuncOp main);

}  // namespace fovea
