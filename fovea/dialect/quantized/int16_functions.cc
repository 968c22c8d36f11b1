// SPDX-License-Identifier: Apache-2.0
// Functions of 16-bit integers by interpolated tables, as in TensorFlow Lite.
#include <cmath>

#include "fovea/dialect/ops/lookup.h"
#include "fovea/dialect/quantized/quantized_int16.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

Value twice(ImplicitLocOpBuilder& builder, Value number, FixedPoint point) {
  return twice_rounded(builder, number, integer_constant(builder, point.multiplier), integer_constant(builder, point.shift));
}

Value wide_constant(ImplicitLocOpBuilder& builder, int64_t value) {
  return builder.create<arith::ConstantOp>(builder.getI64IntegerAttr(value));
}

constexpr int sigmoid_steps = 256;

// The table both functions interpolate: sigmoid(i / 24) in 16 bits, shifted by half of the interpolation error in the middle of
// the interval, packed with the difference to the next entry.
DenseElementsAttr sigmoid_table(OpBuilder& builder) {
  const auto exact = [](double step) { return 65536 / (1 + std::exp(-step / 24)); };
  const auto value = [&](int step) {
    if (step == sigmoid_steps - 1) return 65535;
    const double missed = exact(step + 0.5) - (exact(step) + exact(step + 1)) / 2;
    return static_cast<int32_t>(std::lround(exact(step) + missed / 2));
  };
  SmallVector<int32_t> packed;
  for (int step = 0; step < sigmoid_steps; ++step) {
    const int32_t slope = step + 1 < sigmoid_steps ? value(step + 1) - value(step) : 0;
    packed.push_back(static_cast<int32_t>(static_cast<uint32_t>(slope) << 16 | static_cast<uint32_t>(value(step))));
  }
  return DenseElementsAttr::get(RankedTensorType::get({sigmoid_steps}, builder.getI32Type()), ArrayRef<int32_t>(packed));
}

// Converts an input to a number in steps of 1 / (3 * 2^12): it is multiplied by `multiplier` and shifted right by `shift`.
struct SigmoidScale {
  int32_t multiplier = 0;
  int shift = 0;
};

SigmoidScale sigmoid_scale(float scale) {
  if (scale == 0x1p-12F) return {3, 0};
  double multiplier = static_cast<double>(scale) * 4096.0 * 3.0;
  int shift = 0;
  while (multiplier <= 32767.0 / 2.0 && shift <= 30) {
    ++shift;
    multiplier *= 2;
  }
  return {static_cast<int32_t>(multiplier), shift};
}

Value bits_of(ImplicitLocOpBuilder& builder, Value number, int shift, int64_t mask) {
  if (shift > 0) number = builder.create<arith::ShRUIOp>(number, integer_constant(builder, shift));
  return builder.create<arith::AndIOp>(number, integer_constant(builder, mask));
}

Value choice(ImplicitLocOpBuilder& builder, arith::CmpIPredicate predicate, Value left, int64_t right, Value yes, Value no) {
  Value holds = builder.create<arith::CmpIOp>(predicate, left, integer_constant(builder, right));
  return builder.create<arith::SelectOp>(holds, yes, no);
}

