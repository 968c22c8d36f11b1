// SPDX-License-Identifier: Apache-2.0
// Conversion to and from 8-bit integers, and sums and products of tensors of any scales, in XNNPACK's arithmetic or by ONNX's
// rule.
#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "fovea/dialect/quantized/quantized.h"
#include "fovea/dialect/quantized/quantized_int16.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Quant/QuantTypes.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

IntegerRange whole_range(const Quantized& type) { return {type.least(), type.most()}; }

// The shape of one number, or of one for each position along the axis, that broadcasts over `rank` dimensions.
SmallVector<int64_t> axis_shape(const Quantized& type, size_t rank) {
  if (!type.per_channel()) return {};
  SmallVector<int64_t> shape(rank - static_cast<size_t>(type.axis), 1);
  shape[0] = static_cast<int64_t>(type.scales.size());
  return shape;
}

double ratio_of(Type input, Type output) {
  return static_cast<double>(quantization_of(input).scale()) / static_cast<double>(quantization_of(output).scale());
}

LogicalResult check_axis(std::optional<Location> location, StringRef name, Type element, ArrayRef<int64_t> shape) {
  const Quantized type = quantization_of(element);
  const auto axis = static_cast<size_t>(type.axis);
  if (!type.per_channel() || (axis < shape.size() && shape[axis] == static_cast<int64_t>(type.scales.size()))) return success();
  return complain(location, name,
                  Twine(type.scales.size()) + " scales by dimension " + Twine(type.axis) + " do not fit " + shape_text(shape));
}

}  // namespace

// quantize

LogicalResult QuantizeOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                           SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  const Type input = element_type(op.getInput()), output = op.getOutput();
  if (failed(check_rounding(location, name, op.getRounding())) ||
      failed(check_bytes_or_words(location, name, "output", output)) ||
      failed(check_axis(location, name, output, shape_of(op.getInput()))))
    return failure();
  if (is_word(output) && op.getRounding() == "onnx")
    return complain(location, name, "16-bit integers are not rounded by ONNX's rule");
  if (is_quantized(input)) {
    if (failed(check_bytes_or_words(location, name, "input", input)) ||
        failed(check_per_tensor(location, name, "input", input)) ||
        failed(check_per_tensor(location, name, "output of integers", output)))
      return failure();
    if (op.getRounding() == "litert" && failed(check_multiplier(location, name, ratio_of(input, output)))) return failure();
  }
  types.push_back(RankedTensorType::get(shape_of(op.getInput()), output));
  return success();
}

namespace {

Value quantized_reals(OpBuilder& builder, Location location, Value input, const Quantized& output, bool divides) {
  const SmallVector<int64_t> shape = axis_shape(output, shape_of(input).size());
  SmallVector<float> factors;
  SmallVector<int32_t> zeros;
  for (auto [scale, zero] : llvm::zip_equal(output.scales, output.zeros)) {
    factors.push_back(divides ? scale : 1 / scale);
    zeros.push_back(static_cast<int32_t>(zero));
  }
  const SmallVector<Value> operands{input, channel_constants(builder, location, ArrayRef<float>(factors), shape),
                                    channel_constants(builder, location, ArrayRef<int32_t>(zeros), shape)};
  const auto type = RankedTensorType::get(shape_of(input), output.storage);
  return elementwise(builder, location, operands, type, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
    Value steps = divides ? Value(scalars.create<arith::DivFOp>(x[0], x[1])) : scalars.create<arith::MulFOp>(x[0], x[1]);
    Quantized center = output;  // the zero points are added afterwards, because they may differ by channel
    center.zeros = {0};
    const IntegerRange wide{output.least() - output.most(), output.most() - output.least()};
    // A NaN becomes the least integer.
    Value least = real_constant(scalars, static_cast<float>(wide.least));
    Value larger = scalars.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, steps, least);
    steps = scalars.create<arith::SelectOp>(larger, steps, least);
    center.storage = scalars.getI32Type();
    Value integer = scalars.create<arith::AddIOp>(rounded_to(scalars, steps, center, wide), x[2]);
    return clamped_to(scalars, integer, output, whole_range(output));
  });
}

