// SPDX-License-Identifier: Apache-2.0
// From exact integer sums back to 8-bit integers: the scalar arithmetic in the bodies of linalg operations.
#pragma once

#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/quantized_types.h"

namespace fovea::dialect {

/// Converts a real number, given in steps of the output's scale and without its zero point, to the output's storage type: it is
/// clamped, rounded with halves to even, and the zero point is added. Clamping before rounding keeps the conversion in range
/// and changes no result, because the bounds are integers.
mlir::Value rounded_to(mlir::ImplicitLocOpBuilder& builder, mlir::Value steps, const Quantized& output, IntegerRange range);

/// Clamps an i32 that includes the zero point, and narrows it to the output's storage type.
mlir::Value clamped_to(mlir::ImplicitLocOpBuilder& builder, mlir::Value integer, const Quantized& output, IntegerRange range);

/// A fixed-point multiplier as in gemmlowp: m = multiplier * 2^(shift - 31) with 2^30 <= multiplier < 2^31.
struct FixedPoint {
  int32_t multiplier;
  int32_t shift;
};
FixedPoint fixed_point(double multiplier);

/// Multiplies an i32 by a fixed-point multiplier (given as i32 values) and rounds twice, halves away from zero: gemmlowp's
/// SaturatingRoundingDoublingHighMul, then RoundingDivideByPOT (Jacob et al. 2018, appendix B).
mlir::Value twice_rounded(mlir::ImplicitLocOpBuilder& builder, mlir::Value sum, mlir::Value multiplier, mlir::Value shift);

/// the same on numbers that are known while the linalg operation is built
int32_t twice_rounded(int32_t sum, FixedPoint multiplier);

/// a * b, rounded before anything is added to it. Multiplication and addition within one expression would be fused.
mlir::Value rounded_product(mlir::ImplicitLocOpBuilder& builder, mlir::Value a, mlir::Value b);

/// Scalars in the bodies of linalg operations.
mlir::Value to_float(mlir::ImplicitLocOpBuilder& builder, mlir::Value integer);
mlir::Value real_constant(mlir::ImplicitLocOpBuilder& builder, float value);
mlir::Value integer_constant(mlir::ImplicitLocOpBuilder& builder, int64_t value);  ///< i32
/// q extended to i32 by the sign of its type.
mlir::Value widened(mlir::ImplicitLocOpBuilder& builder, mlir::Value q, const Quantized& type);
/// q - zero as i32.
mlir::Value centered(mlir::ImplicitLocOpBuilder& builder, mlir::Value q, const Quantized& type);

/// Constants for the body of an element-wise linalg operation: one number, or one for each channel of `shape`.
mlir::Value channel_constants(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<float> values,
                              llvm::ArrayRef<int64_t> shape);
mlir::Value channel_constants(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int32_t> values,
                              llvm::ArrayRef<int64_t> shape);
mlir::Value channel_constants(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> values,
                              llvm::ArrayRef<int64_t> shape);

}  // namespace fovea::dialect
