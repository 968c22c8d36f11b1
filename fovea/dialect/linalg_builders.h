// SPDX-License-Identifier: Apache-2.0
// Builders of the linalg and tensor operations that code generation accepts; lowerings to linalg (LinalgLoweringOpInterface)
// are written with them.
#pragma once

#include "fovea/dialect/check.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace fovea::dialect {

/// Writes the scalars of one iteration: from operands to one result, or to several.
using ScalarBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder&, mlir::ValueRange)>;
using ScalarsBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ImplicitLocOpBuilder&, mlir::ValueRange)>;

/// An all-parallel linalg operation over `result`'s shape, to which operands are broadcast. An operand that is one constant
/// value becomes a constant of the body.
mlir::Value elementwise(mlir::OpBuilder& builder, mlir::Location location, mlir::ValueRange operands,
                        mlir::RankedTensorType result, ScalarBody body);

/// A linalg operation whose first `parallel` loops are parallel and whose other loops reduce. `maps` has one map for each
/// input, then one for each output. The body's operands are the inputs' scalars, then the outputs'.
llvm::SmallVector<mlir::Value> formula_loops(mlir::OpBuilder& builder, mlir::Location location, mlir::ValueRange inputs,
                                             mlir::ValueRange outputs, llvm::ArrayRef<mlir::AffineMap> maps, unsigned parallel,
                                             ScalarsBody body);

/// How the integers of a contraction's operands are extended, and how they are summed.
struct Signs {
  bool lhs = true, rhs = true;
  int64_t rhs_zero = 0;  ///< subtracted from each integer of the right operand
  bool wide = false;     ///< whether the sum is i64
};
mlir::Value extended(mlir::ImplicitLocOpBuilder& builder, mlir::Value integer,
                     bool is_signed);  ///< the integer extended to i32

/// The sum of lhs * rhs over the loops after the first `parallel`, as a tensor of `shape`, which the parallel loops walk in
/// order. Narrow floating point is multiplied and summed in f32. Integers are summed in i32, or in i64 with `signs.wide`; that
/// is also the result's type.
mlir::Value contraction(mlir::OpBuilder& builder, mlir::Location location, mlir::Value lhs, mlir::Value rhs,
                        llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<mlir::AffineMap> maps, unsigned parallel,
                        Signs signs = {});

/// A tensor without values, and one filled with a value.
mlir::Value empty(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> shape, mlir::Type element);
mlir::Value filled(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> shape, mlir::TypedAttr value);

/// A constant of the element type, such as 2.0 : f32 or 2 : i32, as an attribute and as a value.
mlir::TypedAttr number(mlir::Type element, double value);
mlir::Value scalar_constant(mlir::ImplicitLocOpBuilder& builder, mlir::Type element, double value);

/// The same values in another shape, by at most one collapse and one expand.
mlir::Value reshaped(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value, llvm::ArrayRef<int64_t> shape);

/// The tensor with `before` and `after` cells of `filling` added along each dimension; `value` itself when all are 0.
mlir::Value padded(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value, llvm::ArrayRef<int64_t> before,
                   llvm::ArrayRef<int64_t> after, mlir::TypedAttr filling);

/// tensor.extract_slice and tensor.insert_slice with static offsets, sizes and strides.
mlir::Value sliced(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value, llvm::ArrayRef<int64_t> offsets,
                   llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> strides);
mlir::Value inserted(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value, mlir::Value into,
                     llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> strides);

}  // namespace fovea::dialect
