// SPDX-License-Identifier: Apache-2.0
// Fuse: one function of linalg operations becomes calls of kernels (docs/architecture.md, "Kernels").
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace fovea {

// Rewrites @main of `module`, which must hold only what linalg operations emit (linalg on static tensors), into calls of
// private kernel functions with the attribute fovea.kernel, in the order they run.
mlir::LogicalResult fuse(mlir::ModuleOp module);

}  // namespace fovea