// ((q - zero) * multiplier + 128) >> 8 where XNNPACK computes that: for equal storage types and a ratio from 2^-8 to 2^7. In
// all other cases TensorFlow Lite multiplies in fixed point with 31 bits.
Value requantized_scalar(ImplicitLocOpBuilder& builder, Value q, const Quantized& input, const Quantized& output) {
  const float ratio = input.scale() / output.scale();
  Value center = centered(builder, q, input), steps;
  if (input.is_signed == output.is_signed && ratio >= 0x1p-8F && ratio <= 0x1p7F) {
    Value product = builder.create<arith::MulIOp>(center, integer_constant(builder, std::lrint(256 * ratio)));
    Value nudged = builder.create<arith::AddIOp>(product, integer_constant(builder, 128));
    steps = builder.create<arith::ShRSIOp>(nudged, integer_constant(builder, 8));
  } else if (ratio == 1) {
    steps = center;
  } else {
    const FixedPoint point = fixed_point(static_cast<double>(input.scale()) / static_cast<double>(output.scale()));
    steps = twice_rounded(builder, center, integer_constant(builder, point.multiplier), integer_constant(builder, point.shift));
  }
  return clamped_to(builder, builder.create<arith::AddIOp>(steps, integer_constant(builder, output.zero())), output,
                    whole_range(output));
}

// Computes the real number in f32 and divides it by the output's scale.
Value divided_scalar(ImplicitLocOpBuilder& builder, Value q, const Quantized& input, const Quantized& output) {
  Value real = rounded_product(builder, to_float(builder, centered(builder, q, input)), real_constant(builder, input.scale()));
  Value steps = builder.create<arith::DivFOp>(real, real_constant(builder, output.scale()));
  return rounded_to(builder, steps, output, whole_range(output));
}

}  // namespace

void QuantizeOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Quantized output = quantization_of(getOutput());
  const bool onnx = getRounding() == "onnx";
  if (!is_quantized(element_type(getInput())) && is_word(getOutput()) && !output.per_channel()) {
    results[0] = quantized_words(builder, getLoc(), getInput(), output);
    return;
  }
  if (!is_quantized(element_type(getInput()))) {
    results[0] = quantized_reals(builder, getLoc(), getInput(), output, onnx);
    return;
  }
  const Quantized input = quantization_of(getInput());
  results[0] = elementwise(builder, getLoc(), stored(builder, getLoc(), getInput()), storage_type(tensor_type(getResult())),
                           [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                             if (input.bits() == 16 || output.bits() == 16)
                               return rescaled(scalars, x[0], input, output, whole_range(output));
                             return onnx ? divided_scalar(scalars, x[0], input, output)
                                         : requantized_scalar(scalars, x[0], input, output);
                           });
}

// reinterpret

LogicalResult ReinterpretOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                              SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  const Type input = element_type(op.getInput()), output = op.getOutput();
  if (!is_quantized(output)) return complain(location, name, "output must be of quantized integers, not " + type_text(output));
  if (failed(check_axis(location, name, output, shape_of(op.getInput())))) return failure();
  const Quantized from = quantization_of(input), to = quantization_of(output);
  if (from.storage != to.storage || from.is_signed != to.is_signed)
    return complain(location, name, type_text(input) + " and " + type_text(output) + " are stored differently");
  types.push_back(RankedTensorType::get(shape_of(op.getInput()), output));
  return success();
}

void ReinterpretOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = stored(builder, getLoc(), getInput());
}

// dynamic_quantize

LogicalResult DynamicQuantizeOp::inferReturnTypes(MLIRContext* context, std::optional<Location>, Adaptor op,
                                                  SmallVectorImpl<Type>& types) {
  const auto bytes =
      quant::UniformQuantizedType::get(/*flags=*/0, IntegerType::get(context, 8), Float32Type::get(context),
                                       /*scale=*/1.0, /*zeroPoint=*/0, /*storageTypeMin=*/0, /*storageTypeMax=*/255);
  types.push_back(RankedTensorType::get(shape_of(op.getInput()), bytes));
  types.push_back(RankedTensorType::get({}, Float32Type::get(context)));
  types.push_back(RankedTensorType::get({}, bytes));
  return success();
}

