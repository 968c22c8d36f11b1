// SPDX-License-Identifier: Apache-2.0
// Reductions. The shape alone fixes their order: first within an example, then over the batch.
#include <limits>

#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

struct Combiner {
  double start;
  function_ref<Value(ImplicitLocOpBuilder&, Value, Value)> combine;
};

Value reduce_once(OpBuilder& builder, Location location, Value input, ArrayRef<int64_t> dims, const Combiner& combiner) {
  const ArrayRef<int64_t> shape = shape_of(input);
  const auto rank = static_cast<int64_t>(shape.size());
  SmallVector<int64_t> kept;
  SmallVector<AffineExpr> read(shape.size()), write;
  unsigned loop = 0;
  for (const bool reduced : {false, true}) {
    for (int64_t dim = 0; dim < rank; ++dim) {
      if (llvm::is_contained(dims, dim) != reduced) continue;
      read[dim] = builder.getAffineDimExpr(loop++);
      if (reduced) continue;
      kept.push_back(shape[dim]);
      write.push_back(read[dim]);
    }
  }
  Value into = filled(builder, location, kept, number(element_type(input), combiner.start));
  const auto map = [&](ArrayRef<AffineExpr> results) { return AffineMap::get(loop, 0, results, builder.getContext()); };
  return formula_loops(builder, location, input, into, {map(read), map(write)}, kept.size(),
                       [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) -> SmallVector<Value> {
                         return {combiner.combine(scalars, arguments[1], arguments[0])};
                       })[0];
}

// The dimensions to reduce first, which are all except batch and channels, so that the sums of a whole batch run in parallel.
SmallVector<int64_t> inner_dims(ArrayRef<int64_t> dims, int64_t rank) {
  SmallVector<int64_t> inner;
  if (!llvm::is_contained(dims, 0)) return inner;
  for (int64_t dim : dims) {
    if (dim != 0 && (dim != rank - 1 || rank == 2)) inner.push_back(dim);
  }
  return inner;
}

Value reduced(OpBuilder& builder, Location location, Value input, ArrayRef<int64_t> dims, ArrayRef<int64_t> result,
              const Combiner& combiner) {
  const auto rank = static_cast<int64_t>(shape_of(input).size());
  const SmallVector<int64_t> inner = inner_dims(dims, rank);
  SmallVector<int64_t> rest(dims);
  if (!inner.empty()) {
    input = reduce_once(builder, location, input, inner, combiner);
    rest.clear();
    for (int64_t dim : dims) {
      if (llvm::is_contained(inner, dim)) continue;
      rest.push_back(dim - llvm::count_if(inner, [&](int64_t gone) { return gone < dim; }));
    }
  }
  if (!rest.empty()) input = reduce_once(builder, location, input, rest, combiner);
  return reshaped(builder, location, input, result);
}

SmallVector<int64_t> kept_shape(Value input, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> shape(shape_of(input));
  for (int64_t dim : dims) shape[dim] = 1;
  return shape;
}

int64_t reduced_count(Value input, ArrayRef<int64_t> dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= shape_of(input)[dim];
  return count;
}

// The gradient is shared equally among the elements that equal the extreme.
Value extreme_gradient(OpBuilder& builder, Location location, Value input, Value output, Value gradient,
                       ArrayRef<int64_t> dims) {
  Arithmetic a(builder, location, input);
  const SmallVector<int64_t> kept = kept_shape(input, dims);
  Value mask = a.select(input, "eq", a.reshape(output, kept), 1, 0);
  Value share = a.div(a.reshape(gradient, kept), a.sum(mask, dims, /*keep_dims=*/true));
  return a.mul(mask, share);
}

}  // namespace

void ReduceSumOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getInput());
  operands[0] = a.broadcast(a.reshape(gradients[0], kept_shape(getInput(), getDims())), shape_of(getInput()));
}

void ReduceSumOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Type element = element_type(getInput());
  const bool narrow = isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32;
  Value input = getInput();
  // Narrow types are summed in f32, since a sum of many narrow numbers loses everything below its own last bit.
  if (narrow) input = builder.create<CastOp>(getLoc(), input, builder.getF32Type());
  Value sum = reduced(builder, getLoc(), input, getDims(), shape_of(getOutput()),
                      {0, [](ImplicitLocOpBuilder& scalars, Value sum, Value x) -> Value {
                         if (isa<FloatType>(x.getType())) return scalars.create<arith::AddFOp>(sum, x);
                         return scalars.create<arith::AddIOp>(sum, x);
                       }});
  results[0] = narrow ? Value(builder.create<CastOp>(getLoc(), sum, element)) : sum;
}

void ReduceMeanOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  Arithmetic a(builder, getLoc(), getInput());
  Value share = a.mul(gradients[0], 1.0 / static_cast<double>(reduced_count(getInput(), getDims())));
  operands[0] = a.broadcast(a.reshape(share, kept_shape(getInput(), getDims())), shape_of(getInput()));
}

void ReduceMeanOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  Arithmetic a(builder, getLoc(), getInput());
  results[0] =
      a.mul(a.sum(getInput(), getDims(), getKeepDims()), 1.0 / static_cast<double>(reduced_count(getInput(), getDims())));
}

void ReduceMaxOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = extreme_gradient(builder, getLoc(), getInput(), getOutput(), gradients[0], getDims());
}

void ReduceMaxOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] =
      reduced(builder, getLoc(), getInput(), getDims(), shape_of(getOutput()),
              {-std::numeric_limits<double>::infinity(), [](ImplicitLocOpBuilder& scalars, Value largest, Value x) -> Value {
                 return scalars.create<arith::MaximumFOp>(largest, x);
               }});
}

