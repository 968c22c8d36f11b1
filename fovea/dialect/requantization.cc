// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/requantization.h"

#include <cmath>
#include <limits>

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace fovea::dialect {

Value to_float(ImplicitLocOpBuilder& builder, Value integer) {
  return builder.create<arith::SIToFPOp>(builder.getF32Type(), integer);
}
Value real_constant(ImplicitLocOpBuilder& builder, float value) {
  return builder.create<arith::ConstantOp>(builder.getF32FloatAttr(value));
}
Value integer_constant(ImplicitLocOpBuilder& builder, int64_t value) {
  return builder.create<arith::ConstantOp>(builder.getI32IntegerAttr(static_cast<int32_t>(value)));
}
Value widened(ImplicitLocOpBuilder& builder, Value q, const Quantized& type) { return extended(builder, q, type.is_signed); }
Value centered(ImplicitLocOpBuilder& builder, Value q, const Quantized& type) {
  Value wide = widened(builder, q, type);
  if (type.zero() == 0) return wide;
  return builder.create<arith::SubIOp>(wide, integer_constant(builder, type.zero()));
}

namespace {

Value narrowed(ImplicitLocOpBuilder& builder, Value integer, const Quantized& output) {
  return builder.create<arith::TruncIOp>(output.storage, integer);
}

}  // namespace

Value rounded_to(ImplicitLocOpBuilder& builder, Value steps, const Quantized& output, IntegerRange range) {
  // No number here can be a NaN, and stating that saves an instruction.
  const auto plain = arith::FastMathFlags::nnan | arith::FastMathFlags::nsz;
  Value least = real_constant(builder, static_cast<float>(range.least - output.zero()));
  Value most = real_constant(builder, static_cast<float>(range.most - output.zero()));
  Value low = builder.create<arith::MaximumFOp>(steps, least, plain);
  Value both = builder.create<arith::MinimumFOp>(low, most, plain);
  Value integer = builder.create<arith::FPToSIOp>(builder.getI32Type(), builder.create<math::RoundEvenOp>(both));
  if (output.zero() != 0) integer = builder.create<arith::AddIOp>(integer, integer_constant(builder, output.zero()));
  return narrowed(builder, integer, output);
}

Value clamped_to(ImplicitLocOpBuilder& builder, Value integer, const Quantized& output, IntegerRange range) {
  Value low = builder.create<arith::MaxSIOp>(integer, integer_constant(builder, range.least));
  return narrowed(builder, builder.create<arith::MinSIOp>(low, integer_constant(builder, range.most)), output);
}

FixedPoint fixed_point(double multiplier) {
  if (multiplier == 0) return {0, 0};
  int shift = 0;
  const double fraction = std::frexp(multiplier, &shift);
  auto steps = static_cast<int64_t>(std::round(fraction * static_cast<double>(int64_t{1} << 31)));
  if (steps == int64_t{1} << 31) {
    steps /= 2;
    ++shift;
  }
  if (shift < -31) return {0, 0};
  return {static_cast<int32_t>(steps), shift};
}

namespace {

// SaturatingRoundingDoublingHighMul of gemmlowp: (2 a b + 2^31) >> 32, truncated towards zero.
Value doubled_high(ImplicitLocOpBuilder& builder, Value a, Value b) {
  const Type wide = builder.getI64Type();
  const auto constant = [&](int64_t value) -> Value {
    return builder.create<arith::ConstantOp>(builder.getI64IntegerAttr(value));
  };
  Value product =
      builder.create<arith::MulIOp>(builder.create<arith::ExtSIOp>(wide, a), builder.create<arith::ExtSIOp>(wide, b));
  Value positive = builder.create<arith::CmpIOp>(arith::CmpIPredicate::sge, product, constant(0));
  Value nudge = builder.create<arith::SelectOp>(positive, constant(int64_t{1} << 30), constant(1 - (int64_t{1} << 30)));
  Value nudged = builder.create<arith::AddIOp>(product, nudge);
  // The shift rounds down, so negative numbers are raised first to round towards zero.
  Value negative = builder.create<arith::CmpIOp>(arith::CmpIPredicate::slt, nudged, constant(0));
  Value up = builder.create<arith::SelectOp>(negative, constant((int64_t{1} << 31) - 1), constant(0));
  Value shifted = builder.create<arith::ShRSIOp>(builder.create<arith::AddIOp>(nudged, up), constant(31));
  return builder.create<arith::TruncIOp>(builder.getI32Type(), shifted);
}

// The nearest integer to y / 2^exponent, halves away from zero.
Value divided_by_power(ImplicitLocOpBuilder& builder, Value y, Value exponent) {
  Value one = integer_constant(builder, 1), zero = integer_constant(builder, 0);
  Value mask = builder.create<arith::SubIOp>(builder.create<arith::ShLIOp>(one, exponent), one);
  Value remainder = builder.create<arith::AndIOp>(y, mask);
  Value negative = builder.create<arith::CmpIOp>(arith::CmpIPredicate::slt, y, zero);
  Value threshold = builder.create<arith::AddIOp>(builder.create<arith::ShRUIOp>(mask, one),
                                                  builder.create<arith::SelectOp>(negative, one, zero));
  Value above = builder.create<arith::CmpIOp>(arith::CmpIPredicate::sgt, remainder, threshold);
  return builder.create<arith::AddIOp>(builder.create<arith::ShRSIOp>(y, exponent),
                                       builder.create<arith::SelectOp>(above, one, zero));
}

}  // namespace

Value twice_rounded(ImplicitLocOpBuilder& builder, Value sum, Value multiplier, Value shift) {
  Value zero = integer_constant(builder, 0);
  Value left = builder.create<arith::MaxSIOp>(shift, zero);
  Value right = builder.create<arith::MaxSIOp>(builder.create<arith::SubIOp>(zero, shift), zero);
  Value high = doubled_high(builder, builder.create<arith::ShLIOp>(sum, left), multiplier);
  return divided_by_power(builder, high, right);
}

int32_t twice_rounded(int32_t sum, FixedPoint multiplier) {
  const int left = std::max(multiplier.shift, 0), right = std::max(-multiplier.shift, 0);
  const int64_t product = static_cast<int64_t>(sum) * (int64_t{1} << left) * multiplier.multiplier;
  const int64_t half = int64_t{1} << 30;
  const int64_t high = (product + (product >= 0 ? half : 1 - half)) / (int64_t{1} << 31);
  const int64_t mask = (int64_t{1} << right) - 1;
  const int64_t threshold = (mask >> 1) + (high < 0 ? 1 : 0);
  return static_cast<int32_t>((high >> right) + ((high & mask) > threshold ? 1 : 0));
}

Value rounded_product(ImplicitLocOpBuilder& builder, Value a, Value b) {
  Value lowest = real_constant(builder, std::numeric_limits<float>::lowest());
  return builder.create<arith::MaximumFOp>(builder.create<arith::MulFOp>(a, b), lowest, arith::FastMathFlags::nnan);
}

namespace {

template <typename T>
Value constants_of(OpBuilder& builder, Location location, ArrayRef<T> values, ArrayRef<int64_t> shape, Type element) {
  const bool equal = llvm::all_equal(values);
  const auto type = RankedTensorType::get(equal ? ArrayRef<int64_t>{} : shape, element);
  return builder.create<arith::ConstantOp>(location, DenseElementsAttr::get(type, equal ? values.take_front() : values));
}

}  // namespace

Value channel_constants(OpBuilder& builder, Location location, ArrayRef<float> values, ArrayRef<int64_t> shape) {
  return constants_of(builder, location, values, shape, builder.getF32Type());
}
Value channel_constants(OpBuilder& builder, Location location, ArrayRef<int32_t> values, ArrayRef<int64_t> shape) {
  return constants_of(builder, location, values, shape, builder.getI32Type());
}
Value channel_constants(OpBuilder& builder, Location location, ArrayRef<int64_t> values, ArrayRef<int64_t> shape) {
  return constants_of(builder, location, values, shape, builder.getI64Type());
}

}  // namespace fovea::dialect
