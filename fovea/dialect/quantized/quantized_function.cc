// SPDX-License-Identifier: Apache-2.0
// Functions of 8-bit integers by tables that are computed when the linalg operation is built, and softmax.
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "fovea/dialect/ops/lookup.h"
#include "fovea/dialect/ops/pooling.h"
#include "fovea/dialect/quantized/quantized.h"
#include "fovea/dialect/quantized/quantized_int16.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

constexpr std::array function_names = {"relu", "relu6", "relu_n1_to_1", "leaky_relu", "sigmoid",      "tanh",
                                       "elu",  "exp",   "hard_swish",   "swish",      "hard_sigmoid", "gelu"};

// Computed in the floating-point widths of XNNPACK's reference functions, from which LiteRT makes its tables.
float real_function(StringRef function, float x) {
  const auto wide = static_cast<double>(x);
  if (function == "sigmoid") return static_cast<float>(1 / (1 + std::exp(-wide)));
  if (function == "tanh") return std::tanh(x);
  if (function == "hard_swish") return x / 6 * std::clamp(x + 3, 0.0F, 6.0F);
  if (function == "hard_sigmoid") return std::clamp(x + 3, 0.0F, 6.0F) / 6;
  if (function == "swish") return static_cast<float>(wide / (1 + std::exp(-wide)));
  if (function == "elu") return x < 0 ? std::expm1(x) : x;
  if (function == "exp") return std::exp(x);
  return static_cast<float>(wide / 2 * (1 + std::erf(wide * std::numbers::sqrt2 / 2)));  // gelu
}

// A function on real numbers, including those of `activation_range` and those with a slope.
float any_function(StringRef function, float x, float alpha) {
  if (function == "relu") return std::max(x, 0.0F);
  if (function == "relu6") return std::clamp(x, 0.0F, 6.0F);
  if (function == "relu_n1_to_1") return std::clamp(x, -1.0F, 1.0F);
  if (function == "leaky_relu") return x >= 0 ? x : alpha * x;
  return real_function(function, x);
}

using Integers = std::array<int32_t, 256>;  // indexed by q minus the least input integer

// ONNX's rule: the real number is divided by the scale and rounded once, then the zero point is added.
Integers divided_table(StringRef function, float alpha, const Quantized& input, const Quantized& output) {
  Integers table;
  for (int64_t entry = 0; entry < 256; ++entry) {
    const float x = static_cast<float>(input.least() + entry - input.zero()) * input.scale();
    const float steps = any_function(function, x, alpha) / output.scale();
    const auto least = static_cast<float>(output.least() - output.zero()),
               most = static_cast<float>(output.most() - output.zero());
    table[entry] = static_cast<int32_t>(std::lrint(std::clamp(steps, least, most)) + output.zero());
  }
  return table;
}

Integers table_of(StringRef function, const Quantized& input, const Quantized& output) {
  Integers table;
  const float reciprocal = 1 / output.scale();
  for (int64_t entry = 0; entry < 256; ++entry) {
    const float x = static_cast<float>(input.least() + entry - input.zero()) * input.scale();
    const float steps = real_function(function, x) * reciprocal + static_cast<float>(output.zero());
    const float bounded = std::clamp(steps, static_cast<float>(output.least()), static_cast<float>(output.most()));
    table[entry] = static_cast<int32_t>(std::lrint(bounded));
  }
  return table;
}

// Fixed point, rounded twice, as in TensorFlow Lite's own kernel.
Integers relu_table(StringRef function, const Quantized& input, const Quantized& output) {
  Integers table;
  const IntegerRange range = activation_range(function, output);
  const FixedPoint ratio = fixed_point(static_cast<double>(input.scale()) / static_cast<double>(output.scale()));
  for (int64_t entry = 0; entry < 256; ++entry) {
    const auto center = static_cast<int32_t>(input.least() + entry - input.zero());
    table[entry] = static_cast<int32_t>(std::clamp(twice_rounded(center, ratio) + output.zero(), range.least, range.most));
  }
  return table;
}

// Fixed point with 8 fractional bits, as in XNNPACK's own kernel.
Integers leaky_relu_table(float alpha, const Quantized& input, const Quantized& output) {
  Integers table;
  const float ratio = input.scale() / output.scale();
  const long positive = std::lrint(256 * ratio), negative = std::lrint(256 * (ratio * alpha));
  for (int64_t entry = 0; entry < 256; ++entry) {
    const int64_t center = input.least() + entry - input.zero();
    const int64_t steps = (center * (center < 0 ? negative : positive) + 128) >> 8;
    table[entry] = static_cast<int32_t>(std::clamp(steps + output.zero(), output.least(), output.most()));
  }
  return table;
}

// Whether the table is clamp(q + step), which is what relu becomes between equal scales.
bool is_clamp(const Integers& table, const Quantized& input, int64_t step) {
  for (int64_t entry = 0; entry < 256; ++entry) {
    const int64_t moved = input.least() + entry + step;
    if (table[entry] != std::clamp<int64_t>(moved, table.front(), table.back())) return false;
  }
  return true;
}

