// SPDX-License-Identifier: Apache-2.0
// Activations: their scalar bodies and gradients. Where the result determines the gradient, the gradient reads the result and
// not the input, so that the input need not be kept.
#include <numbers>

#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

Value clamped(ImplicitLocOpBuilder& builder, Value x, double low, double high) {
  Value above = builder.create<arith::MaximumFOp>(x, scalar_constant(builder, x.getType(), low));
  return builder.create<arith::MinimumFOp>(above, scalar_constant(builder, x.getType(), high));
}

Value sigmoid_of(ImplicitLocOpBuilder& builder, Value x) {
  Value one = scalar_constant(builder, x.getType(), 1);
  Value exponential = builder.create<math::ExpOp>(builder.create<arith::NegFOp>(x));
  return builder.create<arith::DivFOp>(one, builder.create<arith::AddFOp>(one, exponential));
}

Value hard_sigmoid_of(ImplicitLocOpBuilder& builder, Value x) {
  Value shifted = builder.create<arith::AddFOp>(x, scalar_constant(builder, x.getType(), 3));
  return builder.create<arith::MulFOp>(clamped(builder, shifted, 0, 6), scalar_constant(builder, x.getType(), 1.0 / 6));
}

}  // namespace

Value ReluOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return builder.create<arith::MaximumFOp>(x[0], scalar_constant(builder, x[0].getType(), 0));
}
void ReluOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = Arithmetic(builder, getLoc(), getOutput()).select(getOutput(), "gt", 0, gradients[0], 0);
}

Value Relu6Op::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return clamped(builder, x[0], 0, 6); }
void Relu6Op::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = a.select(getOutput(), "gt", 0, a.select(getOutput(), "lt", 6, gradients[0], 0), 0);
}

Value LeakyReluOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  Value zero = scalar_constant(builder, x[0].getType(), 0);
  Value leak = builder.create<arith::MulFOp>(x[0], scalar_constant(builder, x[0].getType(), getSlope().convertToDouble()));
  return builder.create<arith::SelectOp>(builder.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, x[0], zero), x[0], leak);
}
void LeakyReluOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = a.select(getInput(), "gt", 0, gradients[0], a.mul(gradients[0], getSlope().convertToDouble()));
}

Value SigmoidOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return sigmoid_of(builder, x[0]); }
void SigmoidOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = a.mul(gradients[0], a.mul(getOutput(), a.sub(1, getOutput())));
}

Value HardSigmoidOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return hard_sigmoid_of(builder, x[0]); }
void HardSigmoidOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value slope = a.mul(gradients[0], 1.0 / 6);
  operands[0] = a.select(a.abs(getInput()), "lt", 3, slope, 0);
}

Value TanhOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) { return builder.create<math::TanhOp>(x[0]); }
void TanhOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  operands[0] = a.mul(gradients[0], a.sub(1, a.square(getOutput())));
}

Value SwishOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return builder.create<arith::MulFOp>(x[0], sigmoid_of(builder, x[0]));
}
void SwishOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value gate = a.sigmoid(getInput());
  // (x * s)' = s + x * s * (1 - s) = s * (1 + x * (1 - s))
  Value slope = a.mul(gate, a.add(1, a.mul(getInput(), a.sub(1, gate))));
  operands[0] = a.mul(gradients[0], slope);
}

Value HardSwishOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  return builder.create<arith::MulFOp>(x[0], hard_sigmoid_of(builder, x[0]));
}
void HardSwishOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value slope = a.add(a.mul(getInput(), 1.0 / 3), 0.5);
  Value middle = a.select(getInput(), "lt", 3, a.mul(gradients[0], slope), gradients[0]);
  operands[0] = a.select(getInput(), "gt", -3, middle, 0);
}

Value GeluOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  const Type type = x[0].getType();
  Value scaled = builder.create<arith::MulFOp>(x[0], scalar_constant(builder, type, std::numbers::sqrt2 / 2));
  Value gate = builder.create<arith::AddFOp>(builder.create<math::ErfOp>(scaled), scalar_constant(builder, type, 1));
  return builder.create<arith::MulFOp>(builder.create<arith::MulFOp>(x[0], scalar_constant(builder, type, 0.5)), gate);
}
void GeluOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  Value error = builder.create<ErfOp>(getLoc(), a.mul(getInput(), std::numbers::sqrt2 / 2));
  Value gate = a.add(a.mul(error, 0.5), 0.5);
  Value bell = a.mul(a.exp(a.mul(a.square(getInput()), -0.5)), 1 / std::sqrt(2 * std::numbers::pi));
  operands[0] = a.mul(gradients[0], a.add(gate, a.mul(getInput(), bell)));
}

}  // namespace fovea::dialect
