// SPDX-License-Identifier: Apache-2.0
// Operators that only move values, and whose gradients move them back.
#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "fovea/dialect/quantized_types.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;

namespace fovea::dialect {

// constant

LogicalResult ConstantOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                           SmallVectorImpl<Type>& types) {
  if (!isa<RankedTensorType>(op.getValue().getType())) return complain(location, getOperationName(), "value must be a tensor");
  types.push_back(op.getValue().getType());
  return success();
}
OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }
void ConstantOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = builder.create<arith::ConstantOp>(getLoc(), cast<TypedAttr>(getValueAttr()));
}

// reshape

LogicalResult ReshapeOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                          SmallVectorImpl<Type>& types) {
  if (failed(check_per_tensor(location, getOperationName(), "input", element_type(op.getInput())))) return failure();
  const RankedTensorType input = tensor_type(op.getInput());
  SmallVector<int64_t> shape(op.getShape());
  int64_t known = 1;
  int64_t* open = nullptr;
  bool valid = true;
  for (int64_t& size : shape) {
    if (size == -1 && !open)
      open = &size;
    else if (size >= 1 && size <= input.getNumElements() / known)
      known *= size;
    else
      valid = false;
  }
  if (valid && open && input.getNumElements() % known == 0) *open = input.getNumElements() / known;
  if (!valid || ShapedType::getNumElements(shape) != input.getNumElements()) {
    return complain(location, getOperationName(),
                    "shape " + shape_text(op.getShape()) + " does not hold the " + Twine(input.getNumElements()) +
                        " elements of " + shape_text(input.getShape()));
  }
  types.push_back(with_shape(op.getInput(), shape));
  return success();
}
OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getType()) return getInput();
  if (auto inner = getInput().getDefiningOp<ReshapeOp>()) {
    setOperand(inner.getInput());
    return getResult();
  }
  return {};
}
void ReshapeOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = Arithmetic(builder, getLoc(), getInput()).reshape(gradients[0], shape_of(getInput()));
}
void ReshapeOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = reshaped(builder, getLoc(), stored(builder, getLoc(), getInput()), shape_of(getOutput()));
}

// broadcast

LogicalResult BroadcastOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                            SmallVectorImpl<Type>& types) {
  if (failed(check_per_tensor(location, getOperationName(), "input", element_type(op.getInput())))) return failure();
  const ArrayRef<int64_t> input = shape_of(op.getInput()), shape = op.getShape();
  const auto both = broadcast_shapes(input, shape);
  if (!both || ArrayRef<int64_t>(*both) != shape) {
    return complain(location, getOperationName(), "shape " + shape_text(input) + " does not broadcast to " + shape_text(shape));
  }
  types.push_back(with_shape(op.getInput(), shape));
  return success();
}
void BroadcastOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = Arithmetic(builder, getLoc(), getInput()).sum_to(gradients[0], shape_of(getInput()));
}
void BroadcastOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = elementwise(builder, getLoc(), stored(builder, getLoc(), getInput()), storage_type(tensor_type(getOutput())),
                           [](ImplicitLocOpBuilder&, ValueRange x) -> Value { return x[0]; });
}

// transpose

namespace {

// MLIR's isPermutationVector does not check that the numbers are within the rank.
bool is_permutation(ArrayRef<int64_t> permutation, size_t rank) {
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  return llvm::equal(sorted, llvm::seq<int64_t>(0, static_cast<int64_t>(rank)));
}

}  // namespace

