// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/quantized_types.h"

#include <fmt/format.h>

#include <cmath>

#include "mlir/Dialect/Quant/QuantOps.h"
#include "mlir/Dialect/Quant/QuantTypes.h"

using namespace mlir;

namespace fovea::dialect {

bool is_quantized(Type element) { return isa<quant::QuantizedType>(element); }

Quantized quantization_of(Type element) {
  const auto quantized = cast<quant::QuantizedType>(element);
  Quantized result{.storage = quantized.getStorageType(), .is_signed = quantized.isSigned()};
  if (const auto uniform = dyn_cast<quant::UniformQuantizedType>(quantized)) {
    result.scales = {static_cast<float>(uniform.getScale())};
    result.zeros = {uniform.getZeroPoint()};
  } else if (const auto channels = dyn_cast<quant::UniformQuantizedPerAxisType>(quantized)) {
    result.scales.assign(channels.getScales().begin(), channels.getScales().end());
    result.zeros.assign(channels.getZeroPoints().begin(), channels.getZeroPoints().end());
    result.axis = channels.getQuantizedDimension();
  }
  return result;
}

Type storage_type(Type element) {
  const auto quantized = dyn_cast<quant::QuantizedType>(element);
  return quantized ? quantized.getStorageType() : element;
}

RankedTensorType storage_type(RankedTensorType tensor) {
  return RankedTensorType::get(tensor.getShape(), storage_type(tensor.getElementType()));
}

Value stored(OpBuilder& builder, Location location, Value value) {
  if (!is_quantized(element_type(value))) return value;
  return builder.create<quant::StorageCastOp>(location, storage_type(tensor_type(value)), value);
}

TypedAttr stored_integer(Type storage, int64_t integer) {
  return IntegerAttr::get(storage, APInt(storage.getIntOrFloatBitWidth(), static_cast<uint64_t>(integer), /*isSigned=*/true));
}

TypedAttr stored_number(Type element, double real) {
  if (!is_quantized(element)) {
    if (isa<FloatType>(element)) return FloatAttr::get(element, real);
    return IntegerAttr::get(element, static_cast<int64_t>(real));
  }
  const Quantized quantized = quantization_of(element);
  const double steps = std::round(real / quantized.scale()) + static_cast<double>(quantized.zero());
  const double number = std::clamp(steps, static_cast<double>(quantized.least()), static_cast<double>(quantized.most()));
  return stored_integer(quantized.storage, static_cast<int64_t>(number));
}

LogicalResult check_eight_bits(std::optional<Location> location, StringRef operator_name, StringRef what, Type element) {
  if (is_quantized(element) && quantization_of(element).bits() == 8) return success();
  return complain(location, operator_name, what + " must be of 8-bit quantized integers, not " + type_text(element));
}

LogicalResult check_bytes_or_words(std::optional<Location> location, StringRef operator_name, StringRef what, Type element) {
  const bool word = is_quantized(element) && quantization_of(element).bits() == 16;
  if (!word) return check_eight_bits(location, operator_name, what, element);
  if (llvm::all_of(quantization_of(element).zeros, [](int64_t zero) { return zero == 0; })) return success();
  return complain(location, operator_name, what + " of 16 bits must have zero point 0, not " + type_text(element));
}

LogicalResult check_per_tensor(std::optional<Location> location, StringRef operator_name, StringRef what, Type element) {
  if (!is_quantized(element) || !quantization_of(element).per_channel()) return success();
  return complain(location, operator_name,
                  what + " must have one scale, not one for each channel (" + type_text(element) + ")");
}

LogicalResult check_rounding(std::optional<Location> location, StringRef operator_name, StringRef rounding) {
  if (rounding == "litert" || rounding == "onnx") return success();
  return complain(location, operator_name, "unknown rounding \"" + rounding + "\"; it is \"litert\" or \"onnx\"");
}

LogicalResult check_output(std::optional<Location> location, StringRef operator_name, Type output, Type like,
                           StringRef rounding) {
  if (failed(check_rounding(location, operator_name, rounding)) ||
      failed(check_bytes_or_words(location, operator_name, "output", output)) ||
      failed(check_per_tensor(location, operator_name, "output", output)))
    return failure();
  if (is_quantized(like) && quantization_of(like).bits() != quantization_of(output).bits()) {
    return complain(location, operator_name,
                    "output " + type_text(output) + " and its input " + type_text(like) + " must have as many bits");
  }
  if (rounding == "onnx" && quantization_of(output).bits() == 16)
    return complain(location, operator_name, "16-bit integers are not rounded by ONNX's rule");
  const bool is_signed = quantization_of(output).is_signed;
  if (rounding == "onnx" || !is_quantized(like) || quantization_of(like).is_signed == is_signed) return success();
  return complain(location, operator_name,
                  Twine("output is ") + (is_signed ? "i8" : "u8") + " and its input " + (is_signed ? "u8" : "i8") +
                      "; put a quantize between them");
}

LogicalResult check_activation(std::optional<Location> location, StringRef operator_name, StringRef activation) {
  if (llvm::is_contained({"none", "relu", "relu6", "relu_n1_to_1"}, activation)) return success();
  return complain(location, operator_name,
                  "unknown activation \"" + activation + "\"; it is \"none\", \"relu\", \"relu6\" or \"relu_n1_to_1\"");
}

LogicalResult check_multiplier(std::optional<Location> location, StringRef operator_name, double multiplier) {
  if (multiplier > 0x1p-40 && multiplier < 0x1p31) return success();
  return complain(location, operator_name,
                  "its scales multiply integers by " + fmt::format("{:g}", multiplier) + "; 2^-40 to 2^31 can be computed");
}

LogicalResult check_prescribed(std::optional<Location> location, StringRef operator_name, Type output, float scale,
                               int64_t zero) {
  const Quantized quantized = quantization_of(output);
  if (quantized.scale() == scale && quantized.zero() == zero) return success();
  return complain(location, operator_name,
                  "output has scale 1/" + Twine(static_cast<int64_t>(std::lround(1 / scale))) + " and zero point " +
                      Twine(zero) + ", not " + type_text(output));
}

IntegerRange activation_range(StringRef activation, const Quantized& output) {
  const auto integer = [&](double real) {
    const double steps = std::round(real / output.scale());
    return std::clamp(output.zero() + static_cast<int64_t>(std::clamp(steps, -1e9, 1e9)), output.least(), output.most());
  };
  if (activation == "relu") return {integer(0), output.most()};
  if (activation == "relu6") return {integer(0), integer(6)};
  if (activation == "relu_n1_to_1") return {integer(-1), integer(1)};
  return {output.least(), output.most()};
}

}  // namespace fovea::dialect