void ReduceMinOp::differentiate(OpBuilder& builder, ValueRange gradients, SmallVectorImpl<Value>& operands) {
  operands[0] = extreme_gradient(builder, getLoc(), getInput(), getOutput(), gradients[0], getDims());
}

void ReduceMinOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  results[0] =
      reduced(builder, getLoc(), getInput(), getDims(), shape_of(getOutput()),
              {std::numeric_limits<double>::infinity(), [](ImplicitLocOpBuilder& scalars, Value smallest, Value x) -> Value {
                 return scalars.create<arith::MinimumFOp>(smallest, x);
               }});
}

// argmax

LogicalResult ArgmaxOp::inferReturnTypes(MLIRContext* context, std::optional<Location> location, Adaptor op,
                                         SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> shape = shape_of(op.getInput());
  if (shape.empty()) return complain(location, getOperationName(), "a scalar has no last dimension");
  types.push_back(RankedTensorType::get(shape.drop_back(), IntegerType::get(context, 32)));
  return success();
}

namespace {

Value loop_index(ImplicitLocOpBuilder& builder, unsigned loop) {
  return builder.create<arith::IndexCastOp>(builder.getI32Type(), builder.create<linalg::IndexOp>(loop));
}

}  // namespace

void ArgmaxOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  // A scalar result gets a dimension of one, because a kernel needs a loop over its results.
  const SmallVector<int64_t> one{1};
  const ArrayRef<int64_t> output = shape_of(getOutput()), shape = output.empty() ? ArrayRef<int64_t>(one) : output;
  SmallVector<int64_t> rows(shape);
  rows.push_back(shape_of(getInput()).back());
  Value input = reshaped(builder, getLoc(), getInput(), rows);
  const unsigned rank = shape.size();
  Value largest = filled(builder, getLoc(), shape, number(element_type(getInput()), -std::numeric_limits<double>::infinity()));
  Value at = filled(builder, getLoc(), shape, number(builder.getI32Type(), 0));
  const AffineMap all = builder.getMultiDimIdentityMap(rank + 1), row = all.getMajorSubMap(rank);
  results[0] = formula_loops(builder, getLoc(), input, {largest, at}, {all, row, row}, rank,
                             [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> SmallVector<Value> {
                               Value larger = scalars.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, x[0], x[1]);
                               return {scalars.create<arith::SelectOp>(larger, x[0], x[1]),
                                       scalars.create<arith::SelectOp>(larger, loop_index(scalars, rank), x[2])};
                             })[1];
  results[0] = reshaped(builder, getLoc(), results[0], output);
}

// top_k_correct

LogicalResult TopKCorrectOp::inferReturnTypes(MLIRContext* context, std::optional<Location> location, Adaptor op,
                                              SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> logits = shape_of(op.getLogits()), labels = shape_of(op.getLabels());
  if (logits.size() != 2 || labels.size() != 1 || labels[0] != logits[0]) {
    return complain(location, getOperationName(),
                    "logits " + shape_text(logits) + " must be [batch, classes] and labels " + shape_text(labels) + " [batch]");
  }
  if (op.getK() < 1) return complain(location, getOperationName(), "k " + Twine(op.getK()) + " must be at least 1");
  types.push_back(RankedTensorType::get({}, IntegerType::get(context, 32)));
  return success();
}

void TopKCorrectOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  const SmallVector<int64_t> rows{shape_of(getLabels())[0]};
  const Type element = element_type(getLogits()), count = builder.getI32Type();
  const AffineMap all = builder.getMultiDimIdentityMap(2), row = all.getMajorSubMap(1);
  Value own = formula_loops(builder, location, {getLogits(), getLabels()}, filled(builder, location, rows, number(element, 0)),
                            {all, row, row}, 1, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> SmallVector<Value> {
                              Value here =
                                  scalars.create<arith::CmpIOp>(arith::CmpIPredicate::eq, loop_index(scalars, 1), x[1]);
                              Value value = scalars.create<arith::SelectOp>(here, x[0], scalar_constant(scalars, element, 0));
                              return {scalars.create<arith::AddFOp>(x[2], value)};
                            })[0];
  // UGT is also true when either side is a NaN, so that a NaN is never among the first.
  Value ahead =
      formula_loops(builder, location, {getLogits(), getLabels(), own}, filled(builder, location, rows, number(count, 0)),
                    {all, row, row, row}, 1, [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> SmallVector<Value> {
                      Value larger = scalars.create<arith::CmpFOp>(arith::CmpFPredicate::UGT, x[0], x[2]);
                      Value equal = scalars.create<arith::CmpFOp>(arith::CmpFPredicate::OEQ, x[0], x[2]);
                      Value before = scalars.create<arith::CmpIOp>(arith::CmpIPredicate::slt, loop_index(scalars, 1), x[1]);
                      Value first = scalars.create<arith::OrIOp>(larger, scalars.create<arith::AndIOp>(equal, before));
                      Value one = scalars.create<arith::SelectOp>(first, scalar_constant(scalars, count, 1),
                                                                  scalar_constant(scalars, count, 0));
                      return {scalars.create<arith::AddIOp>(x[3], one)};
                    })[0];
  Arithmetic a(builder, location, ahead);
  results[0] = a.sum(a.select(ahead, "lt", static_cast<double>(getK()), 1, 0), {0});
}

}  // namespace fovea::dialect
