// SPDX-License-Identifier: Apache-2.0
// Convolution and dense layers of 8-bit integers: exact sums in i32, then bias, multiplier and activation.
#include <fmt/format.h>

#include <cmath>

#include "fovea/dialect/ops/convolution.h"
#include "fovea/dialect/ops/pooling.h"
#include "fovea/dialect/quantized/quantized.h"
#include "fovea/dialect/quantized/quantized_int16.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

LogicalResult check_weight(std::optional<Location> location, StringRef name, StringRef what, Value weight) {
  const Type element = element_type(weight);
  if (failed(check_eight_bits(location, name, what, element))) return failure();
  const Quantized quantized = quantization_of(element);
  const auto last = static_cast<int64_t>(shape_of(weight).size()) - 1;
  if (quantized.per_channel() && quantized.axis != last) {
    return complain(location, name,
                    what + Twine(" ") + shape_text(shape_of(weight)) + " has scales by dimension " + Twine(quantized.axis) +
                        "; they belong to its last, " + Twine(last));
  }
  const bool has_zeros = llvm::any_of(quantized.zeros, [](int64_t zero) { return zero != 0; });
  if (!quantized.is_signed && quantized.per_channel())
    return complain(location, name, what + " of u8 must have one scale; i8 may have one for each channel");
  if (quantized.is_signed && has_zeros)
    return complain(location, name, what + Twine(" of i8 must have zero point 0 (") + type_text(element) + ")");
  return success();
}

// The bias must be i32 of [channels], and its scales the product of the input's and the weight's.
LogicalResult check_bias(std::optional<Location> location, StringRef name, Value bias, const Quantized& input,
                         const Quantized& weight, int64_t channels) {
  if (shape_of(bias) != ArrayRef<int64_t>{channels}) {
    return complain(location, name,
                    "bias " + shape_text(shape_of(bias)) + " must be [" + Twine(channels) + "], one for each result channel");
  }
  if (element_type(bias).isInteger(64) && input.bits() != 16)
    return complain(location, name, "bias of 8-bit activations must be i32, not i64");
  if (!is_quantized(element_type(bias))) return success();
  const Quantized quantized = quantization_of(bias);
  if (quantized.bits() != 32 || llvm::any_of(quantized.zeros, [](int64_t zero) { return zero != 0; })) {
    return complain(location, name, "bias must be i32 with zero point 0, not " + type_text(element_type(bias)));
  }
  for (int64_t channel = 0; channel < channels; ++channel) {
    const double wanted = static_cast<double>(input.scale()) * static_cast<double>(weight.scale(channel));
    const double scale = quantized.scale(channel);
    if (std::abs(scale - wanted) <= 1e-6 * wanted) continue;
    return complain(location, name,
                    "bias scale " + fmt::format("{:g}", scale) + " of channel " + Twine(channel) +
                        " must be input scale * weight scale, " + fmt::format("{:g}", wanted) + ", within 1e-6 of it");
  }
  return success();
}

// The factors must be of 8 bits, the input with one scale, and with zero points that can be taken into the sums.
LogicalResult check_factors(std::optional<Location> location, StringRef name, Value input, Value weight, StringRef what) {
  if (failed(check_eight_bits(location, name, "input", element_type(input))) ||
      failed(check_per_tensor(location, name, "input", element_type(input))) ||
      failed(check_weight(location, name, what, weight)))
    return failure();
  return success();
}

