// SPDX-License-Identifier: Apache-2.0
// The transforms of Winograd's algorithm (winograd.h) in registers: each element of a tile is a vector of channels.
#pragma once

#include <mlir/IR/Builders.h>

#include "fovea/codegen/tiling/winograd.h"

namespace fovea {

/// The elements of a square tile by rows.
using Square = llvm::SmallVector<llvm::SmallVector<mlir::Value>>;

/// Emits matrix * values * matrix^T, with common subexpressions shared.
Square transformed(mlir::OpBuilder& builder, mlir::Location location, const Matrix& matrix, const Square& values);

}  // namespace fovea
