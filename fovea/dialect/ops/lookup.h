// SPDX-License-Identifier: Apache-2.0
// Tables in linalg operations: one scalar picks another.
#pragma once

#include "fovea/dialect/linalg_builders.h"

namespace fovea::dialect {

// table[q] for 8-bit integers, the table's 256 entries (i8 or f32 elements) in the order of the integers as unsigned numbers.
mlir::Value looked_up(mlir::OpBuilder& builder, mlir::Location location, mlir::Value integers, mlir::DenseElementsAttr table);

// The image with cell o along `dim` that of cell `indices[o]`.
mlir::Value picked(mlir::OpBuilder& builder, mlir::Location location, mlir::Value image, int64_t dim,
                   llvm::ArrayRef<int64_t> indices);

// A loop over what may be picked, keeping the one whose number is asked for: bodies are scalar and hold no addresses. The maps
// are of the loops of `shape` and that last one.
mlir::Value selected(mlir::OpBuilder& builder, mlir::Location location, mlir::Value asked, mlir::AffineMap asked_map,
                     mlir::Value choices, mlir::AffineMap choices_map, llvm::ArrayRef<int64_t> shape);

}  // namespace fovea::dialect
