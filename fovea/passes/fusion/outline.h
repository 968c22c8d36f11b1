// SPDX-License-Identifier: Apache-2.0
// Each cluster becomes a call of a private kernel function; equal kernels share one function.
#pragma once

#include <vector>

#include "fovea/passes/fusion/clusters.h"

namespace fovea {

/// Rewrites `main` into calls of kernels and views, in the order of the clusters. A kernel's body contains, in this order: the
/// pads and slices through which its arguments are read, fills of its accumulators, the root op, one element-wise
/// linalg.generic (whose first inputs are the root's results), insertions into arguments, and the return. The result attribute
/// `fovea.in_place = i` means that the result is argument i, written in place.
void outline(mlir::func::FuncOp main, std::vector<Cluster> clusters);

}  // namespace fovea
