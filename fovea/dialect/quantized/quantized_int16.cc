// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/quantized/quantized_int16.h"

#include <fmt/format.h>

#include <cmath>

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

Value wide_constant(ImplicitLocOpBuilder& builder, int64_t value) {
  return builder.create<arith::ConstantOp>(builder.getI64IntegerAttr(value));
}

Value twice(ImplicitLocOpBuilder& builder, Value number, FixedPoint point) {
  return twice_rounded(builder, number, integer_constant(builder, point.multiplier), integer_constant(builder, point.shift));
}

Value clamped_steps(ImplicitLocOpBuilder& builder, Value steps, const Quantized& output, IntegerRange range) {
  if (output.zero() != 0) steps = builder.create<arith::AddIOp>(steps, integer_constant(builder, output.zero()));
  return clamped_to(builder, steps, output, range);
}

}  // namespace

WordMultipliers word_multipliers(OpBuilder& builder, Location location, ArrayRef<double> real, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> multipliers, shifts;
  for (double number : real) {
    const FixedPoint point = fixed_point(number);
    // 15 bits of the multiplier's 31; the rest is rounded away.
    multipliers.push_back(point.multiplier < 0x7fff0000 ? (int64_t{point.multiplier} + (1 << 15)) >> 16 : 0x7fff);
    shifts.push_back(15 - point.shift);
  }
  return {channel_constants(builder, location, ArrayRef<int64_t>(multipliers), shape),
          channel_constants(builder, location, ArrayRef<int64_t>(shifts), shape)};
}

Value word_steps(ImplicitLocOpBuilder& builder, Value sum, Value multiplier, Value shift) {
  Value one = wide_constant(builder, 1);
  Value half = builder.create<arith::ShLIOp>(one, builder.create<arith::SubIOp>(shift, one));
  Value product = builder.create<arith::MulIOp>(sum, multiplier);
  return builder.create<arith::ShRSIOp>(builder.create<arith::AddIOp>(product, half), shift);
}

Value clamped_word(ImplicitLocOpBuilder& builder, Value integer, const Quantized& output, IntegerRange range) {
  Value low = builder.create<arith::MaxSIOp>(integer, wide_constant(builder, range.least));
  Value both = builder.create<arith::MinSIOp>(low, wide_constant(builder, range.most));
  return builder.create<arith::TruncIOp>(output.storage, both);
}

// The quotient is computed in f64, as in TensorFlow Lite.
Value quantized_words(OpBuilder& builder, Location location, Value reals, const Quantized& output) {
  return elementwise(builder, location, reals, RankedTensorType::get(shape_of(reals), output.storage),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       const auto constant = [&](double value) -> Value {
                         return scalars.create<arith::ConstantOp>(scalars.getF64FloatAttr(value));
                       };
                       Value wide = scalars.create<arith::ExtFOp>(scalars.getF64Type(), x[0]);
                       Value steps = scalars.create<arith::DivFOp>(wide, constant(static_cast<double>(output.scale())));
                       Value low = scalars.create<arith::MaximumFOp>(steps, constant(-32768));
                       Value both = scalars.create<arith::MinimumFOp>(low, constant(32767));
                       // Halves round away from zero: the magnitude is rounded, then truncated.
                       Value negative = scalars.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, both, constant(0));
                       Value half = scalars.create<arith::SelectOp>(negative, constant(-0.5), constant(0.5));
                       Value integer =
                           scalars.create<arith::FPToSIOp>(scalars.getI32Type(), scalars.create<arith::AddFOp>(both, half));
                       return scalars.create<arith::TruncIOp>(output.storage, integer);
                     });
}

Value rescaled(ImplicitLocOpBuilder& builder, Value q, const Quantized& input, const Quantized& output, IntegerRange range) {
  const FixedPoint point = fixed_point(static_cast<double>(input.scale()) / static_cast<double>(output.scale()));
  return clamped_steps(builder, twice(builder, centered(builder, q, input), point), output, range);
}

// Sums: both operands are brought to steps of 2^-15 of twice the larger scale, then to the output's (TensorFlow Lite, add.cc).