LogicalResult TransposeOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                            SmallVectorImpl<Type>& types) {
  if (failed(check_per_tensor(location, getOperationName(), "input", element_type(op.getInput())))) return failure();
  const ArrayRef<int64_t> input = shape_of(op.getInput()), permutation = op.getPermutation();
  if (!is_permutation(permutation, input.size())) {
    return complain(location, getOperationName(),
                    "permutation " + shape_text(permutation) + " must name each dimension of " + shape_text(input) + " once");
  }
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation) shape.push_back(input[dim]);
  types.push_back(with_shape(op.getInput(), shape));
  return success();
}
void TransposeOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = builder.create<TransposeOp>(getLoc(), gradients[0], invertPermutationVector(getPermutation()));
}
void TransposeOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const ArrayRef<int64_t> shape = shape_of(getOutput());
  SmallVector<AffineExpr> read(shape.size());
  for (auto [loop, dim] : llvm::enumerate(getPermutation())) read[dim] = builder.getAffineDimExpr(loop);
  Value input = stored(builder, getLoc(), getInput());
  results[0] =
      formula_loops(builder, getLoc(), input, empty(builder, getLoc(), shape, element_type(input)),
                    {AffineMap::get(shape.size(), 0, read, getContext()), builder.getMultiDimIdentityMap(shape.size())},
                    shape.size(), [](ImplicitLocOpBuilder&, ValueRange x) -> SmallVector<Value> { return {x[0]}; })[0];
}

// concat

LogicalResult ConcatOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                         SmallVectorImpl<Type>& types) {
  if (op.getInputs().empty()) return complain(location, getOperationName(), "there is nothing to concatenate");
  if (failed(check_same_element_type(location, getOperationName(), op.getInputs()))) return failure();
  if (failed(check_per_tensor(location, getOperationName(), "input", element_type(op.getInputs()[0])))) return failure();
  SmallVector<int64_t> shape(shape_of(op.getInputs()[0]));
  const auto dim = static_cast<int64_t>(op.getDim());
  if (dim < 0 || dim >= static_cast<int64_t>(shape.size())) {
    return complain(location, getOperationName(), "dim " + Twine(dim) + " is not a dimension of " + shape_text(shape));
  }
  for (Value input : op.getInputs().drop_front()) {
    SmallVector<int64_t> other(shape_of(input));
    const int64_t size = static_cast<int64_t>(other.size()) > dim ? other[dim] : 0;
    if (other.size() == shape.size()) other[dim] = shape[dim];
    if (other != shape) {
      return complain(location, getOperationName(),
                      "shapes " + shape_text(shape_of(op.getInputs()[0])) + " and " + shape_text(shape_of(input)) +
                          " must be equal but for dimension " + Twine(dim));
    }
    shape[dim] += size;
  }
  types.push_back(with_shape(op.getInputs()[0], shape));
  return success();
}
void ConcatOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  SmallVector<int64_t> offsets(tensor_type(getOutput()).getRank(), 0);
  for (auto [index, input] : llvm::enumerate(getInputs())) {
    operands[index] = builder.create<SliceOp>(getLoc(), gradients[0], offsets, shape_of(input), ArrayRef<int64_t>{});
    offsets[getDim()] += shape_of(input)[getDim()];
  }
}
void ConcatOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const ArrayRef<int64_t> shape = shape_of(getOutput());
  SmallVector<int64_t> offsets(shape.size(), 0), ones(shape.size(), 1);
  results[0] = empty(builder, getLoc(), shape, storage_type(element_type(getOutput())));
  for (Value input : getInputs()) {
    results[0] = inserted(builder, getLoc(), stored(builder, getLoc(), input), results[0], offsets, ones);
    offsets[getDim()] += shape_of(input)[getDim()];
  }
}

// slice

namespace {

SmallVector<int64_t> slice_strides(ArrayRef<int64_t> strides, size_t rank) {
  return strides.empty() ? SmallVector<int64_t>(rank, 1) : SmallVector<int64_t>(strides);
}

LogicalResult check_slice(std::optional<Location> location, StringRef name, ArrayRef<int64_t> input, ArrayRef<int64_t> offsets,
                          ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  const SmallVector<int64_t> steps = slice_strides(strides, input.size());
  bool inside = offsets.size() == input.size() && sizes.size() == input.size() && steps.size() == input.size();
  for (size_t dim = 0; inside && dim < input.size(); ++dim) {
    inside = offsets[dim] >= 0 && sizes[dim] >= 1 && steps[dim] >= 1 && offsets[dim] < input[dim] &&
             sizes[dim] - 1 <= (input[dim] - 1 - offsets[dim]) / steps[dim];
  }
  if (inside) return success();
  return complain(location, name,
                  "offsets " + shape_text(offsets) + ", sizes " + shape_text(sizes) + ", strides " + shape_text(steps) +
                      " do not lie inside " + shape_text(input));
}

}  // namespace