namespace {

// round(steps) clamped to 0 to 255, without a zero point.
Value limited(ImplicitLocOpBuilder& builder, Value steps) {
  Value low = builder.create<arith::MaximumFOp>(steps, real_constant(builder, 0), arith::FastMathFlags::nnan);
  Value both = builder.create<arith::MinimumFOp>(low, real_constant(builder, 255), arith::FastMathFlags::nnan);
  return builder.create<arith::FPToSIOp>(builder.getI32Type(), builder.create<math::RoundEvenOp>(both));
}

}  // namespace

void DynamicQuantizeOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  SmallVector<int64_t> dims;
  for (int64_t dim = 0; dim < static_cast<int64_t>(shape_of(getInput()).size()); ++dim) dims.push_back(dim);
  Value most = builder.create<ReduceMaxOp>(location, getInput(), dims, false);
  Value least = builder.create<ReduceMinOp>(location, getInput(), dims, false);
  const auto real = RankedTensorType::get({}, builder.getF32Type()), integer = RankedTensorType::get({}, builder.getI32Type());
  results[1] = elementwise(builder, location, {least, most}, real, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
    Value zero = real_constant(scalars, 0);
    Value low = scalars.create<arith::MinimumFOp>(x[0], zero), high = scalars.create<arith::MaximumFOp>(x[1], zero);
    Value steps = scalars.create<arith::DivFOp>(scalars.create<arith::SubFOp>(high, low), real_constant(scalars, 255));
    Value equal = scalars.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, high, low);
    return scalars.create<arith::SelectOp>(equal, real_constant(scalars, 1), steps);
  });
  const Quantized output = quantization_of(getIntegers());
  Value zero =
      elementwise(builder, location, {least, results[1]}, integer, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
        Value low = scalars.create<arith::MinimumFOp>(x[0], real_constant(scalars, 0));
        return limited(scalars, scalars.create<arith::DivFOp>(scalars.create<arith::NegFOp>(low), x[1]));
      });
  results[2] = elementwise(builder, location, zero, storage_type(tensor_type(getZero())),
                           [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                             return clamped_to(scalars, x[0], output, {0, 255});
                           });
  results[0] = elementwise(builder, location, {getInput(), results[1], zero}, storage_type(tensor_type(getIntegers())),
                           [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                             // Clamps to the range of the zero points before the conversion to integers, where it changes no
                             // result.
                             Value steps = scalars.create<arith::DivFOp>(x[0], x[1]);
                             Quantized wide = output;
                             wide.storage = scalars.getI32Type();
                             Value rounded = rounded_to(scalars, steps, wide, {-255, 255});
                             return clamped_to(scalars, scalars.create<arith::AddIOp>(rounded, x[2]), output, {0, 255});
                           });
}

// dequantize

LogicalResult DequantizeOp::inferReturnTypes(MLIRContext* context, std::optional<Location> location, Adaptor op,
                                             SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  const ArrayRef<int64_t> shape = shape_of(op.getInput());
  const Type input = element_type(op.getInput());
  if (!is_quantized(input)) return complain(location, name, "input must be of quantized integers, not " + type_text(input));
  if (failed(check_axis(location, name, input, shape))) return failure();
  types.push_back(RankedTensorType::get(shape, Float32Type::get(context)));
  return success();
}

void DequantizeOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Quantized input = quantization_of(getInput());
  const SmallVector<int64_t> shape = axis_shape(input, shape_of(getInput()).size());
  SmallVector<int32_t> zeros(input.zeros.begin(), input.zeros.end());
  const SmallVector<Value> operands{stored(builder, getLoc(), getInput()),
                                    channel_constants(builder, getLoc(), ArrayRef<float>(input.scales), shape),
                                    channel_constants(builder, getLoc(), ArrayRef<int32_t>(zeros), shape)};
  results[0] = elementwise(builder, getLoc(), operands, tensor_type(getResult()),
                           [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                             Value center = scalars.create<arith::SubIOp>(widened(scalars, x[0], input), x[2]);
                             return scalars.create<arith::MulFOp>(to_float(scalars, center), x[1]);
                           });
}

// quantized_add, quantized_sub, quantized_mul

namespace {

template <typename Adaptor>
LogicalResult infer_binary(std::optional<Location> location, StringRef name, Adaptor op, SmallVectorImpl<Type>& types) {
  for (Value operand : {op.getLhs(), op.getRhs()}) {
    const Type element = element_type(operand);
    if (failed(check_bytes_or_words(location, name, "operand", element)) ||
        failed(check_per_tensor(location, name, "operand", element)) ||
        failed(check_output(location, name, op.getOutput(), element, op.getRounding())))
      return failure();
  }
  if (failed(check_activation(location, name, op.getActivation()))) return failure();
  const auto shape = broadcast_shapes(shape_of(op.getLhs()), shape_of(op.getRhs()));
  if (!shape) {
    return complain(location, name,
                    "shapes " + shape_text(shape_of(op.getLhs())) + " and " + shape_text(shape_of(op.getRhs())) +
                        " do not broadcast: aligned at the last dimension, sizes must be equal or 1");
  }
  types.push_back(RankedTensorType::get(*shape, op.getOutput()));
  return success();
}

// The sum is shifted by 20 minus the exponent of the larger ratio, and that has to fit.
template <typename Adaptor>
LogicalResult check_ratios(std::optional<Location> location, StringRef name, Adaptor op) {
  if (is_word(op.getOutput())) {
    return check_word_sum(location, name, quantization_of(op.getLhs()), quantization_of(op.getRhs()),
                          quantization_of(op.getOutput()), op.getByShifts());
  }
  if (op.getByShifts()) return complain(location, name, "by_shifts is for 16-bit integers");
  if (op.getRounding() == "onnx") return success();
  const float output = quantization_of(op.getOutput()).scale();
  const float larger = std::max(quantization_of(op.getLhs()).scale(), quantization_of(op.getRhs()).scale()) / output;
  if (larger >= 0x1p-10F && larger < 0x1p8F) return success();
  return complain(location, name,
                  "the larger scale of its operands is " + fmt::format("{:g}", larger) +
                      " of the output's; fixed-point sums take 2^-10 to 2^8");
}

// Multipliers of 21 bits in steps of 2^-shift (XNNPACK, qs8-vadd).
struct SumMultipliers {
  int32_t lhs, rhs;
  int shift;
};

SumMultipliers sum_multipliers(float lhs, float rhs) {
  const float larger = std::max(std::abs(lhs), std::abs(rhs));
  const int exponent = static_cast<int>(std::bit_cast<uint32_t>(larger) >> 23) - 127;
  const int shift = 20 - exponent;
  const auto multiplier = [&](float ratio) { return static_cast<int32_t>(std::lrint(std::ldexp(ratio, shift))); };
  return {multiplier(lhs), multiplier(rhs), shift};
}

template <typename Op>
Value sum_formula(OpBuilder& builder, Op op, float sign) {
  const Quantized lhs = quantization_of(op.getLhs()), rhs = quantization_of(op.getRhs());
  const Quantized output = quantization_of(op.getOutput());
  if (output.bits() == 16) {
    const SmallVector<Value> words{stored(builder, op.getLoc(), op.getLhs()), stored(builder, op.getLoc(), op.getRhs())};
    return elementwise(builder, op.getLoc(), words, storage_type(tensor_type(op.getResult())),
                       [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                         return word_sum(scalars, x, lhs, rhs, output, sign < 0 ? -1 : 1, op.getByShifts(),
                                         activation_range(op.getActivation(), output));
                       });
  }
  const SumMultipliers multipliers = sum_multipliers(lhs.scale() / output.scale(), sign * (rhs.scale() / output.scale()));
  const int64_t bias = (int64_t{1} << (multipliers.shift - 1)) - multipliers.lhs * lhs.zero() - multipliers.rhs * rhs.zero();
  const SmallVector<Value> operands{stored(builder, op.getLoc(), op.getLhs()), stored(builder, op.getLoc(), op.getRhs())};
  return elementwise(
      builder, op.getLoc(), operands, storage_type(tensor_type(op.getResult())),
      [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
        Value left = scalars.create<arith::MulIOp>(widened(scalars, x[0], lhs), integer_constant(scalars, multipliers.lhs));
        Value right = scalars.create<arith::MulIOp>(widened(scalars, x[1], rhs), integer_constant(scalars, multipliers.rhs));
        Value sum = scalars.create<arith::AddIOp>(scalars.create<arith::AddIOp>(left, integer_constant(scalars, bias)), right);
        Value steps = scalars.create<arith::ShRSIOp>(sum, integer_constant(scalars, multipliers.shift));
        Value integer = scalars.create<arith::AddIOp>(steps, integer_constant(scalars, output.zero()));
        return clamped_to(scalars, integer, output, activation_range(op.getActivation(), output));
      });
}

// Computes on f32 numbers: `steps` takes a scalar of each operand to a number in steps of the output's scale. With `whole`,
// that number already includes the zero point.
template <typename Op>
Value real_formula(OpBuilder& builder, Op op, bool whole, function_ref<Value(ImplicitLocOpBuilder&, Value, Value)> steps) {
  Quantized output = quantization_of(op.getOutput());
  const IntegerRange range = activation_range(op.getActivation(), output);
  if (whole) output.zeros = {0};
  const SmallVector<Value> operands{stored(builder, op.getLoc(), op.getLhs()), stored(builder, op.getLoc(), op.getRhs())};
  return elementwise(builder, op.getLoc(), operands, storage_type(tensor_type(op.getResult())),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       return rounded_to(scalars, steps(scalars, x[0], x[1]), output, range);
                     });
}

