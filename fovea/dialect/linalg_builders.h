// SPDX-License-Identifier: Apache-2.0
// Pieces linalg operations are written with: the few linalg and tensor operators that code generation accepts
// (LinalgLoweringOpInterface).
#pragma once

#include "fovea/dialect/check.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace fovea::dialect {

using ScalarBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder&, mlir::ValueRange)>;
using ScalarsBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ImplicitLocOpBuilder&, mlir::ValueRange)>;

// An all-parallel linalg operation over `result`'s shape; operands are broadcast to it. Operands of one constant value become
// constants of the body.
mlir::Value elementwise(mlir::OpBuilder& builder, mlir::Location location, mlir::ValueRange operands,
                        mlir::RankedTensorType result, ScalarBody body);

// A linalg operation with the first `parallel` loops parallel and the others reduced. `maps`: one an input, then one an output.
// The body's operands are the inputs' scalars, then the outputs'.
llvm::SmallVector<mlir::Value> formula_loops(mlir::OpBuilder& builder, mlir::Location location, mlir::ValueRange inputs,
                                             mlir::ValueRange outputs, llvm::ArrayRef<mlir::AffineMap> maps, unsigned parallel,
                                             ScalarsBody body);

// How the integers of a contraction's operands are extended.
struct Signs {
  bool lhs = true, rhs = true;
  int64_t rhs_zero = 0;  // subtracted from it
  bool wide = false;     // summed in i64
};
mlir::Value extended(mlir::ImplicitLocOpBuilder& builder, mlir::Value integer, bool is_signed);  // to i32

// sum over the loops after the first `parallel` of lhs * rhs, into a tensor of `shape`, which the parallel loops walk in order.
// Narrow floating point is multiplied and summed in f32; integers are in i32, or in i64 by `signs`, which is also
// the result's type.
mlir::Value contraction(mlir::OpBuilder& builder, mlir::Location location, mlir::Value lhs, mlir::Value rhs,
                        llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<mlir::AffineMap> maps, unsigned parallel,
                        Signs signs = {});

mlir::Value empty(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> shape, mlir::Type element);
mlir::Value filled(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> shape, mlir::TypedAttr value);

// A constant of the type: 2.0 : f32, 2 : i32.
mlir::TypedAttr number(mlir::Type element, double value);
mlir::Value scalar_constant(mlir::ImplicitLocOpBuilder& builder, mlir::Type element, double value);

// The same values in another shape, by at most one collapse and one expand.
mlir::Value reshaped(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value, llvm::ArrayRef<int64_t> shape);

// `value` itself when there is nothing to pad.
mlir::Value padded(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value, llvm::ArrayRef<int64_t> before,
                   llvm::ArrayRef<int64_t> after, mlir::TypedAttr filling);

mlir::Value sliced(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value, llvm::ArrayRef<int64_t> offsets,
                   llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> strides);
mlir::Value inserted(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value, mlir::Value into,
                     llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> strides);

}  // namespace fovea::dialect
