// SPDX-License-Identifier: Apache-2.0
// Arithmetic with broadcasting: the scalar bodies and gradients. Activations are in activation.cc.
#include <cmath>
#include <limits>
#include <numbers>

#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

bool is_float(ValueRange operands) { return isa<FloatType>(operands[0].getType()); }

template <typename FloatOp, typename IntegerOp>
Value either(ImplicitLocOpBuilder& builder, ValueRange operands) {
  if (is_float(operands)) return builder.create<FloatOp>(operands[0], operands[1]);
  return builder.create<IntegerOp>(operands[0], operands[1]);
}

// Reduces a gradient with the result's shape to the shape of an operand that may have been broadcast.
Value to_operand(Arithmetic& a, Value gradient, Value operand) { return a.sum_to(gradient, shape_of(operand)); }

}  // namespace

Value AddOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return either<arith::AddFOp, arith::AddIOp>(builder, x); }
void AddOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = to_operand(a, gradients[0], getLhs());
  operands[1] = to_operand(a, gradients[0], getRhs());
}

Value SubOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return either<arith::SubFOp, arith::SubIOp>(builder, x); }
void SubOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = to_operand(a, gradients[0], getLhs());
  operands[1] = a.neg(to_operand(a, gradients[0], getRhs()));
}

Value MulOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return either<arith::MulFOp, arith::MulIOp>(builder, x); }
void MulOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = to_operand(a, a.mul(gradients[0], getRhs()), getLhs());
  operands[1] = to_operand(a, a.mul(gradients[0], getLhs()), getRhs());
}

Value DivOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return either<arith::DivFOp, arith::DivSIOp>(builder, x); }
void DivOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value quotient = a.div(gradients[0], getRhs());
  operands[0] = to_operand(a, quotient, getLhs());
  operands[1] = to_operand(a, a.neg(a.mul(quotient, getOutput())), getRhs());
}

Value MaximumOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return either<arith::MaximumFOp, arith::MaxSIOp>(builder, x);
}
void MaximumOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = to_operand(a, a.select(getLhs(), "ge", getRhs(), gradients[0], 0), getLhs());
  operands[1] = to_operand(a, a.select(getLhs(), "ge", getRhs(), 0, gradients[0]), getRhs());
}

Value MinimumOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return either<arith::MinimumFOp, arith::MinSIOp>(builder, x);
}
void MinimumOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = to_operand(a, a.select(getLhs(), "le", getRhs(), gradients[0], 0), getLhs());
  operands[1] = to_operand(a, a.select(getLhs(), "le", getRhs(), 0, gradients[0]), getRhs());
}

Value PowOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::PowFOp>(x[0], x[1]); }
void PowOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value by_base = a.mul(getRhs(), a.pow(getLhs(), a.sub(getRhs(), 1)));
  operands[0] = to_operand(a, a.mul(gradients[0], by_base), getLhs());
  Value logarithm = a.log(a.select(getLhs(), "gt", 0, getLhs(), 1));
  operands[1] = to_operand(a, a.mul(gradients[0], a.mul(getOutput(), logarithm)), getRhs());
}

// select

namespace {

struct Predicates {
  arith::CmpFPredicate floating;
  arith::CmpIPredicate integer;
};

std::optional<Predicates> predicates(StringRef comparison) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  if (comparison == "eq") return Predicates{F::OEQ, I::eq};
  if (comparison == "ne") return Predicates{F::UNE, I::ne};
  if (comparison == "lt") return Predicates{F::OLT, I::slt};
  if (comparison == "le") return Predicates{F::OLE, I::sle};
  if (comparison == "gt") return Predicates{F::OGT, I::sgt};
  if (comparison == "ge") return Predicates{F::OGE, I::sge};
  return std::nullopt;
}

}  // namespace

LogicalResult SelectOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                         SmallVectorImpl<Type>& types) {
  if (!predicates(op.getComparison())) {
    return complain(location, getOperationName(),
                    "unknown comparison \"" + op.getComparison() + "\"; it is eq, ne, lt, le, gt or ge");
  }
  SmallVector<Type> compared, chosen;
  if (failed(infer_broadcast(location, getOperationName(), op.getOperands().take_front(2), compared)) ||
      failed(infer_broadcast(location, getOperationName(), op.getOperands().drop_front(2), chosen)))
    return failure();
  const ArrayRef<int64_t> left = cast<RankedTensorType>(compared[0]).getShape(),
                          right = cast<RankedTensorType>(chosen[0]).getShape();
  const auto shape = broadcast_shapes(left, right);
  if (!shape) {
    return complain(
        location, getOperationName(),
        "the values compared, " + shape_text(left) + ", and those selected, " + shape_text(right) + ", do not broadcast");
  }
  types.push_back(with_shape(op.getOnTrue(), *shape));
  return success();
}

