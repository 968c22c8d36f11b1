// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/linalg_builders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace fovea::dialect {

TypedAttr number(Type element, double value) {
  if (isa<FloatType>(element)) return FloatAttr::get(element, value);
  return IntegerAttr::get(element, static_cast<int64_t>(value));
}

Value scalar_constant(ImplicitLocOpBuilder& builder, Type element, double value) {
  return builder.create<arith::ConstantOp>(number(element, value));
}

Value empty(OpBuilder& builder, Location location, ArrayRef<int64_t> shape, Type element) {
  return builder.create<tensor::EmptyOp>(location, shape, element);
}

Value filled(OpBuilder& builder, Location location, ArrayRef<int64_t> shape, TypedAttr value) {
  Value scalar = builder.create<arith::ConstantOp>(location, value);
  return builder.create<linalg::FillOp>(location, scalar, empty(builder, location, shape, value.getType())).getResult(0);
}

Value reshaped(OpBuilder& builder, Location location, Value value, ArrayRef<int64_t> shape) {
  const RankedTensorType from = tensor_type(value), to = with_shape(value, shape);
  if (from == to) return value;
  if (from.getRank() != to.getRank()) {
    if (const auto groups = getReassociationIndicesForReshape(from, to)) {
      if (from.getRank() > to.getRank()) return builder.create<tensor::CollapseShapeOp>(location, to, value, *groups);
      return builder.create<tensor::ExpandShapeOp>(location, to, value, *groups);
    }
  }
  // Neither shape refines the other, so the reshape goes through one dimension.
  ReassociationIndices all_from, all_to;
  for (int64_t dim = 0; dim < from.getRank(); ++dim) all_from.push_back(dim);
  for (int64_t dim = 0; dim < to.getRank(); ++dim) all_to.push_back(dim);
  const RankedTensorType flat = with_shape(value, {from.getNumElements()});
  if (from.getRank() != 1) value = builder.create<tensor::CollapseShapeOp>(location, flat, value, ArrayRef{all_from});
  if (to.getRank() != 1) value = builder.create<tensor::ExpandShapeOp>(location, to, value, ArrayRef{all_to});
  return value;
}

Value padded(OpBuilder& builder, Location location, Value value, ArrayRef<int64_t> before, ArrayRef<int64_t> after,
             TypedAttr filling) {
  if (llvm::all_of(before, [](int64_t cells) { return cells == 0; }) &&
      llvm::all_of(after, [](int64_t cells) { return cells == 0; }))
    return value;
  SmallVector<int64_t> shape(shape_of(value));
  SmallVector<OpFoldResult> low, high;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    shape[dim] += before[dim] + after[dim];
    low.push_back(builder.getIndexAttr(before[dim]));
    high.push_back(builder.getIndexAttr(after[dim]));
  }
  Value scalar = builder.create<arith::ConstantOp>(location, filling);
  return builder.create<tensor::PadOp>(location, with_shape(value, shape), value, low, high, scalar);
}

namespace {

SmallVector<OpFoldResult> indices(OpBuilder& builder, ArrayRef<int64_t> values) {
  return getAsIndexOpFoldResult(builder.getContext(), values);
}

// The operand without the dimensions along which it is repeated, and the affine map that reads it.
std::pair<Value, AffineMap> broadcast_operand(OpBuilder& builder, Location location, Value operand, ArrayRef<int64_t> result) {
  const ArrayRef<int64_t> shape = shape_of(operand);
  const size_t missing = result.size() - shape.size();
  SmallVector<int64_t> kept;
  SmallVector<AffineExpr> read;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    if (shape[dim] == 1 && result[missing + dim] != 1) continue;
    kept.push_back(shape[dim]);
    read.push_back(builder.getAffineDimExpr(missing + dim));
  }
  return {reshaped(builder, location, operand, kept), AffineMap::get(result.size(), 0, read, builder.getContext())};
}

}  // namespace

Value sliced(OpBuilder& builder, Location location, Value value, ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
             ArrayRef<int64_t> strides) {
  return builder.create<tensor::ExtractSliceOp>(location, value, indices(builder, offsets), indices(builder, sizes),
                                                indices(builder, strides));
}

Value inserted(OpBuilder& builder, Location location, Value value, Value into, ArrayRef<int64_t> offsets,
               ArrayRef<int64_t> strides) {
  return builder.create<tensor::InsertSliceOp>(location, value, into, indices(builder, offsets),
                                               indices(builder, shape_of(value)), indices(builder, strides));
}

