// SPDX-License-Identifier: Apache-2.0
// Normalization layers, composed of reductions and arithmetic; their gradients are the closed forms.
#include <numeric>

#include "fovea/dialect/dialect.h"
#include "fovea/dialect/ops/arithmetic.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

// All dimensions except the last.
SmallVector<int64_t> all_but_channels(Value input) {
  SmallVector<int64_t> dims(shape_of(input).size() - 1);
  std::iota(dims.begin(), dims.end(), 0);
  return dims;
}

template <typename Adaptor>
LogicalResult check_norm(std::optional<Location> location, StringRef name, Adaptor op) {
  if (failed(check_same_element_type(location, name, op.getOperands()))) return failure();
  const ArrayRef<int64_t> input = shape_of(op.getInput());
  if (input.size() < 2) return complain(location, name, "input " + shape_text(input) + " must be [batch, ..., channels]");
  for (Value vector : op.getOperands().drop_front()) {
    if (shape_of(vector) != ArrayRef<int64_t>{input.back()}) {
      return complain(location, name,
                      "scale, shift and statistics must be [" + Twine(input.back()) + "], one for each channel of " +
                          shape_text(input) + ", not " + shape_text(shape_of(vector)));
    }
  }
  const double epsilon = op.getEpsilon().convertToDouble();
  if (!(epsilon > 0)) return complain(location, name, "epsilon " + std::to_string(epsilon) + " must be positive");
  return success();
}

Value inverse_deviation(Arithmetic& a, Value variance, const APFloat& epsilon) {
  return a.rsqrt(a.add(variance, epsilon.convertToDouble()));
}

// (x - mean) * inverse * scale + shift, with one multiplication and one addition for each element.
Value scaled(Arithmetic& a, Value x, Value scale, Value shift, Value mean, Value inverse) {
  Value factor = a.mul(scale, inverse);
  return a.add(a.mul(x, factor), a.sub(shift, a.mul(mean, factor)));
}

struct Normalized {
  Value value, inverse;  // (x - mean) / standard deviation, and 1 / standard deviation
};

Normalized normalized(Arithmetic& a, Value x, ArrayRef<int64_t> dims, const APFloat& epsilon) {
  Value centered = a.sub(x, a.mean(x, dims, /*keep_dims=*/true));
  Value inverse = inverse_deviation(a, a.mean(a.square(centered), dims, /*keep_dims=*/true), epsilon);
  return {a.mul(centered, inverse), inverse};
}

// The gradient through x -> (x - mean) / standard deviation, given the gradient by its result.
Value normalized_gradient(Arithmetic& a, const Normalized& x, Value gradient, ArrayRef<int64_t> dims) {
  Value mean = a.mean(gradient, dims, /*keep_dims=*/true);
  Value along = a.mean(a.mul(gradient, x.value), dims, /*keep_dims=*/true);
  return a.mul(x.inverse, a.sub(a.sub(gradient, mean), a.mul(x.value, along)));
}

}  // namespace

// batch_norm_training

LogicalResult BatchNormTrainingOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                    SmallVectorImpl<Type>& types) {
  if (failed(check_norm(location, getOperationName(), op))) return failure();
  types.append({op.getInput().getType(), op.getScale().getType(), op.getScale().getType()});
  return success();
}

void BatchNormTrainingOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getInput());
  const SmallVector<int64_t> dims = all_but_channels(getInput());
  const double share =
      static_cast<double>(shape_of(getInput()).back()) / static_cast<double>(tensor_type(getInput()).getNumElements());
  Value centered = a.sub(getInput(), getMean());
  const auto add = [&](Value gradient) { operands[0] = operands[0] ? a.add(operands[0], gradient) : gradient; };
  if (Value gradient = gradients[0]) {
    Value inverse = inverse_deviation(a, getVariance(), getEpsilon());
    Value normal = a.mul(centered, inverse);
    operands[1] = a.sum(a.mul(gradient, normal), dims);
    operands[2] = a.sum(gradient, dims);
    Value rest = a.add(a.mul(operands[2], share), a.mul(normal, a.mul(operands[1], share)));
    add(a.mul(a.mul(getScale(), inverse), a.sub(gradient, rest)));
  }
  if (gradients[1]) add(a.broadcast(a.mul(gradients[1], share), shape_of(getInput())));
  if (gradients[2]) add(a.mul(centered, a.mul(gradients[2], 2 * share)));
}

void BatchNormTrainingOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getInput());
  const SmallVector<int64_t> dims = all_but_channels(getInput());
  results[1] = a.mean(getInput(), dims);
  // The variance is the mean of squared differences: the mean of squares minus the squared mean would cancel when the mean is
  // large.
  results[2] = a.mean(a.square(a.sub(getInput(), results[1])), dims);
  results[0] = scaled(a, getInput(), getScale(), getShift(), results[1], inverse_deviation(a, results[2], getEpsilon()));
}

