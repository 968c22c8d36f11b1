// SPDX-License-Identifier: Apache-2.0
// Activations of 16 bits with weights of 8 (TensorFlow Lite's 16x8): zero points are 0, sums are as wide as the bias, and the
// arithmetic is that of TensorFlow Lite's own kernels, since XNNPACK has none of it.
#pragma once

#include "fovea/dialect/requantization.h"

namespace fovea::dialect {

inline bool is_word(mlir::Type element) { return is_quantized(element) && quantization_of(element).bits() == 16; }
inline bool is_word(mlir::Value value) { return is_word(element_type(value)); }

// Wide sums (i64) times a multiplier, rounded once: round(sum * m) with m of 15 bits. One number, or one for each channel of
// `shape`, which the last two of the three operands of `word_steps` have.
struct WordMultipliers {
  mlir::Value multipliers, shifts;  // i64
};
WordMultipliers word_multipliers(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<double> real,
                                 llvm::ArrayRef<int64_t> shape);
mlir::Value word_steps(mlir::ImplicitLocOpBuilder& builder, mlir::Value sum, mlir::Value multiplier, mlir::Value shift);

// An i64 as 16 bits, clamped to the range.
mlir::Value clamped_word(mlir::ImplicitLocOpBuilder& builder, mlir::Value integer, const Quantized& output, IntegerRange range);

// Real numbers as 16 bits: x / scale in f64, halves away from zero.
mlir::Value quantized_words(mlir::OpBuilder& builder, mlir::Location location, mlir::Value reals, const Quantized& output);

// Integers of any two scales and widths, in fixed point that rounds twice; q is what is stored.
mlir::Value rescaled(mlir::ImplicitLocOpBuilder& builder, mlir::Value q, const Quantized& input, const Quantized& output,
                     IntegerRange range);

// What sums of two words need: the smaller scale's ratio to the output's is not too small, nor the output's to them.
mlir::LogicalResult check_word_sum(std::optional<mlir::Location> location, llvm::StringRef name, const Quantized& lhs,
                                   const Quantized& rhs, const Quantized& output, bool by_shifts);
// lhs + sign * rhs of two stored words. `by_shifts`: scales are powers of two, one of them the output's, and the other operand
// is shifted to it.
mlir::Value word_sum(mlir::ImplicitLocOpBuilder& builder, mlir::ValueRange words, const Quantized& lhs, const Quantized& rhs,
                     const Quantized& output, int sign, bool by_shifts, IntegerRange range);
mlir::Value word_product(mlir::ImplicitLocOpBuilder& builder, mlir::ValueRange words, const Quantized& lhs,
                         const Quantized& rhs, const Quantized& output, IntegerRange range);

// Functions of one word: "relu" and its like, "leaky_relu", "sigmoid", "tanh".
mlir::LogicalResult check_word_function(std::optional<mlir::Location> location, llvm::StringRef name, llvm::StringRef function,
                                        mlir::Type input, mlir::Type output);
mlir::Value word_function(mlir::OpBuilder& builder, mlir::Location location, mlir::Value words, llvm::StringRef function,
                          float alpha, const Quantized& input, const Quantized& output);

// Probabilities along the last dimension of [rows, classes], of scale 1 / 32768.
mlir::Value word_softmax(mlir::OpBuilder& builder, mlir::Location location, mlir::Value words, double beta,
                         const Quantized& input, const Quantized& output);

}  // namespace fovea::dialect