// The table is indexed by the magnitude of the input, with 2^`fraction` steps per entry; the sign is applied at the end.
Value sigmoid_or_tanh(OpBuilder& builder, Location location, Value words, bool tanh, const Quantized& input,
                      const Quantized& output) {
  const int fraction = tanh ? 8 : 9;
  const SigmoidScale scale = sigmoid_scale(input.scale());
  const auto type = RankedTensorType::get(shape_of(words), builder.getI32Type());
  Value numbers = elementwise(builder, location, words, type, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
    Value product = scalars.create<arith::MulIOp>(widened(scalars, x[0], input), integer_constant(scalars, scale.multiplier));
    if (scale.shift == 0) return product;
    Value half = integer_constant(scalars, int64_t{1} << (scale.shift - 1));
    return scalars.create<arith::ShRSIOp>(scalars.create<arith::AddIOp>(product, half), integer_constant(scalars, scale.shift));
  });
  const auto size_of = [](ImplicitLocOpBuilder& scalars, Value number) -> Value {
    Value negated = scalars.create<arith::SubIOp>(integer_constant(scalars, 0), number);
    return scalars.create<arith::MaxSIOp>(number, negated);
  };
  Value places = elementwise(builder, location, numbers, type, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
    Value place = scalars.create<arith::ShRUIOp>(size_of(scalars, x[0]), integer_constant(scalars, fraction));
    return scalars.create<arith::MinUIOp>(place, integer_constant(scalars, sigmoid_steps - 1));
  });
  Value entries = looked_up(builder, location, places, sigmoid_table(builder));
  return elementwise(
      builder, location, {numbers, places, entries}, RankedTensorType::get(shape_of(words), output.storage),
      [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
        Value rest = bits_of(scalars, size_of(scalars, x[0]), 0, (int64_t{1} << fraction) - 1);
        Value base = bits_of(scalars, x[2], 0, 0xffff), slope = bits_of(scalars, x[2], 16, 0xffff);
        Value between = scalars.create<arith::AddIOp>(scalars.create<arith::ShLIOp>(base, integer_constant(scalars, fraction)),
                                                      scalars.create<arith::MulIOp>(rest, slope));
        const int64_t most = tanh ? int64_t{0xffff} << 8 : int64_t{0x7fff} << 10;
        Value result =
            choice(scalars, arith::CmpIPredicate::eq, x[1], sigmoid_steps - 1, integer_constant(scalars, most), between);
        const auto plus = [&](Value a, int64_t b) -> Value {
          return scalars.create<arith::AddIOp>(a, integer_constant(scalars, b));
        };
        Value negated = scalars.create<arith::SubIOp>(integer_constant(scalars, 0), result);
        Value above, below;
        if (tanh) {  // 2 * sigmoid(2 x) - 1
          above = plus(result, -(int64_t{1} << 23) + (1 << 7));
          below = plus(negated, (int64_t{1} << 23) + (1 << 7) - 1);
        } else {
          above = plus(result, 1 << 9);
          below = plus(negated, (int64_t{1} << 25) + (1 << 9) - 1);
        }
        Value whole = choice(scalars, arith::CmpIPredicate::sge, x[0], 0, above, below);
        whole = scalars.create<arith::ShRSIOp>(whole, integer_constant(scalars, tanh ? 8 : 10));
        return scalars.create<arith::TruncIOp>(output.storage, whole);
      });
}

}  // namespace

LogicalResult check_word_function(std::optional<Location> location, StringRef name, StringRef function, Type input,
                                  Type output) {
  const double ratio =
      static_cast<double>(quantization_of(input).scale()) / static_cast<double>(quantization_of(output).scale());
  if (function.starts_with("relu") || function == "leaky_relu") return check_multiplier(location, name, ratio);
  if (function == "sigmoid" || function == "tanh") return check_prescribed(location, name, output, 0x1p-15F, 0);
  return complain(location, name, "function \"" + function + "\" is computed of 8-bit integers, not of 16-bit ones");
}

Value word_function(OpBuilder& builder, Location location, Value words, StringRef function, float alpha, const Quantized& input,
                    const Quantized& output) {
  if (function == "sigmoid" || function == "tanh")
    return sigmoid_or_tanh(builder, location, words, function == "tanh", input, output);
  const IntegerRange range = activation_range(function == "leaky_relu" ? "none" : function, output);
  // The ratios are computed in f32, as in TensorFlow Lite.
  const FixedPoint above = fixed_point(static_cast<double>(input.scale() / output.scale()));
  const FixedPoint below = fixed_point(static_cast<double>(input.scale() * alpha / output.scale()));
  return elementwise(builder, location, words, RankedTensorType::get(shape_of(words), output.storage),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       Value word = widened(scalars, x[0], input), steps = twice(scalars, word, above);
                       if (function == "leaky_relu")
                         steps = choice(scalars, arith::CmpIPredicate::sge, word, 0, steps, twice(scalars, word, below));
                       return clamped_to(scalars, steps, output, range);
                     });
}

