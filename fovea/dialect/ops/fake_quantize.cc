// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/ops/fake_quantize.h"

#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#define GET_OP_CLASSES
#include "fovea/dialect/FakeQuantizeOps.cc.inc"

using namespace mlir;

namespace fovea::dialect {
namespace {

constexpr double beyond_every_range = 1e30;
// Replaces the scale of a range without width, so that no quotient is a NaN.
constexpr double least_scale = 1e-30;

}  // namespace

LogicalResult FakeQuantizeOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                               SmallVectorImpl<Type>& types) {
  const auto least = static_cast<int64_t>(op.getLeast()), most = static_cast<int64_t>(op.getMost());
  if (least >= most) {
    return complain(location, getOperationName(),
                    "integers from " + Twine(least) + " to " + Twine(most) + "; least must be below most");
  }
  const ArrayRef<int64_t> shape = shape_of(op.getInput());
  for (Value bound : {op.getMinimum(), op.getMaximum()}) {
    const ArrayRef<int64_t> extents = shape_of(bound);
    const bool by_channel = extents.size() == 1 && !shape.empty() && extents.front() == shape.back();
    if (!extents.empty() && !by_channel) {
      return complain(location, getOperationName(),
                      "a bound of shape " + shape_text(extents) +
                          " is neither one number nor one for each of the last dimension of " + shape_text(shape));
    }
  }
  if (failed(check_same_element_type(location, getOperationName(), op.getOperands()))) return failure();
  types.push_back(op.getInput().getType());
  return success();
}

void FakeQuantizeOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getOutput());
  // The ends of the range after rounding to integers: what numbers far outside of it become.
  const auto end = [&](double far) -> Value {
    Value outside = a.broadcast(a.number(far), shape_of(getMinimum()));
    return builder.create<FakeQuantizeOp>(getLoc(), outside, getMinimum(), getMaximum(), getLeast(), getMost());
  };
  Value above = a.select(getInput(), "ge", end(-beyond_every_range), gradients[0], 0);
  operands[0] = a.select(getInput(), "le", end(beyond_every_range), above, 0);
}

Value FakeQuantizeOp::scalar(ImplicitLocOpBuilder& builder, ValueRange x) {
  const Type type = x[0].getType();
  const auto least = static_cast<double>(static_cast<int64_t>(getLeast())),
             most = static_cast<double>(static_cast<int64_t>(getMost()));
  const auto constant = [&](double value) { return scalar_constant(builder, type, value); };
  const auto clamp = [&](Value value) -> Value {
    Value low = builder.create<arith::MaximumFOp>(value, constant(least));
    return builder.create<arith::MinimumFOp>(low, constant(most));
  };
  Value width = builder.create<arith::SubFOp>(x[2], x[1]);
  Value step = builder.create<arith::DivFOp>(width, constant(most - least));
  Value scale = builder.create<arith::MaximumFOp>(step, constant(least_scale));
  Value start = builder.create<arith::SubFOp>(constant(least), builder.create<arith::DivFOp>(x[1], scale));
  Value zero = clamp(builder.create<math::RoundEvenOp>(start));
  Value steps = builder.create<math::RoundEvenOp>(builder.create<arith::DivFOp>(x[0], scale));
  Value integer = clamp(builder.create<arith::AddFOp>(steps, zero));
  return builder.create<arith::MulFOp>(builder.create<arith::SubFOp>(integer, zero), step);
}

}  // namespace fovea::dialect
