// SPDX-License-Identifier: Apache-2.0
// Means and sums of 8-bit integers, over windows and over whole dimensions.
#include "fovea/dialect/dialect.h"
#include "fovea/dialect/ops/pooling.h"
#include "fovea/dialect/quantized/quantized.h"
#include "fovea/dialect/quantized/quantized_int16.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

// Up to this many cells, sums of 8-bit integers are exact in f32 and their quotients round as the exact ones do.
constexpr int64_t most_cells = 1 << 16;

template <typename OpOrAdaptor>
FailureOr<Window> resolve_pool(std::optional<Location> location, StringRef name, OpOrAdaptor op) {
  return resolve_window(location, name, shape_of(op.getInput()),
                        {op.getWindow(), op.getStrides(), {}, op.getPaddingAttr(), /*stride_is_size=*/true, "window"});
}

// sum / count with halves away from zero: a half is added to the magnitude, then it is truncated. Sums of words are not exact
// in f32, so `count` is an integer for them.
Value rounded_quotient(ImplicitLocOpBuilder& builder, Value sum, Value count, Value half) {
  Value negative = builder.create<arith::CmpIOp>(arith::CmpIPredicate::slt, sum, integer_constant(builder, 0));
  Value away = builder.create<arith::SelectOp>(negative, builder.create<arith::SubIOp>(sum, half),
                                               builder.create<arith::AddIOp>(sum, half));
  if (count.getType().isInteger()) return builder.create<arith::DivSIOp>(away, count);
  Value quotient = builder.create<arith::DivFOp>(to_float(builder, away), count);
  return builder.create<arith::FPToSIOp>(builder.getI32Type(), quotient);
}

}  // namespace

LogicalResult QuantizedAveragePoolOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                       SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  const Type element = element_type(op.getInput());
  if (failed(check_bytes_or_words(location, name, "input", element)) ||
      failed(check_per_tensor(location, name, "input", element)) ||
      failed(check_activation(location, name, op.getActivation())) || failed(check_rounding(location, name, op.getRounding())))
    return failure();
  const bool onnx = op.getRounding() == "onnx";
  if (onnx && is_word(element)) return complain(location, name, "16-bit integers are not rounded by ONNX's rule");
  if (!onnx && (op.getCountPadding() || (op.getOutput() && *op.getOutput() != element)))
    return complain(location, name, "the element type stays and padding is not counted, but with rounding \"onnx\"");
  if (op.getOutput() && failed(check_output(location, name, *op.getOutput(), element, op.getRounding()))) return failure();
  const auto window = resolve_pool(location, name, op);
  if (failed(window)) return failure();
  int64_t cells = 1;
  for (const WindowDim& dim : *window) cells *= dim.size;
  if (cells > most_cells) {
    return complain(location, name,
                    "window " + size_text(op.getWindow()) + " has " + Twine(cells) + " cells; " + Twine(most_cells) +
                        " are the most that integers are averaged over");
  }
  SmallVector<int64_t> shape{shape_of(op.getInput()).front()};
  shape.append(output_size(*window));
  shape.push_back(shape_of(op.getInput()).back());
  types.push_back(RankedTensorType::get(shape, op.getOutput() ? *op.getOutput() : element));
  return success();
}