Value elementwise(OpBuilder& builder, Location location, ValueRange operands, RankedTensorType result, ScalarBody body) {
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  SmallVector<TypedAttr> constants(operands.size());
  for (auto [index, operand] : llvm::enumerate(operands)) {
    if (DenseElementsAttr value; matchPattern(operand, m_Constant(&value)) && value.isSplat()) {
      constants[index] = cast<TypedAttr>(value.getSplatValue<Attribute>());
      continue;
    }
    auto [input, map] = broadcast_operand(builder, location, operand, result.getShape());
    inputs.push_back(input);
    maps.push_back(map);
  }
  maps.push_back(builder.getMultiDimIdentityMap(result.getRank()));
  Value into = empty(builder, location, result.getShape(), result.getElementType());
  return formula_loops(builder, location, inputs, into, maps, result.getRank(),
                       [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) -> SmallVector<Value> {
                         SmallVector<Value> values;
                         size_t next = 0;
                         for (TypedAttr constant : constants)
                           values.push_back(constant ? Value(scalars.create<arith::ConstantOp>(constant)) : arguments[next++]);
                         return {body(scalars, values)};
                       })[0];
}

SmallVector<Value> formula_loops(OpBuilder& builder, Location location, ValueRange inputs, ValueRange outputs,
                                 ArrayRef<AffineMap> maps, unsigned parallel, ScalarsBody body) {
  SmallVector<utils::IteratorType> iterators(parallel, utils::IteratorType::parallel);
  iterators.resize(maps[0].getNumDims(), utils::IteratorType::reduction);
  auto loops = builder.create<linalg::GenericOp>(location, outputs.getTypes(), inputs, outputs, maps, iterators,
                                                 [&](OpBuilder& nested, Location at, ValueRange arguments) {
                                                   ImplicitLocOpBuilder scalars(at, nested);
                                                   const SmallVector<Value> values = body(scalars, arguments);
                                                   scalars.create<linalg::YieldOp>(values);
                                                 });
  return loops.getResults();
}

Value extended(ImplicitLocOpBuilder& builder, Value integer, bool is_signed) {
  if (integer.getType().isSignlessInteger(32)) return integer;
  if (is_signed) return builder.create<arith::ExtSIOp>(builder.getI32Type(), integer);
  return builder.create<arith::ExtUIOp>(builder.getI32Type(), integer);
}

namespace {

Value integer_contraction(OpBuilder& builder, Location location, Value lhs, Value rhs, ArrayRef<int64_t> shape,
                          ArrayRef<AffineMap> maps, unsigned parallel, Signs signs) {
  const Type sum = signs.wide ? builder.getI64Type() : builder.getI32Type();
  Value into = filled(builder, location, shape, number(sum, 0));
  return formula_loops(builder, location, {lhs, rhs}, into, maps, parallel,
                       [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) -> SmallVector<Value> {
                         // The factors are extended to the width of the sum, because code generation recognizes a sum of
                         // products by that.
                         const auto factor = [&](Value integer, bool is_signed) -> Value {
                           if (!signs.wide) return extended(scalars, integer, is_signed);
                           if (is_signed) return scalars.create<arith::ExtSIOp>(sum, integer);
                           return scalars.create<arith::ExtUIOp>(sum, integer);
                         };
                         Value left = factor(arguments[0], signs.lhs), right = factor(arguments[1], signs.rhs);
                         if (signs.rhs_zero != 0) {
                           Value zero = scalars.create<arith::ConstantOp>(IntegerAttr::get(sum, signs.rhs_zero));
                           right = scalars.create<arith::SubIOp>(right, zero);
                         }
                         return {scalars.create<arith::AddIOp>(arguments[2], scalars.create<arith::MulIOp>(left, right))};
                       })[0];
}

}  // namespace

Value contraction(OpBuilder& builder, Location location, Value lhs, Value rhs, ArrayRef<int64_t> shape,
                  ArrayRef<AffineMap> maps, unsigned parallel, Signs signs) {
  const Type element = element_type(lhs);
  if (isa<IntegerType>(element)) return integer_contraction(builder, location, lhs, rhs, shape, maps, parallel, signs);
  const bool narrow = element.getIntOrFloatBitWidth() < 32;
  const Type sum = narrow ? builder.getF32Type() : element;
  Value into = filled(builder, location, shape, number(sum, 0));
  Value result = formula_loops(builder, location, {lhs, rhs}, into, maps, parallel,
                               [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) -> SmallVector<Value> {
                                 Value left = arguments[0], right = arguments[1];
                                 if (narrow) {
                                   left = scalars.create<arith::ExtFOp>(sum, left);
                                   right = scalars.create<arith::ExtFOp>(sum, right);
                                 }
                                 Value product = scalars.create<arith::MulFOp>(left, right);
                                 return {scalars.create<arith::AddFOp>(arguments[2], product)};
                               })[0];
  if (!narrow) return result;
  return elementwise(builder, location, result, RankedTensorType::get(shape, element),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) -> Value {
                       return scalars.create<arith::TruncFOp>(element, arguments[0]);
                     });
}

}  // namespace fovea::dialect
