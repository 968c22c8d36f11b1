// SPDX-License-Identifier: Apache-2.0
// What of a network is known before it runs: the one meaning that fovea-fold-batch-norm and fovea-hoist-constants share.
#pragma once

#include "mlir/IR/Value.h"

namespace fovea {

/// Whether the argument is bound before the run and keeps its value: it has the role parameter or state, and no result
/// replaces it.
bool is_bound_before_run(mlir::BlockArgument argument);

/// Whether the value is computed from such arguments and constants alone.
bool is_known_before_run(mlir::Value value);

}  // namespace fovea
