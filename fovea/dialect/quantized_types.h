// SPDX-License-Identifier: Apache-2.0
// Element types of integers that stand for real numbers (!quant.uniform), as shape rules and linalg operations see them.
#pragma once

#include "fovea/dialect/check.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace fovea::dialect {

// real = scale * (q - zero). One scale and zero point, or one of each for every position along `axis`.
struct Quantized {
  mlir::Type storage;  // signless: i8, i32
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
Quantized quantization_of(mlir::Type element);  // of a quantized one
inline Quantized quantization_of(mlir::Value value) { return quantization_of(element_type(value)); }

// The integers alone: signless, of the storage type's width. Other types stay as they are.
mlir::Type storage_type(mlir::Type element);
mlir::RankedTensorType storage_type(mlir::RankedTensorType tensor);

// The integers of a quantized tensor (quant.scast, which the pass convert-fovea-to-linalg takes out again); other values
// themselves.
mlir::Value stored(mlir::OpBuilder& builder, mlir::Location location, mlir::Value value);

// An integer as stored: 200 of u8 is -56 of i8.
mlir::TypedAttr stored_integer(mlir::Type storage, int64_t integer);

// What fills a stored tensor for a real number: itself, or the nearest integer that stands for it.
mlir::TypedAttr stored_number(mlir::Type element, double real);

// Shape rules. `what` names the operand in the error.
mlir::LogicalResult check_eight_bits(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                     llvm::StringRef what, mlir::Type element);
// 8 bits, or 16 signed ones with zero point 0.
mlir::LogicalResult check_bytes_or_words(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                         llvm::StringRef what, mlir::Type element);
mlir::LogicalResult check_per_tensor(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                     llvm::StringRef what, mlir::Type element);
// Of one scale, and as many bits as `like` (an operand's element type); its signedness, too, where `rounding` is LiteRT's.
mlir::LogicalResult check_output(std::optional<mlir::Location> location, llvm::StringRef operator_name, mlir::Type output,
                                 mlir::Type like, llvm::StringRef rounding = "litert");
mlir::LogicalResult check_activation(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                     llvm::StringRef activation);
// "litert" or "onnx": whose rule integers are rounded by.
mlir::LogicalResult check_rounding(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                   llvm::StringRef rounding);
// What integers are multiplied by on the way to the output: more than 2^-40 and less than 2^31, which no trained network
// leaves.
mlir::LogicalResult check_multiplier(std::optional<mlir::Location> location, llvm::StringRef operator_name, double multiplier);
// A scale and zero point that the operator prescribes (softmax: 1/256 and the least).
mlir::LogicalResult check_prescribed(std::optional<mlir::Location> location, llvm::StringRef operator_name, mlir::Type output,
                                     float scale, int64_t zero);

// The least and the largest integer an activation ("none", "relu", "relu6", "relu_n1_to_1") lets through.
struct IntegerRange {
  int64_t least, most;
};
IntegerRange activation_range(llvm::StringRef activation, const Quantized& output);

}  // namespace fovea::dialect