// Softmax: the exponentials and the reciprocal come from interpolated tables of 513 entries.

namespace {

constexpr int table_steps = 512;

// A table over the input's whole 16-bit range: each entry is packed with the difference to the next, and shifted by half of the
// interpolation error in the middle of the interval.
DenseElementsAttr interpolated_table(OpBuilder& builder, double scale, int64_t zero, double (*function)(double)) {
  const double least = scale * static_cast<double>(-32768 - zero), most = scale * static_cast<double>(32767 - zero);
  const double step = (most - least) / table_steps, inverse = 65536.0 / (2.0 / 65535 * 65535);
  SmallVector<int32_t> entries;
  for (int i = 0; i < table_steps; ++i) {
    const double here = std::round(function(least + i * step) * inverse);
    const double next = function(least + (i + 1) * step) * inverse;
    const double middle = std::round(function(least + i * step + step / 2) * inverse);
    const double moved = std::round((std::round((next + here) / 2) - middle) / 2);
    entries.push_back(static_cast<int32_t>(std::clamp(here - moved, -32768.0, 32767.0)));
  }
  entries.push_back(static_cast<int32_t>(std::clamp(std::round(function(most) * inverse), -32768.0, 32767.0)));
  SmallVector<int32_t> packed;
  for (int i = 0; i < table_steps; ++i) {
    const auto slope = static_cast<uint32_t>(entries[i + 1] - entries[i]) & 0xffffU;
    packed.push_back(static_cast<int32_t>(slope << 16 | (static_cast<uint32_t>(entries[i]) & 0xffffU)));
  }
  return DenseElementsAttr::get(RankedTensorType::get({table_steps}, builder.getI32Type()), ArrayRef<int32_t>(packed));
}

// Looks up numbers from -32768 to 32767 with interpolation.
Value interpolated(OpBuilder& builder, Location location, Value numbers, DenseElementsAttr table) {
  const auto type = RankedTensorType::get(shape_of(numbers), builder.getI32Type());
  Value places = elementwise(builder, location, numbers, type, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
    return scalars.create<arith::AddIOp>(scalars.create<arith::ShRSIOp>(x[0], integer_constant(scalars, 7)),
                                         integer_constant(scalars, table_steps / 2));
  });
  Value entries = looked_up(builder, location, places, table);
  return elementwise(builder, location, {numbers, entries}, type, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
    const auto sixteen_bits = [&](Value number) -> Value {
      Value narrow = scalars.create<arith::TruncIOp>(scalars.getI16Type(), number);
      return scalars.create<arith::ExtSIOp>(scalars.getI32Type(), narrow);
    };
    Value base = sixteen_bits(x[1]);
    Value slope = scalars.create<arith::ShRSIOp>(x[1], integer_constant(scalars, 16));
    Value step = scalars.create<arith::MulIOp>(slope, bits_of(scalars, x[0], 0, 0x7f));
    step = scalars.create<arith::AddIOp>(step, integer_constant(scalars, 64));
    step = scalars.create<arith::ShRSIOp>(step, integer_constant(scalars, 7));
    return scalars.create<arith::AddIOp>(base, step);
  });
}

Value clamped_number(ImplicitLocOpBuilder& builder, Value number, int64_t least, int64_t most) {
  Value low = builder.create<arith::MaxSIOp>(number, integer_constant(builder, least));
  return builder.create<arith::MinSIOp>(low, integer_constant(builder, most));
}

// The maximum or the sum of each row of [rows, classes], in i32: [rows, 1].
Value of_rows(OpBuilder& builder, Location location, Value numbers, bool largest) {
  const AffineMap all = builder.getMultiDimIdentityMap(2), row = all.getMajorSubMap(1);
  Value into = filled(builder, location, shape_of(numbers).take_front(), number(builder.getI32Type(), largest ? -32768 : 0));
  Value result = formula_loops(builder, location, numbers, into, {all, row}, 1,
                               [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> SmallVector<Value> {
                                 Value wide = extended(scalars, x[0], true);
                                 if (largest) return {scalars.create<arith::MaxSIOp>(x[1], wide)};
                                 return {scalars.create<arith::AddIOp>(x[1], wide)};
                               })[0];
  return reshaped(builder, location, result, {shape_of(numbers)[0], 1});
}

}  // namespace