Value SelectOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  const Predicates predicate = *predicates(getComparison());
  Value condition = is_float(x) ? Value(builder.create<arith::CmpFOp>(predicate.floating, x[0], x[1]))
                                : Value(builder.create<arith::CmpIOp>(predicate.integer, x[0], x[1]));
  return builder.create<arith::SelectOp>(condition, x[2], x[3]);
}

void SelectOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  const auto masked = [&](Arithmetic::Term on_true, Arithmetic::Term on_false) -> Value {
    return builder.create<SelectOp>(getLoc(), getLhs(), getRhs(), a.value(on_true), a.value(on_false), getComparison());
  };
  operands[2] = to_operand(a, masked(gradients[0], 0), getOnTrue());
  operands[3] = to_operand(a, masked(0, gradients[0]), getOnFalse());
}

// cast

LogicalResult CastOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                       SmallVectorImpl<Type>& types) {
  if (!op.getDtype().isIntOrFloat())
    return complain(location, getOperationName(), "dtype must be a number type, not " + type_text(op.getDtype()));
  types.push_back(RankedTensorType::get(shape_of(op.getInput()), op.getDtype()));
  return success();
}

Value CastOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  const Type from = x[0].getType(), to = getDtype();
  if (from == to) return x[0];
  if (isa<FloatType>(from) && isa<FloatType>(to)) {
    if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth()) return builder.create<arith::ExtFOp>(to, x[0]);
    return builder.create<arith::TruncFOp>(to, x[0]);
  }
  if (isa<FloatType>(from)) return builder.create<arith::FPToSIOp>(to, x[0]);
  if (isa<FloatType>(to)) return builder.create<arith::SIToFPOp>(to, x[0]);
  if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth()) return builder.create<arith::ExtSIOp>(to, x[0]);
  return builder.create<arith::TruncIOp>(to, x[0]);
}

void CastOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  if (!isa<FloatType>(element_type(getInput()))) return;
  operands[0] = builder.create<CastOp>(getLoc(), gradients[0], element_type(getInput()));
}

// round_to

LogicalResult RoundToOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                          SmallVectorImpl<Type>& types) {
  if (op.getAs() != "f16" && op.getAs() != "bf16")
    return complain(location, getOperationName(), "unknown type \"" + op.getAs() + "\"; it is f16 or bf16");
  types.push_back(op.getInput().getType());
  return success();
}

namespace {

// The bits of an f32 without the last `dropped` bits of its fraction, rounded to the nearest with halves to even. A carry out
// of the fraction rightly increments the exponent.
Value shortened(ImplicitLocOpBuilder& builder, Value x, int64_t dropped) {
  const auto constant = [&](int64_t value) -> Value {
    return builder.create<arith::ConstantOp>(builder.getI32IntegerAttr(static_cast<int32_t>(value)));
  };
  Value bits = builder.create<arith::BitcastOp>(builder.getI32Type(), x);
  Value last = builder.create<arith::AndIOp>(builder.create<arith::ShRUIOp>(bits, constant(dropped)), constant(1));
  Value half = builder.create<arith::AddIOp>(last, constant((int64_t{1} << (dropped - 1)) - 1));
  Value sum = builder.create<arith::AddIOp>(bits, half);
  Value kept = builder.create<arith::AndIOp>(sum, constant(-(int64_t{1} << dropped)));
  return builder.create<arith::BitcastOp>(builder.getF32Type(), kept);
}

Value as_half(ImplicitLocOpBuilder& builder, Value x) {
  const auto constant = [&](double value) { return scalar_constant(builder, builder.getF32Type(), value); };
  const auto choose = [&](Value a, arith::CmpFPredicate comparison, double b, Value yes, Value no) -> Value {
    return builder.create<arith::SelectOp>(builder.create<arith::CmpFOp>(comparison, a, constant(b)), yes, no);
  };
  constexpr double least_normal = 0x1p-14, beyond = 65520;
  Value size = builder.create<math::AbsFOp>(x);
  // Below the least normal number of f16, its steps are those of f32 numbers in [1/2, 1).
  Value tiny = builder.create<arith::SubFOp>(builder.create<arith::AddFOp>(size, constant(0.5)), constant(0.5));
  Value rounded = choose(size, arith::CmpFPredicate::OLT, least_normal, tiny, shortened(builder, size, 13));
  rounded = choose(size, arith::CmpFPredicate::OGE, beyond, constant(std::numeric_limits<double>::infinity()), rounded);
  return choose(x, arith::CmpFPredicate::OLT, 0, builder.create<arith::NegFOp>(rounded), rounded);
}

}  // namespace

void RoundToOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const bool half = getAs() == "f16";
  results[0] = elementwise(builder, getLoc(), getInput(), tensor_type(getOutput()),
                           [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                             Value rounded = half ? as_half(scalars, x[0]) : shortened(scalars, x[0], 16);
                             // A NaN stays a NaN.
                             Value nothing = scalars.create<arith::CmpFOp>(arith::CmpFPredicate::UNE, x[0], x[0]);
                             return scalars.create<arith::SelectOp>(nothing, x[0], rounded);
                           });
}