// Adds as ONNX Runtime does: where the processor has fused multiply-add, both products are added to the zero points without
// rounding in between.
Value real_sum(OpBuilder& builder, QuantizedAddOp op) {
  const Quantized lhs = quantization_of(op.getLhs()), rhs = quantization_of(op.getRhs()),
                  output = quantization_of(op.getOutput());
  const float left = lhs.scale() / output.scale(), right = rhs.scale() / output.scale();
  const float fixed = static_cast<float>(output.zero()) -
                      std::fma(left, static_cast<float>(lhs.zero()), right * static_cast<float>(rhs.zero()));
  return real_formula(builder, op, /*whole=*/true, [&](ImplicitLocOpBuilder& scalars, Value a, Value b) -> Value {
    Value second = scalars.create<arith::MulFOp>(to_float(scalars, widened(scalars, b, rhs)), real_constant(scalars, right));
    Value sum = scalars.create<arith::AddFOp>(second, real_constant(scalars, fixed));
    Value first = scalars.create<arith::MulFOp>(to_float(scalars, widened(scalars, a, lhs)), real_constant(scalars, left));
    return scalars.create<arith::AddFOp>(first, sum);
  });
}

Value real_difference(OpBuilder& builder, QuantizedSubOp op) {
  const Quantized lhs = quantization_of(op.getLhs()), rhs = quantization_of(op.getRhs()),
                  output = quantization_of(op.getOutput());
  return real_formula(builder, op, /*whole=*/false, [&](ImplicitLocOpBuilder& scalars, Value a, Value b) -> Value {
    const auto real = [&](Value q, const Quantized& type) {
      return rounded_product(scalars, to_float(scalars, centered(scalars, q, type)), real_constant(scalars, type.scale()));
    };
    Value difference = scalars.create<arith::SubFOp>(real(a, lhs), real(b, rhs));
    return scalars.create<arith::DivFOp>(difference, real_constant(scalars, output.scale()));
  });
}

