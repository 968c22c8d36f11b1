// SPDX-License-Identifier: Apache-2.0
// Decides which stores of a kernel are non-temporal.
#pragma once

#include <mlir/IR/BuiltinOps.h>

namespace fovea {

/// At the stage `vectors`: stores of whole lines into arguments that are `non_temporal_result` (tile_program.h) are marked.
void mark_non_temporal_stores(mlir::ModuleOp vectors);

}  // namespace fovea
