// SPDX-License-Identifier: Apache-2.0
// Rematerialize: a fused training step that fits a given memory.
#pragma once

#include <cstdint>

#include "fovea/passes/memory/fused_function.h"
#include "fovea/passes/memory/rematerialization.h"

namespace fovea {

// Stands on a call that makes again what was made before.
inline constexpr llvm::StringLiteral repeated_call = "fovea.repeated";

// Rewrites `main`, read as `function`, with calls repeated so that the tensors between them take at most `arena_bytes`; leaves
// it as it is where it fits already or where that is impossible (Rematerialization::fits). `function` is stale after a change.
Rematerialization rematerialize(mlir::func::FuncOp main, const FusedFunction& function, int64_t arena_bytes);

}  // namespace fovea
