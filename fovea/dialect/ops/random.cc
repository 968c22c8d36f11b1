// SPDX-License-Identifier: Apache-2.0
// Random numbers, and the noise layers made of them. The linalg operation contains Philox itself, so that a kernel draws the
// numbers where it needs them.
#include <cmath>

#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

Value word(ImplicitLocOpBuilder& builder, int64_t value) {
  return builder.create<arith::ConstantOp>(builder.getI32IntegerAttr(static_cast<int32_t>(static_cast<uint32_t>(value))));
}

struct Product {
  Value low, high;
};

Product multiply(ImplicitLocOpBuilder& builder, Value value, uint32_t factor) {
  const Type wide = builder.getI64Type(), narrow = builder.getI32Type();
  Value left = builder.create<arith::ExtUIOp>(wide, value);
  Value right = builder.create<arith::ConstantOp>(builder.getI64IntegerAttr(factor));
  Value product = builder.create<arith::MulIOp>(left, right);
  Value thirty_two = builder.create<arith::ConstantOp>(builder.getI64IntegerAttr(32));
  Value high = builder.create<arith::ShRUIOp>(product, thirty_two);
  return {builder.create<arith::TruncIOp>(narrow, product), builder.create<arith::TruncIOp>(narrow, high)};
}

// philox({position, step, stream, 0}, {seed, 0})[0] as in fovea/core/random.h, with the same names.
Value philox_word(ImplicitLocOpBuilder& builder, Value position, Value step, int64_t stream, Value seed) {
  Value counter[4] = {position, step, word(builder, stream), word(builder, 0)};
  Value key[2] = {seed, word(builder, 0)};
  const auto exclusive_or = [&](Value a, Value b, Value c) -> Value {
    return builder.create<arith::XOrIOp>(builder.create<arith::XOrIOp>(a, b), c);
  };
  for (int round = 0; round < 10; ++round) {
    const Product first = multiply(builder, counter[0], 0xD2511F53), second = multiply(builder, counter[2], 0xCD9E8D57);
    counter[0] = exclusive_or(second.high, counter[1], key[0]);
    counter[1] = second.low;
    counter[2] = exclusive_or(first.high, counter[3], key[1]);
    counter[3] = first.low;
    key[0] = builder.create<arith::AddIOp>(key[0], word(builder, 0x9E3779B9));
    key[1] = builder.create<arith::AddIOp>(key[1], word(builder, 0xBB67AE85));
  }
  return counter[0];
}

// The upper 24 bits, which an f32 holds exactly.
Value upper_bits(ImplicitLocOpBuilder& builder, Value bits) { return builder.create<arith::ShRUIOp>(bits, word(builder, 8)); }

// The row-major position in `shape` of the loops' element.
Value row_major_position(ImplicitLocOpBuilder& builder, ArrayRef<int64_t> shape) {
  Value position = word(builder, 0);
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    Value index = builder.create<arith::IndexCastOp>(builder.getI32Type(), builder.create<linalg::IndexOp>(dim));
    position = builder.create<arith::AddIOp>(builder.create<arith::MulIOp>(position, word(builder, shape[dim])), index);
  }
  return position;
}

LogicalResult check_scalar(std::optional<Location> location, StringRef name, StringRef what, Value value) {
  if (shape_of(value).empty()) return success();
  return complain(location, name, what + " " + shape_text(shape_of(value)) + " must be a scalar");
}

template <typename Adaptor>
LogicalResult infer_noise(std::optional<Location> location, StringRef name, Adaptor op, SmallVectorImpl<Type>& types) {
  if (failed(check_scalar(location, name, "seed", op.getSeed())) || failed(check_scalar(location, name, "step", op.getStep())))
    return failure();
  const double rate = op.getRate().convertToDouble();
  if (!(rate >= 0 && rate < 1))
    return complain(location, name, "rate " + std::to_string(rate) + " must be at least 0 and less than 1");
  if (shape_of(op.getInput()).empty()) return complain(location, name, "input must be [batch, ...], not a scalar");
  types.push_back(op.getInput().getType());
  return success();
}

// The input scaled by 1 / (1 - rate), or 0 with probability `rate`. The operands are input, seed and step.
Value kept_or_zero(ImplicitLocOpBuilder& builder, ValueRange operands, Value position, double rate, int64_t stream) {
  const Type type = operands[0].getType();
  Value bits = upper_bits(builder, philox_word(builder, position, operands[2], stream, operands[1]));
  Value kept = builder.create<arith::CmpIOp>(arith::CmpIPredicate::sge, bits, word(builder, std::llround(rate * 0x1p24)));
  Value scaled = builder.create<arith::MulFOp>(operands[0], scalar_constant(builder, type, 1 / (1 - rate)));
  return builder.create<arith::SelectOp>(kept, scaled, scalar_constant(builder, type, 0));
}

}  // namespace

// random_uniform

LogicalResult RandomUniformOp::inferReturnTypes(MLIRContext* context, std::optional<Location> location, Adaptor op,
                                                SmallVectorImpl<Type>& types) {
  if (failed(check_scalar(location, getOperationName(), "seed", op.getSeed())) ||
      failed(check_scalar(location, getOperationName(), "step", op.getStep())))
    return failure();
  if (llvm::any_of(op.getShape(), [](int64_t size) { return size < 1; }))
    return complain(location, getOperationName(),
                    "shape " + shape_text(op.getShape()) + " must be at least 1 in every dimension");
  types.push_back(RankedTensorType::get(op.getShape(), Float32Type::get(context)));
  return success();
}

void RandomUniformOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = elementwise(builder, getLoc(), {getSeed(), getStep()}, tensor_type(getOutput()),
                           [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                             Value bits = upper_bits(scalars, philox_word(scalars, row_major_position(scalars, getShape()),
                                                                          x[1], getStream(), x[0]));
                             const Type type = scalars.getF32Type();
                             return scalars.create<arith::MulFOp>(scalars.create<arith::SIToFPOp>(type, bits),
                                                                  scalar_constant(scalars, type, 0x1p-24));
                           });
}

// dropout

LogicalResult DropoutOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                          SmallVectorImpl<Type>& types) {
  return infer_noise(location, getOperationName(), op, types);
}
Value DropoutOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return kept_or_zero(builder, x, row_major_position(builder, shape_of(getInput())), getRate().convertToDouble(), getStream());
}
void DropoutOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = builder.create<DropoutOp>(getLoc(), gradients[0], getSeed(), getStep(), getRate(), getStream());
}

// drop_connect

LogicalResult DropConnectOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                              SmallVectorImpl<Type>& types) {
  return infer_noise(location, getOperationName(), op, types);
}
Value DropConnectOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return kept_or_zero(builder, x, row_major_position(builder, shape_of(getInput()).take_front()), getRate().convertToDouble(),
                      getStream());
}
void DropConnectOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = builder.create<DropConnectOp>(getLoc(), gradients[0], getSeed(), getStep(), getRate(), getStream());
}

}  // namespace fovea::dialect
