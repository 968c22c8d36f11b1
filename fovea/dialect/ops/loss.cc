// SPDX-License-Identifier: Apache-2.0
// Softmax and the losses. They are composed of simpler operators; their gradients are the closed forms.
#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

int64_t last_dim(Value value) { return static_cast<int64_t>(shape_of(value).size()) - 1; }

LogicalResult infer_along_last(std::optional<Location> location, StringRef name, Value input, SmallVectorImpl<Type>& types) {
  if (shape_of(input).empty()) return complain(location, name, "a scalar has no last dimension");
  types.push_back(input.getType());
  return success();
}

// Subtracts the largest number of the last dimension, so that exp cannot overflow.
Value shifted(Arithmetic& a, Value x) { return a.sub(x, a.max(x, {last_dim(x)}, /*keep_dims=*/true)); }

LogicalResult infer_pairwise_loss(std::optional<Location> location, StringRef name, ValueRange operands,
                                  SmallVectorImpl<Type>& types) {
  if (operands[0].getType() != operands[1].getType()) {
    return complain(location, name,
                    "predictions " + shape_text(shape_of(operands[0])) + " " + type_text(element_type(operands[0])) +
                        " and targets " + shape_text(shape_of(operands[1])) + " " + type_text(element_type(operands[1])) +
                        " must have the same shape and type");
  }
  types.push_back(with_shape(operands[0], {}));
  return success();
}

// The part of the loss's gradient for each of the elements whose mean it is.
Value share_of(Arithmetic& a, Value gradient, Value input) {
  return a.mul(gradient, 1.0 / static_cast<double>(tensor_type(input).getNumElements()));
}

}  // namespace

// softmax

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                          SmallVectorImpl<Type>& types) {
  return infer_along_last(location, getOperationName(), op.getInput(), types);
}
void SoftmaxOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getInput());
  Value along = a.sum(a.mul(gradients[0], getOutput()), {last_dim(getInput())}, /*keep_dims=*/true);
  operands[0] = a.mul(getOutput(), a.sub(gradients[0], along));
}
void SoftmaxOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getInput());
  Value exponentials = a.exp(shifted(a, getInput()));
  results[0] = a.div(exponentials, a.sum(exponentials, {last_dim(getInput())}, /*keep_dims=*/true));
}

LogicalResult LogSoftmaxOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                             SmallVectorImpl<Type>& types) {
  return infer_along_last(location, getOperationName(), op.getInput(), types);
}
void LogSoftmaxOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getInput());
  Value along = a.sum(gradients[0], {last_dim(getInput())}, /*keep_dims=*/true);
  operands[0] = a.sub(gradients[0], a.mul(a.exp(getOutput()), along));
}
void LogSoftmaxOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getInput());
  Value below = shifted(a, getInput());
  results[0] = a.sub(below, a.log(a.sum(a.exp(below), {last_dim(getInput())}, /*keep_dims=*/true)));
}

// one_hot

LogicalResult OneHotOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                         SmallVectorImpl<Type>& types) {
  SmallVector<int64_t> shape(shape_of(op.getLabels()));
  shape.push_back(static_cast<int64_t>(op.getClasses()));
  if (shape.back() < 1 || !isa<FloatType>(op.getDtype())) {
    return complain(
        location, getOperationName(),
        "classes " + Twine(shape.back()) + " must be at least 1 and dtype " + type_text(op.getDtype()) + " floating point");
  }
  types.push_back(RankedTensorType::get(shape, op.getDtype()));
  return success();
}
void OneHotOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const RankedTensorType type = tensor_type(getOutput());
  const unsigned rank = type.getRank();
  const AffineMap all = builder.getMultiDimIdentityMap(rank);
  results[0] = formula_loops(
      builder, getLoc(), getLabels(), empty(builder, getLoc(), type.getShape(), type.getElementType()),
      {all.getMajorSubMap(rank - 1), all}, rank, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> SmallVector<Value> {
        Value index = scalars.create<arith::IndexCastOp>(scalars.getI32Type(), scalars.create<linalg::IndexOp>(rank - 1));
        Value here = scalars.create<arith::CmpIOp>(arith::CmpIPredicate::eq, index, x[0]);
        return {scalars.create<arith::SelectOp>(here,
                                                scalar_constant(scalars, type.getElementType(), getOn().convertToDouble()),
                                                scalar_constant(scalars, type.getElementType(), getOff().convertToDouble()))};
      })[0];
}

// softmax_cross_entropy