// The table in the order of the stored integers read as unsigned numbers.
DenseElementsAttr stored_table(const Integers& table, const Quantized& input, Type storage) {
  SmallVector<int8_t> bytes;
  for (int64_t pattern = 0; pattern < 256; ++pattern) {
    const int64_t q = input.is_signed && pattern > 127 ? pattern - 256 : pattern;
    bytes.push_back(static_cast<int8_t>(table[q - input.least()]));
  }
  return DenseElementsAttr::get(RankedTensorType::get({256}, storage), ArrayRef<int8_t>(bytes));
}

}  // namespace

LogicalResult QuantizedActivationOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                      SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  const Type input = element_type(op.getInput()), output = op.getOutput();
  if (failed(check_bytes_or_words(location, name, "input", input)) ||
      failed(check_per_tensor(location, name, "input", input)) ||
      failed(check_output(location, name, output, input, op.getRounding())))
    return failure();
  if (!llvm::is_contained(function_names, op.getFunction())) {
    std::string known = llvm::join(function_names, ", ");
    return complain(location, name, "unknown function \"" + op.getFunction() + "\"; there are " + known);
  }
  types.push_back(RankedTensorType::get(shape_of(op.getInput()), output));
  if (is_word(input)) return check_word_function(location, name, op.getFunction(), input, output);
  if (op.getRounding() == "onnx") return success();
  const Quantized type = quantization_of(output);
  const double ratio = static_cast<double>(quantization_of(input).scale()) / static_cast<double>(type.scale());
  // The other functions are computed in real numbers and have no multiplier.
  const bool multiplies = op.getFunction().starts_with("relu") || op.getFunction() == "leaky_relu";
  if (multiplies && failed(check_multiplier(location, name, ratio))) return failure();
  if (op.getFunction() == "sigmoid" && failed(check_prescribed(location, name, output, 1.0F / 256, type.least())))
    return failure();
  if (op.getFunction() == "tanh" && failed(check_prescribed(location, name, output, 1.0F / 128, type.least() + 128)))
    return failure();
  return success();
}

void QuantizedActivationOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Quantized input = quantization_of(getInput()), output = quantization_of(getOutput());
  const auto alpha = static_cast<float>(getAlpha().convertToDouble());
  if (input.bits() == 16) {
    results[0] = word_function(builder, getLoc(), stored(builder, getLoc(), getInput()), getFunction(), alpha, input, output);
    return;
  }
  const Integers table = getRounding() == "onnx"             ? divided_table(getFunction(), alpha, input, output)
                         : getFunction() == "leaky_relu"     ? leaky_relu_table(alpha, input, output)
                         : getFunction().starts_with("relu") ? relu_table(getFunction(), input, output)
                                                             : table_of(getFunction(), input, output);
  Value integers = stored(builder, getLoc(), getInput());
  const int64_t step = output.zero() - input.zero();
  // The table is looked up when the output's integers have another sign than the input's or when it is not a clamp.
  if (input.is_signed != output.is_signed || !is_clamp(table, input, step)) {
    results[0] = looked_up(builder, getLoc(), integers, stored_table(table, input, output.storage));
    return;
  }
  const IntegerRange range{table.front(), table.back()};
  results[0] = elementwise(builder, getLoc(), integers, storage_type(tensor_type(getResult())),
                           [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                             Value wide = widened(scalars, x[0], input);
                             if (step != 0) wide = scalars.create<arith::AddIOp>(wide, integer_constant(scalars, step));
                             return clamped_to(scalars, wide, output, range);
                           });
}

// quantized_softmax

LogicalResult QuantizedSoftmaxOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                   SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  const Type input = element_type(op.getInput()), output = op.getOutput();
  if (failed(check_bytes_or_words(location, name, "input", input)) ||
      failed(check_per_tensor(location, name, "input", input)) ||
      failed(check_output(location, name, output, input, op.getRounding())))
    return failure();
  const bool words = is_word(input);
  if (op.getRounding() == "litert" && failed(check_prescribed(location, name, output, words ? 0x1p-15F : 1.0F / 256,
                                                              words ? 0 : quantization_of(output).least())))
    return failure();
  const double scale = static_cast<double>(quantization_of(input).scale()) * op.getBeta().convertToDouble();
  if (failed(check_multiplier(location, name, scale))) return failure();
  if (shape_of(op.getInput()).empty()) return complain(location, name, "a scalar has no last dimension");
  types.push_back(RankedTensorType::get(shape_of(op.getInput()), output));
  return success();
}

