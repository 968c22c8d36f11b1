// Matrix products.
#include "fovea/dialect/arithmetic.h"
#include "fovea/dialect/dialect.h"
#include "fovea/dialect/formula.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

Value matmul_formula(OpBuilder& builder, Location location, Value lhs, Value rhs, bool transpose_lhs, bool transpose_rhs,
                     ArrayRef<int64_t> shape) {
  AffineExpr m, n, k;
  bindDims(builder.getContext(), m, n, k);
  const auto map = [&](AffineExpr row, AffineExpr column) { return AffineMap::get(3, 0, {row, column}, builder.getContext()); };
  return contraction(builder, location, lhs, rhs, shape,
                     {transpose_lhs ? map(k, m) : map(m, k), transpose_rhs ? map(n, k) : map(k, n), map(m, n)}, 2);
}

}  // namespace

LogicalResult DenseOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                        SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> input = shape_of(op.getInput()), weight = shape_of(op.getWeight());
  if (failed(check_same_element_type(location, getOperationName(), op.getOperands()))) return failure();
  if (input.size() != 2) {
    return complain(location, getOperationName(), "input " + shape_text(input) + " must be [batch, in]; flatten it first");
  }
  if (weight.size() != 2 || weight[0] != input[1]) {
    return complain(location, getOperationName(),
                    "weight " + shape_text(weight) + " must be [in, out] with in = " + Twine(input[1]) + " (input " +
                        shape_text(input) + ")");
  }
  types.push_back(with_shape(op.getInput(), {input[0], weight[1]}));
  return success();
}

void DenseOp::differentiate(OpBuilder& builder, ValueRange output_gradients, SmallVectorImpl<Value>& operand_gradients) {
  operand_gradients[0] = builder.create<MatmulOp>(getLoc(), output_gradients[0], getWeight(), false, true);
  operand_gradients[1] = builder.create<MatmulOp>(getLoc(), getInput(), output_gradients[0], true, false);
}

void DenseOp::formula(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = matmul_formula(builder, getLoc(), getInput(), getWeight(), false, false, shape_of(getOutput()));
}

LogicalResult MatmulOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                         SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> lhs = shape_of(op.getLhs()), rhs = shape_of(op.getRhs());
  if (failed(check_same_element_type(location, getOperationName(), op.getOperands()))) return failure();
  const bool left = op.getTransposeLhs(), right = op.getTransposeRhs();
  if (lhs.size() != 2 || rhs.size() != 2 || lhs[left ? 0 : 1] != rhs[right ? 1 : 0]) {
    return complain(location, getOperationName(),
                    "matrices " + shape_text(lhs) + (left ? " transposed" : "") + " and " + shape_text(rhs) +
                        (right ? " transposed" : "") + " do not fit: the columns of one must be the rows of the other");
  }
  types.push_back(with_shape(op.getLhs(), {lhs[left ? 1 : 0], rhs[right ? 0 : 1]}));
  return success();
}

void MatmulOp::differentiate(OpBuilder& builder, ValueRange output_gradients, SmallVectorImpl<Value>& operand_gradients) {
  const Value gradient = output_gradients[0];
  const bool left = getTransposeLhs(), right = getTransposeRhs();
  const auto product = [&](Value a, Value b, bool transpose_a, bool transpose_b) -> Value {
    return builder.create<MatmulOp>(getLoc(), a, b, transpose_a, transpose_b);
  };
  operand_gradients[0] = left ? product(getRhs(), gradient, right, true) : product(gradient, getRhs(), false, !right);
  operand_gradients[1] = right ? product(gradient, getLhs(), true, left) : product(getLhs(), gradient, !left, false);
}

void MatmulOp::formula(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] =
      matmul_formula(builder, getLoc(), getLhs(), getRhs(), getTransposeLhs(), getTransposeRhs(), shape_of(getOutput()));
}

}  // namespace fovea::dialect