Value word_softmax(OpBuilder& builder, Location location, Value words, double beta, const Quantized& input,
                   const Quantized& output) {
  const ArrayRef<int64_t> shape = shape_of(words);
  const auto numbers = RankedTensorType::get(shape, builder.getI32Type());
  const auto column = RankedTensorType::get({shape[0], 1}, builder.getI32Type());
  const FixedPoint point = fixed_point(static_cast<double>(input.scale()) * beta / (10.0 / 65535.0));
  Value largest = of_rows(builder, location, words, /*largest=*/true);
  Value distances =
      elementwise(builder, location, {words, largest}, numbers, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
        Value distance = scalars.create<arith::SubIOp>(widened(scalars, x[0], input), x[1]);
        Value scaled = twice(scalars, distance, point);
        return clamped_number(scalars, scalars.create<arith::AddIOp>(scaled, integer_constant(scalars, 32767)), -32768, 32767);
      });
  const auto exponential = [](double x) -> double { return std::exp(x); };
  Value powers = interpolated(builder, location, distances, interpolated_table(builder, 10.0 / 65535, 32767, exponential));
  Value sums = of_rows(builder, location, powers, /*largest=*/false);
  // The number of leading zeros of the sum, from the exponent of its value as f64; the sum is above 0, because the table
  // contains exp(0).
  const auto room = [](ImplicitLocOpBuilder& scalars, Value sum) -> Value {
    Value real = scalars.create<arith::SIToFPOp>(scalars.getF64Type(), sum);
    Value bits = scalars.create<arith::BitcastOp>(scalars.getI64Type(), real);
    Value exponent = scalars.create<arith::ShRUIOp>(bits, wide_constant(scalars, 52));
    Value narrow = scalars.create<arith::TruncIOp>(scalars.getI32Type(), exponent);
    return scalars.create<arith::SubIOp>(integer_constant(scalars, 31 + 1023), narrow);
  };
  Value reduced = elementwise(builder, location, sums, column, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
    const Type wide = scalars.getI64Type();
    Value left = scalars.create<arith::SubIOp>(room(scalars, x[0]), integer_constant(scalars, 1));
    Value shifted_sum =
        scalars.create<arith::ShLIOp>(scalars.create<arith::ExtSIOp>(wide, x[0]), scalars.create<arith::ExtUIOp>(wide, left));
    Value nudged = scalars.create<arith::AddIOp>(shifted_sum, wide_constant(scalars, 1 << 13));
    Value narrow = scalars.create<arith::ShRSIOp>(nudged, wide_constant(scalars, 14));
    Value whole = scalars.create<arith::TruncIOp>(scalars.getI32Type(), narrow);
    whole = scalars.create<arith::AddIOp>(whole, integer_constant(scalars, -((1 << 15) + (1 << 16))));
    return clamped_number(scalars, whole, -32768, 32767);
  });
  const auto reciprocal = [](double x) -> double { return 1 / (1 + x); };
  Value factors = interpolated(builder, location, reduced, interpolated_table(builder, 1.0 / 65535, -32768, reciprocal));
  return elementwise(builder, location, {powers, factors, sums}, RankedTensorType::get(shape, output.storage),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       const Type wide = scalars.getI64Type();
                       Value shift = scalars.create<arith::SubIOp>(integer_constant(scalars, 31), room(scalars, x[2]));
                       Value long_shift = scalars.create<arith::ExtUIOp>(wide, shift);
                       Value power = scalars.create<arith::ExtSIOp>(wide, x[0]),
                             factor = scalars.create<arith::ExtSIOp>(wide, x[1]);
                       return clamped_word(scalars, word_steps(scalars, power, factor, long_shift), output, {0, 32767});
                     });
}

}  // namespace fovea::dialect