namespace {

// The largest integer of each row of [rows, classes].
Value row_maxima(OpBuilder& builder, Location location, Value integers, const Quantized& type) {
  const AffineMap all = builder.getMultiDimIdentityMap(2), row = all.getMajorSubMap(1);
  const Type wide = builder.getI32Type();
  const auto least = static_cast<double>(type.least());
  Value into = filled(builder, location, shape_of(integers).take_front(), number(wide, least));
  return formula_loops(builder, location, integers, into, {all, row}, 1,
                       [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> SmallVector<Value> {
                         return {scalars.create<arith::MaxSIOp>(x[1], widened(scalars, x[0], type))};
                       })[0];
}

// exp(-scale * distance) for distances of 0 to 255.
DenseElementsAttr exponentials(OpBuilder& builder, float scale) {
  SmallVector<float> values;
  for (int distance = 0; distance < 256; ++distance) values.push_back(std::exp(-scale * static_cast<float>(distance)));
  return DenseElementsAttr::get(RankedTensorType::get({256}, builder.getF32Type()), ArrayRef<float>(values));
}

// exp(scale * (most - distance)), where `most` is the largest exponent for which the sum of `classes` terms fits f32.
DenseElementsAttr raised_exponentials(OpBuilder& builder, float scale, int64_t classes) {
  const auto room = static_cast<double>(std::log(std::numeric_limits<float>::max() / static_cast<float>(classes)));
  const double most = std::max(0.0, room - 5) / static_cast<double>(scale);
  SmallVector<float> values;
  for (int distance = 0; distance < 256; ++distance)
    values.push_back(static_cast<float>(std::exp((most - distance) * static_cast<double>(scale))));
  return DenseElementsAttr::get(RankedTensorType::get({256}, builder.getF32Type()), ArrayRef<float>(values));
}

// The sum of each row in sequential order, written as one window over the row.
Value row_sums(OpBuilder& builder, Location location, Value reals) {
  const int64_t rows = shape_of(reals)[0], classes = shape_of(reals)[1];
  const WindowDim row{.size = classes, .stride = 1, .dilation = 1, .before = 0, .after = 0, .input = classes, .output = 1};
  Value image = reshaped(builder, location, reals, {rows, classes, 1});
  return reshaped(builder, location, window_sums(builder, location, image, {row}, 0), {rows, 1});
}

Value rounded_probability(ImplicitLocOpBuilder& builder, Value steps, const Quantized& output) {
  Value whole;
  if (output.is_signed) {
    whole = builder.create<math::RoundOp>(steps);
  } else {
    // A half is added to the rounded product. The maximum between the two keeps them from being fused.
    Value positive = builder.create<arith::MaximumFOp>(steps, real_constant(builder, 0));
    whole = builder.create<arith::AddFOp>(positive, real_constant(builder, 0.5F));
  }
  Value integer = builder.create<arith::FPToSIOp>(builder.getI32Type(), whole);
  integer = builder.create<arith::AddIOp>(integer, integer_constant(builder, output.zero()));
  return clamped_to(builder, integer, output, {output.least(), output.most()});
}

}  // namespace

void QuantizedSoftmaxOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  const Quantized input = quantization_of(getInput()), output = quantization_of(getOutput());
  const int64_t classes = shape_of(getInput()).back(), rows = tensor_type(getInput()).getNumElements() / classes;
  const SmallVector<int64_t> shape{rows, classes}, column{rows, 1};
  Value integers = reshaped(builder, location, stored(builder, location, getInput()), shape);
  if (input.bits() == 16) {
    Value words = word_softmax(builder, location, integers, getBeta().convertToDouble(), input, output);
    results[0] = reshaped(builder, location, words, shape_of(getResult()));
    return;
  }
  Value largest = reshaped(builder, location, row_maxima(builder, location, integers, input), column);
  const auto bytes = RankedTensorType::get(shape, builder.getI8Type());
  Value distances =
      elementwise(builder, location, {integers, largest}, bytes, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
        Value distance = scalars.create<arith::SubIOp>(x[1], widened(scalars, x[0], input));
        return scalars.create<arith::TruncIOp>(scalars.getI8Type(), distance);
      });
  const float scale = input.scale() * static_cast<float>(getBeta().convertToDouble());
  const bool onnx = getRounding() == "onnx";
  Value powers = looked_up(builder, location, distances,
                           onnx ? raised_exponentials(builder, scale, classes) : exponentials(builder, scale));
  Value sums = row_sums(builder, location, powers);
  if (onnx) {
    const float steps = std::floor(1 / output.scale());
    Value shares = elementwise(
        builder, location, {powers, sums}, RankedTensorType::get(shape, output.storage),
        [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
          Value share = scalars.create<arith::MulFOp>(x[0], real_constant(scalars, steps));
          return rounded_to(scalars, scalars.create<arith::DivFOp>(share, x[1]), output, {output.least(), output.most()});
        });
    results[0] = reshaped(builder, location, shares, shape_of(getResult()));
    return;
  }
  Value reciprocals = elementwise(builder, location, sums, tensor_type(sums), [&](ImplicitLocOpBuilder& scalars, ValueRange x) {
    Value scaled = scalars.create<arith::MulFOp>(x[0], real_constant(scalars, output.scale()));
    return scalars.create<arith::DivFOp>(real_constant(scalars, 1), scaled);
  });
  Value probabilities = elementwise(builder, location, {powers, reciprocals}, RankedTensorType::get(shape, output.storage),
                                    [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                                      Value steps = scalars.create<arith::MulFOp>(x[0], x[1]);
                                      return rounded_probability(scalars, steps, output);
                                    });
  results[0] = reshaped(builder, location, probabilities, shape_of(getResult()));
}

}  // namespace fovea::dialect