template <typename Adaptor>
LogicalResult check_contraction(std::optional<Location> location, StringRef name, Adaptor op, Value weight, StringRef what) {
  const Type input = element_type(op.getInput());
  if (failed(check_bytes_or_words(location, name, "input", input)) ||
      failed(check_per_tensor(location, name, "input", input)) || failed(check_weight(location, name, what, weight)) ||
      failed(check_bytes_or_words(location, name, "output", op.getOutput())) ||
      failed(check_per_tensor(location, name, "output", op.getOutput())) ||
      failed(check_activation(location, name, op.getActivation())))
    return failure();
  if (op.getRounding() != "float" && op.getRounding() != "double") {
    return complain(location, name, "unknown rounding \"" + op.getRounding() + "\"; it is \"float\" or \"double\"");
  }
  const Quantized from = quantization_of(input), factor = quantization_of(weight), to = quantization_of(op.getOutput());
  if (from.bits() != to.bits())
    return complain(location, name,
                    "output " + type_text(op.getOutput()) + " and its input " + type_text(input) + " must have as many bits");
  for (float scale : factor.scales) {
    const double multiplier = static_cast<double>(from.scale()) * static_cast<double>(scale) / static_cast<double>(to.scale());
    if (failed(check_multiplier(location, name, multiplier))) return failure();
    if (from.bits() == 16 && multiplier >= 64)
      return complain(location, name,
                      "its scales multiply 16-bit integers by " + fmt::format("{:g}", multiplier) + "; less than 64 is read");
  }
  if (from.bits() == 16 && !factor.is_signed) return complain(location, name, "16-bit activations have weights of i8, not u8");
  return check_bias(location, name, op.getBias(), from, factor, shape_of(weight).back());
}

// The parts of the linalg operation of one contraction, with integers as they are stored.
struct Contraction {
  Quantized input, weight, output;
  Value filter, bias;
  Value products;    // i32, sum of x * w: [batch, outputs..., channels...]
  Value input_sums;  // i32, sum of x, of the same shape or with channels of 1; null when the weight's zero point is 0
  int64_t terms;     // how many products each sum has
  IntegerRange range;
  bool rounds_twice;
  bool wide;  // whether sums are i64, which are rounded once
};

// The sum over all dimensions except the last: [channels].
Value weight_sums(OpBuilder& builder, Location location, Value filter, bool is_signed) {
  const ArrayRef<int64_t> shape = shape_of(filter);
  const unsigned rank = shape.size();
  SmallVector<AffineExpr> read;
  for (unsigned dim = 1; dim < rank; ++dim) read.push_back(builder.getAffineDimExpr(dim));
  read.push_back(builder.getAffineDimExpr(0));
  const AffineMap write = AffineMap::get(rank, 0, builder.getAffineDimExpr(0), builder.getContext());
  Value into = filled(builder, location, shape.take_back(), number(builder.getI32Type(), 0));
  return formula_loops(builder, location, filter, into, {AffineMap::get(rank, 0, read, builder.getContext()), write}, 1,
                       [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> SmallVector<Value> {
                         return {scalars.create<arith::AddIOp>(x[1], extended(scalars, x[0], is_signed))};
                       })[0];
}

// bias - zero_x * sum of w + terms * zero_x * zero_w: the part of the zero points' contribution that depends on parameters
// alone.
Value corrected_bias(OpBuilder& builder, Location location, const Contraction& work) {
  const int64_t zero = work.input.zero();
  if (zero == 0) return work.bias;
  Value sums = weight_sums(builder, location, work.filter, work.weight.is_signed);
  return elementwise(builder, location, {work.bias, sums}, tensor_type(work.bias),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       Value product = scalars.create<arith::MulIOp>(x[1], integer_constant(scalars, zero));
                       Value bias = scalars.create<arith::SubIOp>(x[0], product);
                       if (work.weight.zero() == 0) return bias;
                       const int64_t constant = work.terms * zero * work.weight.zero();
                       return scalars.create<arith::AddIOp>(bias, integer_constant(scalars, constant));
                     });
}

// The multipliers in f32 or in fixed point, one or one for each channel of `shape`. Those in f32 are computed in XNNPACK's
// order.
SmallVector<Value> multipliers(OpBuilder& builder, Location location, const Contraction& work, ArrayRef<int64_t> shape) {
  SmallVector<float> real;
  SmallVector<int32_t> fixed, shifts;
  for (float scale : work.weight.scales) {
    real.push_back(work.input.scale() * scale / work.output.scale());
    const FixedPoint point = fixed_point(static_cast<double>(work.input.scale()) * static_cast<double>(scale) /
                                         static_cast<double>(work.output.scale()));
    fixed.push_back(point.multiplier);
    shifts.push_back(point.shift);
  }
  if (!work.rounds_twice) return {channel_constants(builder, location, ArrayRef<float>(real), shape)};
  return {channel_constants(builder, location, ArrayRef<int32_t>(fixed), shape),
          channel_constants(builder, location, ArrayRef<int32_t>(shifts), shape)};
}

