// SPDX-License-Identifier: Apache-2.0
// Which operations share a kernel, and in which order the kernels run.
#pragma once

#include <vector>

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fovea {

// Operations of one kernel, in program order: a root (contraction, reduction, window; null in element-wise kernels),
// element-wise generics over the root's result, and insertions of results into larger tensors.
struct Cluster {
  mlir::Operation* root = nullptr;
  std::vector<mlir::linalg::GenericOp> elementwise;
  std::vector<mlir::Operation*> insertions;
};

// Groups the operations of a normalized function. Element-wise work joins the kernel that computes what it reads, the
// contraction with the latest result first; what is left joins other element-wise work over the same elements. Two groups merge
// only where the graph of kernels stays free of cycles. An update of a parameter or state runs after all other readers of the
// old value; where that is impossible the function first gets a copy at its end, the only writer of the argument.
std::vector<Cluster> find_clusters(mlir::func::FuncOp main);

}  // namespace fovea