namespace {

constexpr int sum_bits = 15;

struct SumScales {
  FixedPoint lhs, rhs;
  double output;
};

SumScales sum_scales(const Quantized& lhs, const Quantized& rhs, const Quantized& output) {
  const double larger = 2 * static_cast<double>(std::max(lhs.scale(), rhs.scale()));
  return {.lhs = fixed_point(static_cast<double>(lhs.scale()) / larger),
          .rhs = fixed_point(static_cast<double>(rhs.scale()) / larger),
          .output = larger / (static_cast<double>(1 << sum_bits) * static_cast<double>(output.scale()))};
}

// The exponent of the scale, if it is a power of two.
std::optional<int> exponent_of(float scale) {
  int exponent = 0;
  if (std::frexp(scale, &exponent) != 0.5F) return std::nullopt;
  return exponent - 1;
}

// How far each operand is shifted right to reach the output's scale.
std::optional<std::pair<int, int>> shifts_of(const Quantized& lhs, const Quantized& rhs, const Quantized& output) {
  const auto left = exponent_of(lhs.scale()), right = exponent_of(rhs.scale()), to = exponent_of(output.scale());
  if (!left || !right || !to) return std::nullopt;
  const std::pair shifts{*to - *left, *to - *right};
  const bool fits = shifts.first >= 0 && shifts.second >= 0 && (shifts.first == 0 || shifts.second == 0) &&
                    std::max(shifts.first, shifts.second) < 16;
  return fits ? std::optional(shifts) : std::nullopt;
}

// The nearest integer to y / 2^shift, halves away from zero.
Value shifted(ImplicitLocOpBuilder& builder, Value y, int shift) {
  if (shift == 0) return y;
  const int64_t half = int64_t{1} << (shift - 1);
  Value negative = builder.create<arith::CmpIOp>(arith::CmpIPredicate::slt, y, integer_constant(builder, 0));
  Value nudge = builder.create<arith::SelectOp>(negative, integer_constant(builder, half - 1), integer_constant(builder, half));
  return builder.create<arith::ShRSIOp>(builder.create<arith::AddIOp>(y, nudge), integer_constant(builder, shift));
}

}  // namespace

LogicalResult check_word_sum(std::optional<Location> location, StringRef name, const Quantized& lhs, const Quantized& rhs,
                             const Quantized& output, bool by_shifts) {
  if (by_shifts) {
    if (shifts_of(lhs, rhs, output)) return success();
    return complain(location, name,
                    "scales of operands that are shifted are powers of two, one of them the output's and none above it");
  }
  const double steps = sum_scales(lhs, rhs, output).output;
  if (steps < 1 && steps > 0x1p-30) return success();
  return complain(location, name,
                  "the larger scale of its operands is " + fmt::format("{:g}", steps * (1 << (sum_bits - 1))) +
                      " of the output's; sums of 16-bit integers take 2^-16 to 2^14");
}

Value word_sum(ImplicitLocOpBuilder& builder, ValueRange words, const Quantized& lhs, const Quantized& rhs,
               const Quantized& output, int sign, bool by_shifts, IntegerRange range) {
  Value left = widened(builder, words[0], lhs), right = widened(builder, words[1], rhs);
  const auto joined = [&](Value a, Value b) -> Value {
    if (sign < 0) return builder.create<arith::SubIOp>(a, b);
    return builder.create<arith::AddIOp>(a, b);
  };
  if (by_shifts) {
    const auto [left_shift, right_shift] = *shifts_of(lhs, rhs, output);
    Value sum = joined(shifted(builder, left, left_shift), shifted(builder, right, right_shift));
    return clamped_to(builder, sum, output, range);
  }
  const SumScales scales = sum_scales(lhs, rhs, output);
  const auto raised = [&](Value word, FixedPoint point) {
    return twice(builder, builder.create<arith::ShLIOp>(word, integer_constant(builder, sum_bits)), point);
  };
  Value sum = joined(raised(left, scales.lhs), raised(right, scales.rhs));
  return clamped_to(builder, twice(builder, sum, fixed_point(scales.output)), output, range);
}

Value word_product(ImplicitLocOpBuilder& builder, ValueRange words, const Quantized& lhs, const Quantized& rhs,
                   const Quantized& output, IntegerRange range) {
  Value product = builder.create<arith::MulIOp>(widened(builder, words[0], lhs), widened(builder, words[1], rhs));
  const float ratio = lhs.scale() * rhs.scale() / output.scale();  // in f32, as in TensorFlow Lite
  return clamped_to(builder, twice(builder, product, fixed_point(static_cast<double>(ratio))), output, range);
}

}  // namespace fovea::dialect