namespace {

// The mean of the real numbers of each window, summed in f32 in sequential order; the output's zero point is added before
// rounding.
Value real_average(OpBuilder& builder, QuantizedAveragePoolOp op, const Window& window) {
  const Location location = op.getLoc();
  const Quantized input = quantization_of(op.getInput()), output = quantization_of(element_type(op.getResult()));
  Value image = stored(builder, location, op.getInput());
  const bool one_cell = has_one_cell(window);
  if (one_cell) image = strided_cells(builder, location, image, window);
  Value reals = elementwise(builder, location, image, RankedTensorType::get(shape_of(image), builder.getF32Type()),
                            [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                              Value number = to_float(scalars, centered(scalars, x[0], input));
                              return rounded_product(scalars, number, real_constant(scalars, input.scale()));
                            });
  Value sum = one_cell ? reals : window_sums(builder, location, reals, window, 0);
  auto [counts, shape] = window_counts(window, op.getCountPadding());
  if (!shape.empty()) shape.push_back(1);
  const SmallVector<float> divisors(counts.begin(), counts.end());
  const SmallVector<Value> operands{sum, channel_constants(builder, location, ArrayRef<float>(divisors), shape)};
  return elementwise(builder, location, operands, storage_type(tensor_type(op.getResult())),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       Value mean = scalars.create<arith::DivFOp>(x[0], x[1]);
                       Value steps = scalars.create<arith::DivFOp>(mean, real_constant(scalars, output.scale()));
                       Value number = real_constant(scalars, static_cast<float>(output.zero()));
                       Quantized whole = output;  // the zero point is already in the number
                       whole.zeros = {0};
                       return rounded_to(scalars, scalars.create<arith::AddFOp>(steps, number), whole,
                                         activation_range(op.getActivation(), output));
                     });
}

}  // namespace

void QuantizedAveragePoolOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  if (getRounding() == "onnx") {
    results[0] = real_average(builder, *this, *resolve_pool(std::nullopt, getOperationName(), *this));
    return;
  }
  const Window window = *resolve_pool(std::nullopt, getOperationName(), *this);
  const Quantized type = quantization_of(getInput());
  Value image = stored(builder, location, getInput());
  Value sum = has_one_cell(window)
                  ? as_integers(builder, location, strided_cells(builder, location, image, window), type.is_signed)
                  : window_sums(builder, location, image, window, 0, type.is_signed);
  auto [counts, shape] = window_counts(window, /*all=*/false);
  if (!shape.empty()) shape.push_back(1);
  const SmallVector<float> divisors(counts.begin(), counts.end());
  SmallVector<int32_t> halves;
  for (int64_t count : counts) halves.push_back(static_cast<int32_t>(count / 2));
  const SmallVector<int32_t> numbers(counts.begin(), counts.end());
  const SmallVector<Value> operands{sum,
                                    type.bits() == 16 ? channel_constants(builder, location, ArrayRef<int32_t>(numbers), shape)
                                                      : channel_constants(builder, location, ArrayRef<float>(divisors), shape),
                                    channel_constants(builder, location, ArrayRef<int32_t>(halves), shape)};
  results[0] = elementwise(builder, location, operands, storage_type(tensor_type(getResult())),
                           [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                             return clamped_to(scalars, rounded_quotient(scalars, x[0], x[1], x[2]), type,
                                               activation_range(getActivation(), type));
                           });
}

namespace {

template <typename Adaptor>
LogicalResult infer_integer_reduction(std::optional<Location> location, StringRef name, Adaptor op,
                                      SmallVectorImpl<Type>& types, StringRef rounding = "litert") {
  const Type element = element_type(op.getInput());
  if (failed(check_bytes_or_words(location, name, "input", element)) ||
      failed(check_per_tensor(location, name, "input", element)) ||
      failed(check_output(location, name, op.getOutput(), element, rounding)))
    return failure();
  const double scale = quantization_of(op.getInput()).scale();
  if (rounding == "litert" &&
      failed(check_multiplier(location, name, scale / static_cast<double>(quantization_of(op.getOutput()).scale()))))
    return failure();
  if (failed(infer_reduction(location, name, op.getInput(), op.getDims(), op.getKeepDims(), types))) return failure();
  types.back() = RankedTensorType::get(cast<RankedTensorType>(types.back()).getShape(), op.getOutput());
  return success();
}

// The reduction of words, in fixed point that rounds twice. For a mean, the multiplier is divided by the count, as far as its
// bits allow.
Value word_reduction(OpBuilder& builder, Location location, Value sum, const Quantized& input, const Quantized& output,
                     int64_t count) {
  FixedPoint point = fixed_point(static_cast<double>(input.scale()) / static_cast<double>(output.scale()));
  const int shift =
      std::clamp<int>(static_cast<int>(llvm::Log2_64(static_cast<uint64_t>(count))), 0, std::min(32, 31 + point.shift));
  point = {static_cast<int32_t>((int64_t{point.multiplier} << shift) / count), point.shift - shift};
  return elementwise(builder, location, sum, RankedTensorType::get(shape_of(sum), output.storage),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       Value steps = twice_rounded(scalars, x[0], integer_constant(scalars, point.multiplier),
                                                   integer_constant(scalars, point.shift));
                       return clamped_to(scalars, steps, output, {output.least(), output.most()});
                     });
}

