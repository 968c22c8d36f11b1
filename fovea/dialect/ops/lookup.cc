// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/ops/lookup.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

// How often each cell is repeated, if the indices do nothing else; otherwise 0.
int64_t repetition(ArrayRef<int64_t> indices, int64_t cells) {
  if (static_cast<int64_t>(indices.size()) % cells != 0) return 0;
  const int64_t times = static_cast<int64_t>(indices.size()) / cells;
  for (size_t at = 0; at < indices.size(); ++at)
    if (indices[at] != static_cast<int64_t>(at) / times) return 0;
  return times;
}

}  // namespace

Value selected(OpBuilder& builder, Location location, Value asked, AffineMap asked_map, Value choices, AffineMap choices_map,
               ArrayRef<int64_t> shape) {
  const unsigned loop = shape.size();
  const AffineMap write = AffineMap::getMultiDimIdentityMap(loop + 1, builder.getContext()).getMajorSubMap(loop);
  const Type number_type = element_type(asked);
  Value into = filled(builder, location, shape, number(element_type(choices), 0));
  return formula_loops(builder, location, {asked, choices}, into, {asked_map, choices_map, write}, loop,
                       [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> SmallVector<Value> {
                         Value index = scalars.create<linalg::IndexOp>(loop);
                         const bool narrow = number_type.getIntOrFloatBitWidth() < 32;
                         index = scalars.create<arith::IndexCastOp>(narrow ? scalars.getI32Type() : number_type, index);
                         if (narrow) index = scalars.create<arith::TruncIOp>(number_type, index);
                         Value here = scalars.create<arith::CmpIOp>(arith::CmpIPredicate::eq, x[0], index);
                         return {scalars.create<arith::SelectOp>(here, x[1], x[2])};
                       })[0];
}

Value looked_up(OpBuilder& builder, Location location, Value integers, DenseElementsAttr table) {
  const ArrayRef<int64_t> shape = shape_of(integers);
  const unsigned rank = shape.size();
  const AffineMap each = AffineMap::getMultiDimIdentityMap(rank + 1, builder.getContext()).getMajorSubMap(rank);
  const AffineMap entry = AffineMap::get(rank + 1, 0, builder.getAffineDimExpr(rank), builder.getContext());
  Value choices = builder.create<arith::ConstantOp>(location, table);
  return selected(builder, location, integers, each, choices, entry, shape);
}

Value picked(OpBuilder& builder, Location location, Value image, int64_t dim, ArrayRef<int64_t> indices) {
  SmallVector<int64_t> shape(shape_of(image));
  const int64_t cells = shape[dim];
  const unsigned rank = shape.size();
  const int64_t times = repetition(indices, cells);
  if (times == 1) return image;
  shape[dim] = static_cast<int64_t>(indices.size());
  if (times > 1) {
    SmallVector<int64_t> apart(shape), one(shape);
    apart[dim] = one[dim] = cells;
    apart.insert(apart.begin() + dim + 1, times);
    one.insert(one.begin() + dim + 1, 1);
    Value repeated = elementwise(builder, location, reshaped(builder, location, image, one),
                                 RankedTensorType::get(apart, element_type(image)),
                                 [](ImplicitLocOpBuilder&, ValueRange x) -> Value { return x[0]; });
    return reshaped(builder, location, repeated, shape);
  }
  const SmallVector<int32_t> numbers(indices.begin(), indices.end());
  const auto type = RankedTensorType::get({shape[dim]}, builder.getI32Type());
  Value asked = builder.create<arith::ConstantOp>(location, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
  const AffineMap asked_map = AffineMap::get(rank + 1, 0, builder.getAffineDimExpr(dim), builder.getContext());
  SmallVector<AffineExpr> read;
  for (unsigned at = 0; at < rank; ++at) read.push_back(builder.getAffineDimExpr(at == dim ? rank : at));
  return selected(builder, location, asked, asked_map, image, AffineMap::get(rank + 1, 0, read, builder.getContext()), shape);
}

}  // namespace fovea::dialect