// The result of wide sums.
Value finished_words(OpBuilder& builder, Location location, const Contraction& work, ArrayRef<int64_t> channels) {
  SmallVector<double> real;
  for (float scale : work.weight.scales)
    real.push_back(static_cast<double>(work.input.scale()) * static_cast<double>(scale) /
                   static_cast<double>(work.output.scale()));
  const WordMultipliers factors = word_multipliers(builder, location, real, channels);
  const SmallVector<Value> operands{work.products, reshaped(builder, location, work.bias, channels), factors.multipliers,
                                    factors.shifts};
  const auto type = RankedTensorType::get(shape_of(work.products), work.output.storage);
  return elementwise(builder, location, operands, type, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
    Value sum = scalars.create<arith::AddIOp>(x[0], x[1]);
    return clamped_word(scalars, word_steps(scalars, sum, x[2], x[3]), work.output, work.range);
  });
}

// The result, with the shape of the products; the last dimensions, of shape `channels`, are the channels.
Value finished(OpBuilder& builder, Location location, const Contraction& work, ArrayRef<int64_t> channels) {
  if (work.wide) return finished_words(builder, location, work, channels);
  SmallVector<Value> operands{work.products, reshaped(builder, location, corrected_bias(builder, location, work), channels)};
  llvm::append_range(operands, multipliers(builder, location, work, channels));
  if (work.input_sums) operands.push_back(work.input_sums);
  const auto type = RankedTensorType::get(shape_of(work.products), work.output.storage);
  return elementwise(builder, location, operands, type, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
    Value sum = scalars.create<arith::AddIOp>(x[0], x[1]);
    if (work.input_sums) {
      Value zero = integer_constant(scalars, work.weight.zero());
      sum = scalars.create<arith::SubIOp>(sum, scalars.create<arith::MulIOp>(x.back(), zero));
    }
    if (!work.rounds_twice)
      return rounded_to(scalars, scalars.create<arith::MulFOp>(to_float(scalars, sum), x[2]), work.output, work.range);
    Value steps = twice_rounded(scalars, sum, x[2], x[3]);
    Value integer = scalars.create<arith::AddIOp>(steps, integer_constant(scalars, work.output.zero()));
    return clamped_to(scalars, integer, work.output, work.range);
  });
}

// The sum itself in i32, as in `finished` before it is multiplied.
Value summed(OpBuilder& builder, Location location, const Contraction& work, ArrayRef<int64_t> channels) {
  if (work.input.zero() == 0 && !work.input_sums) return work.products;
  SmallVector<Value> operands{work.products, reshaped(builder, location, corrected_bias(builder, location, work), channels)};
  if (work.input_sums) operands.push_back(work.input_sums);
  return elementwise(builder, location, operands, tensor_type(work.products),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                       Value sum = scalars.create<arith::AddIOp>(x[0], x[1]);
                       if (!work.input_sums) return sum;
                       Value zero = integer_constant(scalars, work.weight.zero());
                       return scalars.create<arith::SubIOp>(sum, scalars.create<arith::MulIOp>(x.back(), zero));
                     });
}

// The contraction of an operator whose result is the sum, without bias or output type.
Contraction plain_contraction(OpBuilder& builder, Location location, Value input, Value weight) {
  const SmallVector<int64_t> channels(shape_of(weight).take_back());
  return {.input = quantization_of(input),
          .weight = quantization_of(weight),
          .output = {},
          .filter = stored(builder, location, weight),
          .bias = filled(builder, location, channels, number(builder.getI32Type(), 0)),
          .products = {},
          .input_sums = {},
          .terms = tensor_type(weight).getNumElements() / shape_of(weight).back(),
          .range = {},
          .rounds_twice = false,
          .wide = false};
}

template <typename Op>
Contraction contraction_of(OpBuilder& builder, Op op, Value weight) {
  Contraction work{.input = quantization_of(op.getInput()),
                   .weight = quantization_of(weight),
                   .output = quantization_of(op.getOutput()),
                   .filter = stored(builder, op.getLoc(), weight),
                   .bias = stored(builder, op.getLoc(), op.getBias()),
                   .terms = tensor_type(weight).getNumElements() / shape_of(weight).back(),
                   .rounds_twice = op.getRounding() == "double" || is_word(op.getInput()),
                   .wide = element_type(op.getBias()).isInteger(64)};
  work.range = activation_range(op.getActivation(), work.output);
  return work;
}

