// SPDX-License-Identifier: Apache-2.0
// Each cluster becomes a call of a private kernel function; equal kernels share one.
#pragma once

#include <vector>

#include "fovea/passes/fusion/clusters.h"

namespace fovea {

// Rewrites `main` into calls of kernels and views, in the clusters' order. A kernel's body holds, in this order: the pads and
// slices that its arguments are read through, fills of its accumulators, the root, one element-wise linalg.generic (whose
// first inputs are the root's results), insertions into arguments, the return. Result attribute `fovea.in_place = i`: the
// result is argument i, written in place.
void outline(mlir::func::FuncOp main, std::vector<Cluster> clusters);

}  // namespace fovea