// clamp

Value ClampOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  const Type type = x[0].getType();
  Value above = builder.create<arith::MaximumFOp>(x[0], scalar_constant(builder, type, getLow().convertToDouble()));
  return builder.create<arith::MinimumFOp>(above, scalar_constant(builder, type, getHigh().convertToDouble()));
}
void ClampOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value below_high = a.select(getInput(), "le", getHigh().convertToDouble(), gradients[0], 0);
  operands[0] = a.select(getInput(), "ge", getLow().convertToDouble(), below_high, 0);
}

// Functions of one value

Value NegOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<arith::NegFOp>(x[0]); }
void NegOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = builder.create<NegOp>(getLoc(), gradients[0]);
}

Value AbsOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::AbsFOp>(x[0]); }
void AbsOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value not_positive = a.select(getInput(), "lt", 0, a.neg(gradients[0]), 0);
  operands[0] = a.select(getInput(), "gt", 0, gradients[0], not_positive);
}

Value ExpOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::ExpOp>(x[0]); }
void ExpOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = Arithmetic(builder, getLoc(), getOutput()).mul(gradients[0], getOutput());
}

Value LogOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::LogOp>(x[0]); }
void LogOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = Arithmetic(builder, getLoc(), getOutput()).div(gradients[0], getInput());
}

Value SqrtOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::SqrtOp>(x[0]); }
void SqrtOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = a.div(a.mul(gradients[0], 0.5), getOutput());
}

Value RsqrtOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return builder.create<arith::DivFOp>(scalar_constant(builder, x[0].getType(), 1), builder.create<math::SqrtOp>(x[0]));
}
void RsqrtOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = a.mul(a.mul(gradients[0], -0.5), a.div(getOutput(), getInput()));
}

// Rounds to whole numbers by addition alone, which every processor has. From 2^(bits of the fraction) on every number is whole,
// so adding that number rounds away what is behind the point, with halves to even.
namespace {

Value rounded(ImplicitLocOpBuilder& builder, Value x) {
  const Type type = x.getType();
  const unsigned fraction = cast<FloatType>(type).getFPMantissaWidth() - 1;
  Value whole = scalar_constant(builder, type, std::ldexp(1.0, static_cast<int>(fraction)));
  Value size = builder.create<math::AbsFOp>(x);
  Value nearest = builder.create<arith::SubFOp>(builder.create<arith::AddFOp>(size, whole), whole);
  Value negative = builder.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, x, scalar_constant(builder, type, 0));
  nearest = builder.create<arith::SelectOp>(negative, builder.create<arith::NegFOp>(nearest), nearest);
  Value small = builder.create<arith::CmpFOp>(arith::CmpFPredicate::OLT, size, whole);
  return builder.create<arith::SelectOp>(small, nearest, x);
}

// The nearest whole number, moved by `step` when it is on the wrong side of x.
Value stepped(ImplicitLocOpBuilder& builder, Value x, arith::CmpFPredicate wrong, double step) {
  Value nearest = rounded(builder, x);
  Value moved = builder.create<arith::AddFOp>(nearest, scalar_constant(builder, x.getType(), step));
  return builder.create<arith::SelectOp>(builder.create<arith::CmpFOp>(wrong, nearest, x), moved, nearest);
}

}  // namespace

Value RoundOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return rounded(builder, x[0]); }
void RoundOp::differentiate(OpBuilder&, ValueRange, SmallVectorImpl<Value>&) {}

Value FloorOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return stepped(builder, x[0], arith::CmpFPredicate::OGT, -1);
}
void FloorOp::differentiate(OpBuilder&, ValueRange, SmallVectorImpl<Value>&) {}

Value CeilOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return stepped(builder, x[0], arith::CmpFPredicate::OLT, 1);
}
void CeilOp::differentiate(OpBuilder&, ValueRange, SmallVectorImpl<Value>&) {}

Value SinOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::SinOp>(x[0]); }
void SinOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Value slope = builder.create<CosOp>(getLoc(), getInput()).getResult();
  operands[0] = Arithmetic(builder, getLoc(), getOutput()).mul(gradients[0], slope);
}

Value CosOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::CosOp>(x[0]); }
void CosOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value slope = builder.create<SinOp>(getLoc(), getInput()).getResult();
  operands[0] = a.neg(a.mul(gradients[0], slope));
}

Value AtanOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::AtanOp>(x[0]); }
void AtanOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = a.div(gradients[0], a.add(a.square(getInput()), 1));
}

Value ErfOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::ErfOp>(x[0]); }
void ErfOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value bell = a.mul(a.exp(a.neg(a.square(getInput()))), 2 / std::sqrt(std::numbers::pi));
  operands[0] = a.mul(gradients[0], bell);
}

}  // namespace fovea::dialect
