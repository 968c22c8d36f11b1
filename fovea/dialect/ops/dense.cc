// SPDX-License-Identifier: Apache-2.0
// Matrix products.
#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/arithmetic.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

// The product of the last two dimensions; those before are a batch of matrices.
Value matmul_formula(OpBuilder& builder, Location location, Value lhs, Value rhs, bool transpose_lhs, bool transpose_rhs,
                     ArrayRef<int64_t> shape) {
  const auto rank = static_cast<unsigned>(shape.size());
  SmallVector<AffineExpr> stack;
  for (unsigned dim = 0; dim + 2 < rank; ++dim) stack.push_back(builder.getAffineDimExpr(dim));
  const AffineExpr m = builder.getAffineDimExpr(rank - 2), n = builder.getAffineDimExpr(rank - 1),
                   k = builder.getAffineDimExpr(rank);
  const auto map = [&](AffineExpr row, AffineExpr column) {
    SmallVector<AffineExpr> results(stack);
    results.append({row, column});
    return AffineMap::get(rank + 1, 0, results, builder.getContext());
  };
  return contraction(builder, location, lhs, rhs, shape,
                     {transpose_lhs ? map(k, m) : map(m, k), transpose_rhs ? map(n, k) : map(k, n), map(m, n)}, rank);
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

void DenseOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] = matmul_formula(builder, getLoc(), getInput(), getWeight(), false, false, shape_of(getOutput()));
}

LogicalResult MatmulOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                         SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> lhs = shape_of(op.getLhs()), rhs = shape_of(op.getRhs());
  if (failed(check_same_element_type(location, getOperationName(), op.getOperands()))) return failure();
  const bool left = op.getTransposeLhs(), right = op.getTransposeRhs();
  const size_t rank = lhs.size();
  if (rank < 2 || rhs.size() != rank || lhs.drop_back(2) != rhs.drop_back(2) ||
      lhs[rank - (left ? 2 : 1)] != rhs[rank - (right ? 1 : 2)]) {
    return complain(location, getOperationName(),
                    "matrices " + shape_text(lhs) + (left ? " transposed" : "") + " and " + shape_text(rhs) +
                        (right ? " transposed" : "") + " do not fit: the columns of one must be the rows of the other");
  }
  SmallVector<int64_t> shape(lhs.drop_back(2));
  shape.append({lhs[rank - (left ? 1 : 2)], rhs[rank - (right ? 2 : 1)]});
  types.push_back(with_shape(op.getLhs(), shape));
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

void MatmulOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] =
      matmul_formula(builder, getLoc(), getLhs(), getRhs(), getTransposeLhs(), getTransposeRhs(), shape_of(getOutput()));
}

}  // namespace fovea::dialect
