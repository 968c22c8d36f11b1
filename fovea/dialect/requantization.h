// SPDX-License-Identifier: Apache-2.0
// From exact integer sums back to 8-bit integers: the scalar arithmetic of linalg operations.
#pragma once

#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/quantized_types.h"

namespace fovea::dialect {

// A real number in steps of the output's scale, without its zero point: clamped, rounded with halves to even, the zero point
// added, as the output's storage type. Clamping first keeps the conversion to integers in range and changes nothing: the bounds
// are integers.
mlir::Value rounded_to(mlir::ImplicitLocOpBuilder& builder, mlir::Value steps, const Quantized& output, IntegerRange range);

// An i32 with the zero point in it: clamped, as the output's storage type.
mlir::Value clamped_to(mlir::ImplicitLocOpBuilder& builder, mlir::Value integer, const Quantized& output, IntegerRange range);

// A multiplier in fixed point, m = multiplier * 2^(shift - 31) with 2^30 <= multiplier < 2^31 (gemmlowp).
struct FixedPoint {
  int32_t multiplier;
  int32_t shift;
};
FixedPoint fixed_point(double multiplier);

// i32 times a fixed-point multiplier (i32 values), rounded twice, halves away from zero: gemmlowp's
// SaturatingRoundingDoublingHighMul and RoundingDivideByPOT (models of Jacob et al. 2018, appendix B).
mlir::Value twice_rounded(mlir::ImplicitLocOpBuilder& builder, mlir::Value sum, mlir::Value multiplier, mlir::Value shift);

int32_t twice_rounded(int32_t sum, FixedPoint multiplier);  // the same, while a linalg operation is written

// a * b, rounded before anything is added to it: multiplication and addition of one expression are fused otherwise.
mlir::Value rounded_product(mlir::ImplicitLocOpBuilder& builder, mlir::Value a, mlir::Value b);

// Scalars of linalg operation bodies.
mlir::Value to_float(mlir::ImplicitLocOpBuilder& builder, mlir::Value integer);
mlir::Value real_constant(mlir::ImplicitLocOpBuilder& builder, float value);
mlir::Value integer_constant(mlir::ImplicitLocOpBuilder& builder, int64_t value);  // i32
// q as i32, by the signedness of its type.
mlir::Value widened(mlir::ImplicitLocOpBuilder& builder, mlir::Value q, const Quantized& type);
// q - zero as i32.
mlir::Value centered(mlir::ImplicitLocOpBuilder& builder, mlir::Value q, const Quantized& type);

// Constants for the body of an element-wise linalg operation: one number, or one for each channel.
mlir::Value channel_constants(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<float> values,
                              llvm::ArrayRef<int64_t> shape);
mlir::Value channel_constants(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int32_t> values,
                              llvm::ArrayRef<int64_t> shape);
mlir::Value channel_constants(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> values,
                              llvm::ArrayRef<int64_t> shape);

}  // namespace fovea::dialect