// batch_norm

LogicalResult BatchNormOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                            SmallVectorImpl<Type>& types) {
  if (failed(check_norm(location, getOperationName(), op))) return failure();
  types.push_back(op.getInput().getType());
  return success();
}

void BatchNormOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getInput());
  const SmallVector<int64_t> dims = all_but_channels(getInput());
  Value inverse = inverse_deviation(a, getVariance(), getEpsilon());
  Value factor = a.mul(getScale(), inverse);
  Value normal = a.mul(a.sub(getInput(), getMean()), inverse);
  operands[0] = a.mul(gradients[0], factor);
  operands[1] = a.sum(a.mul(gradients[0], normal), dims);
  operands[2] = a.sum(gradients[0], dims);
  operands[3] = a.neg(a.mul(operands[2], factor));
  // The derivative of (v + epsilon)^(-1/2) is -1/2 of its cube.
  operands[4] = a.mul(a.mul(operands[1], getScale()), a.mul(a.square(inverse), -0.5));
}

void BatchNormOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getInput());
  results[0] = scaled(a, getInput(), getScale(), getShift(), getMean(), inverse_deviation(a, getVariance(), getEpsilon()));
}

// layer_norm

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                            SmallVectorImpl<Type>& types) {
  if (failed(check_norm(location, getOperationName(), op))) return failure();
  types.push_back(op.getInput().getType());
  return success();
}

void LayerNormOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getInput());
  const SmallVector<int64_t> along{static_cast<int64_t>(shape_of(getInput()).size()) - 1},
      others = all_but_channels(getInput());
  const Normalized x = normalized(a, getInput(), along, getEpsilon());
  operands[0] = normalized_gradient(a, x, a.mul(gradients[0], getScale()), along);
  operands[1] = a.sum(a.mul(gradients[0], x.value), others);
  operands[2] = a.sum(gradients[0], others);
}

void LayerNormOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getInput());
  const Normalized x = normalized(a, getInput(), {static_cast<int64_t>(shape_of(getInput()).size()) - 1}, getEpsilon());
  results[0] = a.add(a.mul(x.value, getScale()), getShift());
}

// group_norm

namespace {

// The shape [batch, space, groups, channels of a group]; the statistics are over dimensions 1 and 3.
SmallVector<int64_t> grouped_shape(Value input, int64_t groups) {
  const ArrayRef<int64_t> shape = shape_of(input);
  const int64_t image = tensor_type(input).getNumElements() / shape.front();
  return {shape.front(), image / shape.back(), groups, shape.back() / groups};
}

constexpr int64_t group_dims[] = {1, 3}, group_others[] = {0, 1};

}  // namespace

LogicalResult GroupNormOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                            SmallVectorImpl<Type>& types) {
  if (failed(check_norm(location, getOperationName(), op))) return failure();
  const auto groups = static_cast<int64_t>(op.getGroups());
  if (groups < 1 || shape_of(op.getInput()).back() % groups != 0) {
    return complain(location, getOperationName(),
                    "groups " + Twine(groups) + " must divide the " + Twine(shape_of(op.getInput()).back()) + " channels of " +
                        shape_text(shape_of(op.getInput())));
  }
  types.push_back(op.getInput().getType());
  return success();
}

void GroupNormOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getInput());
  const SmallVector<int64_t> grouped = grouped_shape(getInput(), getGroups());
  const ArrayRef<int64_t> per_channel = ArrayRef(grouped).drop_front(2);
  const Normalized x = normalized(a, a.reshape(getInput(), grouped), group_dims, getEpsilon());
  Value gradient = a.reshape(gradients[0], grouped);
  Value inner = normalized_gradient(a, x, a.mul(gradient, a.reshape(getScale(), per_channel)), group_dims);
  operands[0] = a.reshape(inner, shape_of(getInput()));
  operands[1] = a.reshape(a.sum(a.mul(gradient, x.value), group_others), shape_of(getScale()));
  operands[2] = a.reshape(a.sum(gradient, group_others), shape_of(getShift()));
}

void GroupNormOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getInput());
  const SmallVector<int64_t> grouped = grouped_shape(getInput(), getGroups());
  const ArrayRef<int64_t> per_channel = ArrayRef(grouped).drop_front(2);
  const Normalized x = normalized(a, a.reshape(getInput(), grouped), group_dims, getEpsilon());
  Value output = a.add(a.mul(x.value, a.reshape(getScale(), per_channel)), a.reshape(getShift(), per_channel));
  results[0] = a.reshape(output, shape_of(getInput()));
}

}  // namespace fovea::dialect
