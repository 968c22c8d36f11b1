// SPDX-License-Identifier: Apache-2.0
// Fusion: one function of linalg operations becomes calls of kernels (docs/architecture.md, "Kernels").
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace fovea {

/// Rewrites @main of `module`, which must contain only what the lowering to linalg produces (linalg on static tensors), into
/// calls of private kernel functions with the attribute fovea.kernel, in the order in which they run.
mlir::LogicalResult fuse(mlir::ModuleOp module);

}  // namespace fovea