// Multiplies as ONNX Runtime does: the zero point is added to the rounded product.
Value real_product(OpBuilder& builder, QuantizedMulOp op) {
  const Quantized lhs = quantization_of(op.getLhs()), rhs = quantization_of(op.getRhs()),
                  output = quantization_of(op.getOutput());
  const float multiplier = lhs.scale() * rhs.scale() / output.scale();
  return real_formula(builder, op, /*whole=*/true, [&](ImplicitLocOpBuilder& scalars, Value a, Value b) -> Value {
    Value product = scalars.create<arith::MulIOp>(centered(scalars, a, lhs), centered(scalars, b, rhs));
    Value steps = rounded_product(scalars, to_float(scalars, product), real_constant(scalars, multiplier));
    return scalars.create<arith::AddFOp>(steps, real_constant(scalars, static_cast<float>(output.zero())));
  });
}

}  // namespace

LogicalResult QuantizedAddOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                               SmallVectorImpl<Type>& types) {
  if (failed(infer_binary(location, getOperationName(), op, types))) return failure();
  return check_ratios(location, getOperationName(), op);
}
void QuantizedAddOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = getRounding() == "onnx" ? real_sum(builder, *this) : sum_formula(builder, *this, 1);
}

LogicalResult QuantizedSubOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                               SmallVectorImpl<Type>& types) {
  if (failed(infer_binary(location, getOperationName(), op, types))) return failure();
  return check_ratios(location, getOperationName(), op);
}
void QuantizedSubOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = getRounding() == "onnx" ? real_difference(builder, *this) : sum_formula(builder, *this, -1);
}

LogicalResult QuantizedMulOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                               SmallVectorImpl<Type>& types) {
  if (failed(infer_binary(location, getOperationName(), op, types))) return failure();
  if (op.getByShifts()) return complain(location, getOperationName(), "by_shifts is for sums");
  if (op.getRounding() == "onnx") return success();
  const double rhs = quantization_of(op.getRhs()).scale();
  return check_multiplier(location, getOperationName(), ratio_of(element_type(op.getLhs()), op.getOutput()) * rhs);
}

void QuantizedMulOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  if (getRounding() == "onnx") {
    results[0] = real_product(builder, *this);
    return;
  }
  const Quantized lhs = quantization_of(getLhs()), rhs = quantization_of(getRhs()), output = quantization_of(getOutput());
  const float multiplier = lhs.scale() * rhs.scale() / output.scale();
  const SmallVector<Value> operands{stored(builder, getLoc(), getLhs()), stored(builder, getLoc(), getRhs())};
  if (output.bits() == 16) {
    results[0] = elementwise(builder, getLoc(), operands, storage_type(tensor_type(getResult())),
                             [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                               return word_product(scalars, x, lhs, rhs, output, activation_range(getActivation(), output));
                             });
    return;
  }
  results[0] =
      elementwise(builder, getLoc(), operands, storage_type(tensor_type(getResult())),
                  [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                    Value product = scalars.create<arith::MulIOp>(centered(scalars, x[0], lhs), centered(scalars, x[1], rhs));
                    Value steps = scalars.create<arith::MulFOp>(to_float(scalars, product), real_constant(scalars, multiplier));
                    return rounded_to(scalars, steps, output, activation_range(getActivation(), output));
                  });
}

// quantized_maximum, quantized_minimum