Signs signs_of(const Contraction& work) {
  return {.lhs = work.input.is_signed, .rhs = work.weight.is_signed, .wide = work.wide};
}

// The sum of x over each window and its channels, [batch, outputs..., (groups), 1 or nothing], which broadcasts to the
// products.
Value convolved_sums(OpBuilder& builder, Location location, const Convolution& conv, const Contraction& work, Value image) {
  const bool one_cell = has_one_cell(conv.window);
  image = split_image(builder, location, image, conv, conv.in, conv.loops_in());
  // The stride is applied before the sum, because a kernel reads the operand of a sum through a slice.
  if (one_cell) image = strided_cells(builder, location, image, conv.window);
  image = channel_sums(builder, location, image, work.input.is_signed);
  const int64_t outside = work.input.zero() * conv.in;
  SmallVector<int64_t> shape(shape_of(image));
  if (!conv.grouped()) shape.push_back(1);
  image = reshaped(builder, location, image, shape);
  Value sums = one_cell ? image : window_sums(builder, location, image, conv.window, outside, work.input.is_signed);
  if (!conv.grouped() || !conv.loops_out()) return sums;
  SmallVector<int64_t> with_channels(shape_of(sums));
  with_channels.push_back(1);
  return reshaped(builder, location, sums, with_channels);
}

}  // namespace

// quantized_conv

LogicalResult QuantizedConvOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  if (failed(check_image_rank(location, name, op.getInput(), op.getFilter()))) return failure();
  const auto conv =
      resolve_convolution(location, name, shape_of(op.getInput()), shape_of(op.getFilter()),
                          static_cast<int64_t>(op.getGroups()), {{}, op.getStrides(), op.getDilations(), op.getPaddingAttr()});
  if (failed(conv) || failed(check_contraction(location, name, op, op.getFilter(), "filter"))) return failure();
  SmallVector<int64_t> shape{conv->batch};
  shape.append(output_size(conv->window));
  shape.push_back(shape_of(op.getFilter()).back());
  types.push_back(RankedTensorType::get(shape, op.getOutput()));
  return success();
}

namespace {

template <typename Op>
Convolution convolution_of(Op op) {
  return *resolve_convolution(std::nullopt, op.getOperationName(), shape_of(op.getInput()), shape_of(op.getFilter()),
                              static_cast<int64_t>(op.getGroups()),
                              {{}, op.getStrides(), op.getDilations(), op.getPaddingAttr()});
}

// The products, and the sums of the input that have to be subtracted from them.
void convolve(OpBuilder& builder, Location location, Value input, const Convolution& conv, Contraction& work) {
  Value image = stored(builder, location, input);
  // When a channel of the image meets only one filter, subtracting the zero point from the filter costs less than a sum over
  // each window.
  const bool centered = !conv.loops_in();
  Signs signs = signs_of(work);
  if (centered) signs.rhs_zero = work.weight.zero();
  work.products =
      convolution_formula(builder, location, conv, image, work.filter, stored_number(element_type(input), 0), signs);
  if (work.weight.zero() != 0 && !centered) work.input_sums = convolved_sums(builder, location, conv, work, image);
}

}  // namespace

void QuantizedConvOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  const Convolution conv = convolution_of(*this);
  Contraction work = contraction_of(builder, *this, getFilter());
  convolve(builder, location, getInput(), conv, work);
  const ArrayRef<int64_t> channels = shape_of(work.products).drop_front(1 + conv.spatial());
  results[0] =
      reshaped(builder, location, finished(builder, location, work, SmallVector<int64_t>(channels)), shape_of(getResult()));
}

// integer_conv

