// SPDX-License-Identifier: Apache-2.0
// Which operations share a kernel, and the order of the kernels.
#pragma once

#include <vector>

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fovea {

/// The operations of one kernel in program order: a root op (contraction, reduction or window; null in element-wise kernels),
/// element-wise generics over the root's result, and insertions of results into larger tensors.
struct Cluster {
  mlir::Operation* root = nullptr;
  std::vector<mlir::linalg::GenericOp> elementwise;
  std::vector<mlir::Operation*> insertions;
};

/// Groups the operations of a normalized function. Element-wise work joins the kernel that computes what it reads, preferring
/// the contraction with the latest result; the rest joins other element-wise work over the same elements. Two groups are merged
/// only if the graph of kernels stays acyclic. An update of a parameter or state runs after all other readers of the old value;
/// where that is impossible, a copy at the end of the function becomes the only writer of the argument.
std::vector<Cluster> find_clusters(mlir::func::FuncOp main);

}  // namespace fovea
