// SPDX-License-Identifier: Apache-2.0
// Decides which stores of a kernel are non-temporal.
#pragma once

#include <mlir/IR/BuiltinOps.h>

namespace fovea {

/// At the stage `vectors`, marks stores of whole cache lines into arguments with `non_temporal_result` (tile_program.h).
void mark_non_temporal_stores(mlir::ModuleOp vectors);

}  // namespace fovea