LogicalResult IntegerConvOp::inferReturnTypes(MLIRContext* context, std::optional<Location> location, Adaptor op,
                                              SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  if (failed(check_image_rank(location, name, op.getInput(), op.getFilter()))) return failure();
  const auto conv =
      resolve_convolution(location, name, shape_of(op.getInput()), shape_of(op.getFilter()),
                          static_cast<int64_t>(op.getGroups()), {{}, op.getStrides(), op.getDilations(), op.getPaddingAttr()});
  if (failed(conv) || failed(check_factors(location, name, op.getInput(), op.getFilter(), "filter"))) return failure();
  SmallVector<int64_t> shape{conv->batch};
  shape.append(output_size(conv->window));
  shape.push_back(shape_of(op.getFilter()).back());
  types.push_back(RankedTensorType::get(shape, IntegerType::get(context, 32)));
  return success();
}

void IntegerConvOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  const Convolution conv = convolution_of(*this);
  Contraction work = plain_contraction(builder, location, getInput(), getFilter());
  convolve(builder, location, getInput(), conv, work);
  const ArrayRef<int64_t> channels = shape_of(work.products).drop_front(1 + conv.spatial());
  results[0] =
      reshaped(builder, location, summed(builder, location, work, SmallVector<int64_t>(channels)), shape_of(getResult()));
}

// quantized_dense

LogicalResult QuantizedDenseOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                 SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> input = shape_of(op.getInput()), weight = shape_of(op.getWeight());
  if (input.size() != 2 || weight.size() != 2 || weight[0] != input[1]) {
    return complain(location, getOperationName(),
                    "input " + shape_text(input) + " must be [batch, in] and weight " + shape_text(weight) + " [in, out]");
  }
  if (failed(check_contraction(location, getOperationName(), op, op.getWeight(), "weight"))) return failure();
  types.push_back(RankedTensorType::get({input[0], weight[1]}, op.getOutput()));
  return success();
}

namespace {

void multiply(OpBuilder& builder, Location location, Value given, ArrayRef<int64_t> shape, Contraction& work) {
  Value input = stored(builder, location, given);
  AffineExpr m, n, k;
  bindDims(builder.getContext(), m, n, k);
  const auto map = [&](AffineExpr row, AffineExpr column) { return AffineMap::get(3, 0, {row, column}, builder.getContext()); };
  work.products =
      contraction(builder, location, input, work.filter, shape, {map(m, k), map(k, n), map(m, n)}, 2, signs_of(work));
  if (work.weight.zero() == 0) return;
  Value sums = channel_sums(builder, location, input, work.input.is_signed);
  work.input_sums = reshaped(builder, location, sums, {shape_of(input)[0], 1});
}

}  // namespace

void QuantizedDenseOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Contraction work = contraction_of(builder, *this, getWeight());
  if (work.wide && work.weight.per_channel()) {  // TensorFlow Lite keeps 32 bits of these sums and rounds twice
    work.wide = false;
    work.bias = elementwise(builder, getLoc(), work.bias, RankedTensorType::get(shape_of(work.bias), builder.getI32Type()),
                            [](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                              return scalars.create<arith::TruncIOp>(scalars.getI32Type(), x[0]);
                            });
  }
  multiply(builder, getLoc(), getInput(), shape_of(getResult()), work);
  results[0] = finished(builder, getLoc(), work, shape_of(getResult()).take_back());
}

// integer_dense

LogicalResult IntegerDenseOp::inferReturnTypes(MLIRContext* context, std::optional<Location> location, Adaptor op,
                                               SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> input = shape_of(op.getInput()), weight = shape_of(op.getWeight());
  if (input.size() != 2 || weight.size() != 2 || weight[0] != input[1]) {
    return complain(location, getOperationName(),
                    "input " + shape_text(input) + " must be [batch, in] and weight " + shape_text(weight) + " [in, out]");
  }
  if (failed(check_factors(location, getOperationName(), op.getInput(), op.getWeight(), "weight"))) return failure();
  types.push_back(RankedTensorType::get({input[0], weight[1]}, IntegerType::get(context, 32)));
  return success();
}

void IntegerDenseOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Contraction work = plain_contraction(builder, getLoc(), getInput(), getWeight());
  multiply(builder, getLoc(), getInput(), shape_of(getResult()), work);
  results[0] = summed(builder, getLoc(), work, shape_of(getResult()).take_back());
}

}  // namespace fovea::dialect
