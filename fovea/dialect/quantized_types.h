// SPDX-License-Identifier: Apache-2.0
// Element types of integers that stand for real numbers (!quant.uniform), as shape rules and linalg operations see them.
#pragma once

#include "fovea/dialect/check.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace fovea::dialect {

/// A quantized type: real = scale * (q - zero). There is one scale and zero point, or one for each position along `axis`.
struct Quantized {
  mlir::Type storage;  ///< signless: i8, i16 or i32
  bool is_signed = true;
  llvm::SmallVector<float> scales;
  llvm::SmallVector<int64_t> zeros;
  int64_t axis = -1;

  bool per_channel() const { return axis >= 0; }
  float scale(size_t channel = 0) const { return scales[per_channel() ? channel : 0]; }
  int64_t zero() const { return zeros[0]; }
  unsigned bits() const { return storage.getIntOrFloatBitWidth(); }
  int64_t least() const { return is_signed ? -(int64_t{1} << (bits() - 1)) : 0; }
  int64_t most() const { return least() + (int64_t{1} << bits()) - 1; }
};

bool is_quantized(mlir::Type element);
Quantized quantization_of(mlir::Type element);  ///< `element` must be quantized
inline Quantized quantization_of(mlir::Value value) { return quantization_of(element_type(value)); }

/// The type of the integers alone: signless, with the storage type's width. Other types stay as they are.
mlir::Type storage_type(mlir::Type element);
mlir::RankedTensorType storage_type(mlir::RankedTensorType tensor);

/// The integers of a quantized tensor (quant.scast, which the pass convert-fovea-to-linalg removes again); any other value
/// itself.
mlir::Value stored(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value);

/// An integer as it is stored in a signless type: 200 of u8 is -56 of i8.
mlir::TypedAttr stored_integer(mlir::Type storage, int64_t integer);

/// The value that stands for a real number in a stored tensor: the number itself, or the nearest integer.
mlir::TypedAttr stored_number(mlir::Type element, double real);

/// Shape rules for quantized operands. `what` names the operand in the error.
mlir::LogicalResult check_eight_bits(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                     llvm::StringRef what, mlir::Type element);
/// The integers must have 8 bits, or 16 bits, a sign and zero point 0.
mlir::LogicalResult check_bytes_or_words(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                         llvm::StringRef what, mlir::Type element);
mlir::LogicalResult check_per_tensor(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                     llvm::StringRef what, mlir::Type element);
/// The output must have one scale and as many bits as `like` (an operand's element type), and also its sign where `rounding` is
/// LiteRT's.
mlir::LogicalResult check_output(std::optional<mlir::Location> location, llvm::StringRef operator_name, mlir::Type output,
                                 mlir::Type like, llvm::StringRef rounding = "litert");
mlir::LogicalResult check_activation(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                     llvm::StringRef activation);
/// `rounding` must be "litert" or "onnx": whose rule integers are rounded by.
mlir::LogicalResult check_rounding(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                   llvm::StringRef rounding);
/// The factor from integer sums to output integers must be more than 2^-40 and less than 2^31. Trained networks stay within
/// that.
mlir::LogicalResult check_multiplier(std::optional<mlir::Location> location, llvm::StringRef operator_name, double multiplier);
/// The output must have the scale and zero point that the operator prescribes (for softmax 1/256 and the least integer).
mlir::LogicalResult check_prescribed(std::optional<mlir::Location> location, llvm::StringRef operator_name, mlir::Type output,
                                     float scale, int64_t zero);

/// The least and the largest integer that an activation ("none", "relu", "relu6", "relu_n1_to_1") lets through.
struct IntegerRange {
  int64_t least, most;
};
IntegerRange activation_range(llvm::StringRef activation, const Quantized& output);

}  // namespace fovea::dialect