namespace {

Value smoothed_targets(OpBuilder& builder, SoftmaxCrossEntropyOp op) {
  const int64_t classes = shape_of(op.getLogits())[1];
  const double smoothing = op.getLabelSmoothing().convertToDouble(), off = smoothing / static_cast<double>(classes);
  return builder.create<OneHotOp>(op.getLoc(), op.getLabels(), static_cast<uint64_t>(classes), element_type(op.getLogits()),
                                  APFloat(1 - smoothing + off), APFloat(off));
}

}  // namespace

LogicalResult SoftmaxCrossEntropyOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                      SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> logits = shape_of(op.getLogits()), labels = shape_of(op.getLabels());
  if (logits.size() != 2 || labels.size() != 1 || labels[0] != logits[0]) {
    return complain(location, getOperationName(),
                    "logits " + shape_text(logits) + " must be [batch, classes] and labels " + shape_text(labels) + " [batch]");
  }
  const double smoothing = op.getLabelSmoothing().convertToDouble();
  if (!(smoothing >= 0 && smoothing < 1)) {
    return complain(location, getOperationName(),
                    "label smoothing " + std::to_string(smoothing) + " must be at least 0 and less than 1");
  }
  types.push_back(with_shape(op.getLogits(), {}));
  return success();
}
void SoftmaxCrossEntropyOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getLogits());
  Value share = a.mul(gradients[0], 1.0 / static_cast<double>(shape_of(getLogits())[0]));
  Value probabilities = builder.create<SoftmaxOp>(getLoc(), getLogits());
  // The targets sum to 1 unless a label is out of range. Training data has no such labels, because the loaders check them.
  operands[0] = a.mul(a.sub(probabilities, smoothed_targets(builder, *this)), share);
}
void SoftmaxCrossEntropyOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getLogits());
  Value below = shifted(a, getLogits());
  Value normalizer = a.log(a.sum(a.exp(below), {1}));
  Value at_target = a.sum(a.mul(below, smoothed_targets(builder, *this)), {1});
  results[0] = a.mean_of_all(a.sub(normalizer, at_target));
}

// sigmoid_cross_entropy

LogicalResult SigmoidCrossEntropyOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                      SmallVectorImpl<Type>& types) {
  return infer_pairwise_loss(location, getOperationName(), op.getOperands(), types);
}
void SigmoidCrossEntropyOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getLogits());
  Value share = share_of(a, gradients[0], getLogits());
  operands[0] = a.mul(a.sub(a.sigmoid(getLogits()), getTargets()), share);
  operands[1] = a.mul(a.neg(getLogits()), share);
}
void SigmoidCrossEntropyOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getLogits());
  Value linear = a.sub(a.maximum(getLogits(), 0), a.mul(getLogits(), getTargets()));
  Value rest = a.log(a.add(1, a.exp(a.neg(a.abs(getLogits())))));
  results[0] = a.mean_of_all(a.add(linear, rest));
}

// mean_squared_error

LogicalResult MeanSquaredErrorOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                   SmallVectorImpl<Type>& types) {
  return infer_pairwise_loss(location, getOperationName(), op.getOperands(), types);
}
void MeanSquaredErrorOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getPrediction());
  Value error = a.sub(getPrediction(), getTargets());
  operands[0] = a.mul(error, a.mul(share_of(a, gradients[0], getPrediction()), 2));
  operands[1] = a.neg(operands[0]);
}
void MeanSquaredErrorOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getPrediction());
  results[0] = a.mean_of_all(a.square(a.sub(getPrediction(), getTargets())));
}

// huber_loss

LogicalResult HuberLossOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                            SmallVectorImpl<Type>& types) {
  const double delta = op.getDelta().convertToDouble();
  if (!(delta > 0)) return complain(location, getOperationName(), "delta " + std::to_string(delta) + " must be positive");
  return infer_pairwise_loss(location, getOperationName(), op.getOperands(), types);
}
void HuberLossOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getPrediction());
  const double delta = getDelta().convertToDouble();
  Value limited = builder.create<ClampOp>(getLoc(), a.sub(getPrediction(), getTargets()), APFloat(-delta), APFloat(delta));
  operands[0] = a.mul(limited, share_of(a, gradients[0], getPrediction()));
  operands[1] = a.neg(operands[0]);
}
void HuberLossOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getPrediction());
  const double delta = getDelta().convertToDouble();
  Value error = a.abs(a.sub(getPrediction(), getTargets()));
  Value far = a.mul(a.sub(error, delta / 2), delta);
  results[0] = a.mean_of_all(a.select(error, "le", delta, a.mul(a.square(error), 0.5), far));
}

}  // namespace fovea::dialect
