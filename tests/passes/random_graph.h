// SPDX-License-Identifier: Apache-2.0
// Random functions of linalg on tensors, like those that the lowering to linalg produces.
#pragma once

#include <cstdint>

#include "mlir/IR/BuiltinOps.h"

namespace fovea {

// A function @main of about `steps` operations: padded, strided and 1x1 convolutions, dense layers, element-wise work with
// broadcasts, reductions, views, slices, insertions by phases, and updates of parameters from values that later readers of the
// old ones may follow.
mlir::OwningOpRef<mlir::ModuleOp> random_graph(mlir::MLIRContext& context, uint32_t seed, int steps);

}  // namespace fovea
