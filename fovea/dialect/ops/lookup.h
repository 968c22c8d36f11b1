// SPDX-License-Identifier: Apache-2.0
// Table lookups in linalg operations, where one scalar selects another.
#pragma once

#include "fovea/dialect/linalg_builders.h"

namespace fovea::dialect {

/// table[q] for 8-bit integers. The table has 256 entries of i8 or f32, in the order of the integers read as unsigned numbers.
mlir::Value looked_up(mlir::OpBuilder& builder, mlir::Location location, mlir::Value integers, mlir::DenseElementsAttr table);

/// The image whose cell o along `dim` is cell `indices[o]` of `image`.
mlir::Value picked(mlir::OpBuilder& builder, mlir::Location location, mlir::Value image, int64_t dim,
                   llvm::ArrayRef<int64_t> indices);

/// Selects by index in a loop over all choices, because bodies of linalg operations are scalar and have no addresses. The maps
/// are over the loops of `shape` and that last loop.
mlir::Value selected(mlir::OpBuilder& builder, mlir::Location location, mlir::Value asked, mlir::AffineMap asked_map,
                     mlir::Value choices, mlir::AffineMap choices_map, llvm::ArrayRef<int64_t> shape);

}  // namespace fovea::dialect