LogicalResult SliceOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                        SmallVectorImpl<Type>& types) {
  if (failed(check_per_tensor(location, getOperationName(), "input", element_type(op.getInput())))) return failure();
  if (failed(
          check_slice(location, getOperationName(), shape_of(op.getInput()), op.getOffsets(), op.getSizes(), op.getStrides())))
    return failure();
  types.push_back(with_shape(op.getInput(), op.getSizes()));
  return success();
}
void SliceOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] =
      builder.create<SliceGradientOp>(getLoc(), gradients[0], shape_of(getInput()), getOffsets(), getSizes(), getStrides());
}
void SliceOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = sliced(builder, getLoc(), stored(builder, getLoc(), getInput()), getOffsets(), getSizes(),
                      slice_strides(getStrides(), getSizes().size()));
}

LogicalResult SliceGradientOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                SmallVectorImpl<Type>& types) {
  if (failed(check_slice(location, getOperationName(), op.getInputShape(), op.getOffsets(), op.getSizes(), op.getStrides())))
    return failure();
  if (shape_of(op.getGradient()) != op.getSizes()) {
    return complain(
        location, getOperationName(),
        "gradient " + shape_text(shape_of(op.getGradient())) + " must have the slice's sizes " + shape_text(op.getSizes()));
  }
  types.push_back(with_shape(op.getGradient(), op.getInputShape()));
  return success();
}
void SliceGradientOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Value zeros = filled(builder, getLoc(), getInputShape(), number(element_type(getGradient()), 0));
  results[0] = inserted(builder, getLoc(), getGradient(), zeros, getOffsets(), slice_strides(getStrides(), getSizes().size()));
}

// pad

LogicalResult PadOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                      SmallVectorImpl<Type>& types) {
  if (failed(check_per_tensor(location, getOperationName(), "input", element_type(op.getInput())))) return failure();
  SmallVector<int64_t> shape(shape_of(op.getInput()));
  const ArrayRef<int64_t> padding = op.getPadding();
  if (padding.size() != 2 * shape.size() || llvm::any_of(padding, [](int64_t cells) { return cells < 0; })) {
    return complain(location, getOperationName(),
                    "padding " + shape_text(padding) + " must give [before, after], not negative, for each dimension of " +
                        shape_text(shape));
  }
  for (size_t dim = 0; dim < shape.size(); ++dim) shape[dim] += padding[2 * dim] + padding[2 * dim + 1];
  types.push_back(with_shape(op.getInput(), shape));
  return success();
}
void PadOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  SmallVector<int64_t> offsets;
  for (size_t dim = 0; dim < shape_of(getInput()).size(); ++dim) offsets.push_back(getPadding()[2 * dim]);
  operands[0] = builder.create<SliceOp>(getLoc(), gradients[0], offsets, shape_of(getInput()), ArrayRef<int64_t>{});
}
void PadOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  SmallVector<int64_t> before, after;
  for (size_t dim = 0; dim < shape_of(getInput()).size(); ++dim) {
    before.push_back(getPadding()[2 * dim]);
    after.push_back(getPadding()[2 * dim + 1]);
  }
  results[0] = padded(builder, getLoc(), stored(builder, getLoc(), getInput()), before, after,
                      stored_number(element_type(getInput()), getValue().convertToDouble()));
}

// gradients

LogicalResult GradientsOp::verify() {
  if (!shape_of(getLoss()).empty()) {
    return complain(getLoc(), getOperationName(),
                    "the loss " + shape_text(shape_of(getLoss())) + " must be a scalar; take its mean or sum");
  }
  if (getWrt().getTypes() != getOutputs().getTypes()) {
    return complain(getLoc(), getOperationName(), "each result must have the type of the value it is the gradient by");
  }
  return success();
}

}  // namespace fovea::dialect
