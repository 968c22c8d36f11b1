// SPDX-License-Identifier: Apache-2.0
// What shape rules report when something does not fit: `OPERATOR "LAYER": what is wrong`.
#pragma once

#include <optional>
#include <string>

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/ValueRange.h"

namespace fovea::dialect {

/// The name of the layer at a location: the outermost name found in it, or "".
std::string layer_name(mlir::Location location);

/// Emits the error at `location`, prefixed with the operator's name (`fovea.` is removed) and the layer. Returns failure.
mlir::LogicalResult complain(std::optional<mlir::Location> location, llvm::StringRef operator_name, const llvm::Twine& message);

std::string shape_text(llvm::ArrayRef<int64_t> shape);  ///< "[8, 32, 32, 3]"
std::string size_text(llvm::ArrayRef<int64_t> size);    ///< "3x3"
std::string type_text(mlir::Type type);                 ///< "f32"

/// The type, shape and element type of a ranked tensor, and its type with another shape.
inline mlir::RankedTensorType tensor_type(mlir::Value value) { return mlir::cast<mlir::RankedTensorType>(value.getType()); }
inline llvm::ArrayRef<int64_t> shape_of(mlir::Value value) { return tensor_type(value).getShape(); }
inline mlir::Type element_type(mlir::Value value) { return tensor_type(value).getElementType(); }
inline mlir::RankedTensorType with_shape(mlir::Value value, llvm::ArrayRef<int64_t> shape) {
  return mlir::RankedTensorType::get(shape, element_type(value));
}

/// The shape that numpy's broadcasting gives; nothing when the shapes do not fit together.
std::optional<llvm::SmallVector<int64_t>> broadcast_shapes(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

/// The shape rules of element-wise operators with broadcasting, and of reductions over `dims`: they append the result's type.
mlir::LogicalResult infer_broadcast(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                    mlir::ValueRange operands, llvm::SmallVectorImpl<mlir::Type>& types);
mlir::LogicalResult infer_reduction(std::optional<mlir::Location> location, llvm::StringRef operator_name, mlir::Value input,
                                    llvm::ArrayRef<int64_t> dims, bool keep_dims, llvm::SmallVectorImpl<mlir::Type>& types);

/// Fails unless both element types are the same.
mlir::LogicalResult check_same_element_type(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                            mlir::ValueRange operands);

}  // namespace fovea::dialect
