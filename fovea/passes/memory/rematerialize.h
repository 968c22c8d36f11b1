// SPDX-License-Identifier: Apache-2.0
// Rematerialization: a fused training step is made to fit a given memory.
#pragma once

#include <cstdint>

#include "fovea/passes/memory/fused_function.h"
#include "fovea/passes/memory/rematerialization.h"

namespace fovea {

/// The attribute of a call that repeats an earlier one.
inline constexpr llvm::StringLiteral repeated_call = "fovea.repeated";

/// Rewrites `main`, read as `function`, with repeated calls so that the tensors between them take at most `arena_bytes`. It is
/// not changed when it fits already or when that is impossible (Rematerialization::fits). `function` is stale after a change.
Rematerialization rematerialize(mlir::func::FuncOp main, const FusedFunction& function, int64_t arena_bytes);

}  // namespace fovea