// round(sum * multiplier + zero); for a mean, the multiplier is divided by the count.
template <typename Op>
Value reduction_formula(OpBuilder& builder, Op op, bool mean) {
  const Location location = op.getLoc();
  const Quantized input = quantization_of(op.getInput()), output = quantization_of(op.getOutput());
  int64_t count = 1;
  for (int64_t dim : op.getDims()) count *= shape_of(op.getInput())[dim];
  Value integers = as_integers(builder, location, stored(builder, location, op.getInput()), input.is_signed);
  Value sum = builder.create<ReduceSumOp>(location, integers, op.getDims(), op.getKeepDims());
  if (input.bits() == 16) return word_reduction(builder, location, sum, input, output, mean ? count : 1);
  // Both zero points are added as one real number before the only rounding.
  const float ratio = input.scale() / output.scale();
  const float multiplier = mean ? ratio * (1.0F / static_cast<float>(count)) : ratio;
  const float offset = static_cast<float>(count * input.zero()) * multiplier;
  const float zero = static_cast<float>(output.zero()) - offset;
  return elementwise(builder, location, sum, storage_type(tensor_type(op.getResult())),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       Value product = rounded_product(scalars, to_float(scalars, x[0]), real_constant(scalars, multiplier));
                       Value steps = scalars.create<arith::AddFOp>(product, real_constant(scalars, zero));
                       Quantized whole = output;  // the zero point is already in `steps`
                       whole.zeros = {0};
                       return rounded_to(scalars, steps, whole, {output.least(), output.most()});
                     });
}

// The exact sum with the zero points subtracted, times one f32 number.
Value centered_mean(OpBuilder& builder, QuantizedMeanOp op) {
  const Location location = op.getLoc();
  const Quantized input = quantization_of(op.getInput()), output = quantization_of(op.getOutput());
  int64_t count = 1;
  for (int64_t dim : op.getDims()) count *= shape_of(op.getInput())[dim];
  Value integers = as_integers(builder, location, stored(builder, location, op.getInput()), input.is_signed);
  Value sum = builder.create<ReduceSumOp>(location, integers, op.getDims(), op.getKeepDims());
  const float multiplier = input.scale() / (output.scale() * static_cast<float>(count));
  return elementwise(builder, location, sum, storage_type(tensor_type(op.getResult())),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       Value center = scalars.create<arith::SubIOp>(x[0], integer_constant(scalars, count * input.zero()));
                       Value steps =
                           scalars.create<arith::MulFOp>(to_float(scalars, center), real_constant(scalars, multiplier));
                       return rounded_to(scalars, steps, output, {output.least(), output.most()});
                     });
}

}  // namespace

LogicalResult QuantizedMeanOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                SmallVectorImpl<Type>& types) {
  return infer_integer_reduction(location, getOperationName(), op, types, op.getRounding());
}
void QuantizedMeanOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = getRounding() == "onnx" ? centered_mean(builder, *this) : reduction_formula(builder, *this, /*mean=*/true);
}

LogicalResult QuantizedSumOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                               SmallVectorImpl<Type>& types) {
  return infer_integer_reduction(location, getOperationName(), op, types);
}
void QuantizedSumOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = reduction_formula(builder, *this, /*mean=*/false);
}

}  // namespace fovea::dialect
