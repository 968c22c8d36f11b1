// SPDX-License-Identifier: Apache-2.0
// Activations of 16 bits with weights of 8 bits (TensorFlow Lite's 16x8). Zero points are 0, sums are as wide as the bias, and
// the arithmetic is that of TensorFlow Lite's own kernels, because XNNPACK has none for these types.
#pragma once

#include "fovea/dialect/requantization.h"

namespace fovea::dialect {

/// Whether an element type is quantized in 16 bits.
inline bool is_word(mlir::Type element) { return is_quantized(element) && quantization_of(element).bits() == 16; }
inline bool is_word(mlir::Value value) { return is_word(element_type(value)); }

/// Multipliers of wide sums (i64), rounded once: round(sum * m) with m of 15 bits. There is one, or one for each channel of
/// `shape`; they are the last two operands of `word_steps`.
struct WordMultipliers {
  mlir::Value multipliers, shifts;  ///< i64
};
WordMultipliers word_multipliers(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<double> real,
                                 llvm::ArrayRef<int64_t> shape);
mlir::Value word_steps(mlir::ImplicitLocOpBuilder& builder, mlir::Value sum, mlir::Value multiplier, mlir::Value shift);

/// Clamps an i64 to the range and narrows it to 16 bits.
mlir::Value clamped_word(mlir::ImplicitLocOpBuilder& builder, mlir::Value integer, const Quantized& output, IntegerRange range);

/// Real numbers as 16-bit integers: x / scale in f64, with halves away from zero.
mlir::Value quantized_words(mlir::OpBuilder& builder, mlir::Location location, mlir::Value reals, const Quantized& output);

/// Converts between integers of any two scales and widths, in fixed point that rounds twice; `q` is the stored integer.
mlir::Value rescaled(mlir::ImplicitLocOpBuilder& builder, mlir::Value q, const Quantized& input, const Quantized& output,
                     IntegerRange range);

/// The condition for sums of two words: the ratios of their scales to each other and to the output's are within the range of
/// fixed point.
mlir::LogicalResult check_word_sum(std::optional<mlir::Location> location, llvm::StringRef name, const Quantized& lhs,
                                   const Quantized& rhs, const Quantized& output, bool by_shifts);
/// lhs + sign * rhs of two stored words. With `by_shifts`, all scales are powers of two, one operand has the output's scale,
/// and the other is shifted to it.
mlir::Value word_sum(mlir::ImplicitLocOpBuilder& builder, mlir::ValueRange words, const Quantized& lhs, const Quantized& rhs,
                     const Quantized& output, int sign, bool by_shifts, IntegerRange range);
mlir::Value word_product(mlir::ImplicitLocOpBuilder& builder, mlir::ValueRange words, const Quantized& lhs,
                         const Quantized& rhs, const Quantized& output, IntegerRange range);

/// Functions of one word: "relu" and its variants, "leaky_relu", "sigmoid" and "tanh".
mlir::LogicalResult check_word_function(std::optional<mlir::Location> location, llvm::StringRef name, llvm::StringRef function,
                                        mlir::Type input, mlir::Type output);
mlir::Value word_function(mlir::OpBuilder& builder, mlir::Location location, mlir::Value words, llvm::StringRef function,
                          float alpha, const Quantized& input, const Quantized& output);

/// Probabilities along the last dimension of [rows, classes], with scale 1 / 32768.
mlir::Value word_softmax(mlir::OpBuilder& builder, mlir::Location location, mlir::Value words, double beta,
                         const Quantized& input, const Quantized& output);

}  // namespace fovea::dialect
