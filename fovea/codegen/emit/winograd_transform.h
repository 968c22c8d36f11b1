// SPDX-License-Identifier: Apache-2.0
// The transforms of Winograd's algorithm (winograd.h) on registers: each number of a tile is a vector of channels.
#pragma once

#include <mlir/IR/Builders.h>

#include "fovea/codegen/tiling/winograd.h"

namespace fovea {

/// The numbers of a square tile, row by row.
using Square = llvm::SmallVector<llvm::SmallVector<mlir::Value>>;

/// matrix * values * matrix^T, as sums that share what they can.
Square transformed(mlir::OpBuilder& builder, mlir::Location location, const Matrix& matrix, const Square& values);

}  // namespace fovea