namespace {

LogicalResult infer_extreme(std::optional<Location> location, StringRef name, Value lhs, Value rhs,
                            SmallVectorImpl<Type>& types) {
  const Type element = element_type(lhs);
  if (failed(check_bytes_or_words(location, name, "operand", element)) ||
      failed(check_per_tensor(location, name, "operand", element)))
    return failure();
  if (element_type(rhs) != element) {
    return complain(location, name,
                    "operands " + type_text(element) + " and " + type_text(element_type(rhs)) + " must have the same type");
  }
  return infer_broadcast(location, name, {lhs, rhs}, types);
}

template <typename Op>
Value extreme_formula(OpBuilder& builder, Op op, bool largest) {
  const Quantized type = quantization_of(op.getLhs());
  const SmallVector<Value> operands{stored(builder, op.getLoc(), op.getLhs()), stored(builder, op.getLoc(), op.getRhs())};
  return elementwise(builder, op.getLoc(), operands, storage_type(tensor_type(op.getResult())),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       if (largest && type.is_signed) return scalars.create<arith::MaxSIOp>(x[0], x[1]);
                       if (largest) return scalars.create<arith::MaxUIOp>(x[0], x[1]);
                       if (type.is_signed) return scalars.create<arith::MinSIOp>(x[0], x[1]);
                       return scalars.create<arith::MinUIOp>(x[0], x[1]);
                     });
}

}  // namespace

LogicalResult QuantizedMaximumOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                   SmallVectorImpl<Type>& types) {
  return infer_extreme(location, getOperationName(), op.getLhs(), op.getRhs(), types);
}
void QuantizedMaximumOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = extreme_formula(builder, *this, /*largest=*/true);
}

LogicalResult QuantizedMinimumOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                   SmallVectorImpl<Type>& types) {
  return infer_extreme(location, getOperationName(), op.getLhs(), op.getRhs(), types);
}
void QuantizedMinimumOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = extreme_formula(builder, *this, /*largest=*/false);
}

// quantized_prelu

LogicalResult QuantizedPreluOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                 SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  for (Value operand : {op.getInput(), op.getSlope()}) {
    const Type element = element_type(operand);
    if (failed(check_eight_bits(location, name, "operand", element)) ||
        failed(check_per_tensor(location, name, "operand", element)) ||
        failed(check_output(location, name, op.getOutput(), element)))
      return failure();
  }
  const double ratio = ratio_of(element_type(op.getInput()), op.getOutput());
  const double slope = quantization_of(op.getSlope()).scale();
  if (failed(check_multiplier(location, name, ratio)) || failed(check_multiplier(location, name, ratio * slope)))
    return failure();
  const auto shape = broadcast_shapes(shape_of(op.getInput()), shape_of(op.getSlope()));
  if (!shape || ArrayRef<int64_t>(*shape) != shape_of(op.getInput())) {
    return complain(
        location, name,
        "slope " + shape_text(shape_of(op.getSlope())) + " does not broadcast to " + shape_text(shape_of(op.getInput())));
  }
  types.push_back(RankedTensorType::get(*shape, op.getOutput()));
  return success();
}

void QuantizedPreluOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Quantized input = quantization_of(getInput()), slope = quantization_of(getSlope()),
                  output = quantization_of(getOutput());
  const double ratio = ratio_of(element_type(getInput()), getOutput());
  const FixedPoint above = fixed_point(ratio);
  const FixedPoint below = fixed_point(static_cast<double>(input.scale()) * static_cast<double>(slope.scale()) /
                                       static_cast<double>(output.scale()));
  const SmallVector<Value> operands{stored(builder, getLoc(), getInput()), stored(builder, getLoc(), getSlope())};
  results[0] = elementwise(
      builder, getLoc(), operands, storage_type(tensor_type(getResult())),
      [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
        const auto times = [&](Value number, FixedPoint point) {
          return twice_rounded(scalars, number, integer_constant(scalars, point.multiplier),
                               integer_constant(scalars, point.shift));
        };
        Value center = centered(scalars, x[0], input);
        Value product = scalars.create<arith::MulIOp>(center, centered(scalars, x[1], slope));
        Value negative = scalars.create<arith::CmpIOp>(arith::CmpIPredicate::slt, center, integer_constant(scalars, 0));
        Value steps = scalars.create<arith::SelectOp>(negative, times(product, below), times(center, above));
        return clamped_to(scalars, scalars.create<arith::AddIOp>(steps, integer_constant(scalars, output.zero())), output,
                          whole_range(output));
      });
}

}  // namespace fovea::dialect
