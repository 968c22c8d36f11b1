// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/tile_builder.h"

#include <mlir/Dialect/Affine/IR/AffineOps.h>
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Bufferization/IR/Bufferization.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/Dialect/MemRef/IR/MemRef.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>
#include <mlir/Dialect/Utils/StaticValueUtils.h>

#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

using namespace mlir;

Value TileBuilder::value(Index index) { return getValueOrCreateConstantIndexOp(builder, location, index); }

Index TileBuilder::add(Index a, Index b) {
  AffineExpr x = builder.getAffineDimExpr(0), y = builder.getAffineDimExpr(1);
  return affine::makeComposedFoldedAffineApply(builder, location, x + y, {a, b});
}

Index TileBuilder::subtract(Index a, Index b) { return add(a, multiply(b, -1)); }

Index TileBuilder::multiply(Index a, int64_t factor) {
  return affine::makeComposedFoldedAffineApply(builder, location, builder.getAffineDimExpr(0) * factor, {a});
}

Index TileBuilder::divide(Index a, int64_t divisor) {
  if (divisor == 1) return a;
  if (auto number = known(a)) return constant(*number / divisor);
  return builder.createOrFold<arith::DivUIOp>(location, value(a), value(constant(divisor)));
}

Index TileBuilder::remainder(Index a, int64_t divisor) {
  if (divisor == 1) return constant(0);
  if (auto number = known(a)) return constant(*number % divisor);
  return builder.createOrFold<arith::RemUIOp>(location, value(a), value(constant(divisor)));
}

Index TileBuilder::least(Index a, Index b) {
  if (known(a) && known(b)) return constant(std::min(*known(a), *known(b)));
  return builder.createOrFold<arith::MinSIOp>(location, value(a), value(b));
}

Index TileBuilder::greatest(Index a, Index b) {
  if (known(a) && known(b)) return constant(std::max(*known(a), *known(b)));
  return builder.createOrFold<arith::MaxSIOp>(location, value(a), value(b));
}

void TileBuilder::loop(Index begin, Index end, int64_t step, SmallVectorImpl<Value>& carried, Body body) {
  const auto first = known(begin), last = known(end);
  if (first && last) {
    if (*first >= *last) return;
    if (*first + step >= *last) return body(begin, carried);
  }
  auto loop = builder.create<scf::ForOp>(location, value(begin), value(end), value(constant(step)), carried);
  OpBuilder::InsertionGuard guard(builder);
  if (carried.empty()) {
    builder.setInsertionPointToStart(loop.getBody());
  } else {
    builder.setInsertionPointToEnd(loop.getBody());
  }
  SmallVector<Value> inside(loop.getRegionIterArgs());
  body(Index(loop.getInductionVar()), inside);
  if (!carried.empty()) builder.create<scf::YieldOp>(location, inside);
  carried.assign(loop.getResults().begin(), loop.getResults().end());
}

SmallVector<int64_t> TileBuilder::Slice::shape() const {
  SmallVector<int64_t> shape;
  for (size_t i = 0; i < sizes.size(); ++i)
    if (kept[i]) shape.push_back(sizes[i]);
  return shape;
}

namespace {
SmallVector<OpFoldResult> attributes(OpBuilder& builder, ArrayRef<int64_t> numbers) {
  SmallVector<OpFoldResult> result;
  for (const int64_t number : numbers) result.push_back(builder.getIndexAttr(number));
  return result;
}
}  // namespace

Value TileBuilder::read(Value tensor, const Slice& slice) {
  const Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  return builder.create<tensor::ExtractSliceOp>(location, RankedTensorType::get(slice.shape(), element), tensor, slice.offsets,
                                                attributes(builder, slice.sizes), attributes(builder, slice.strides));
}

Value TileBuilder::write(Value tile, Value tensor, const Slice& slice) {
  // An insert_slice into a tensor of rank 0 would fold to the tile itself, which is not the tensor's memory.
  if (cast<RankedTensorType>(tensor.getType()).getRank() == 0) {
    Value scalar = builder.create<tensor::ExtractOp>(location, tile, ValueRange{});
    return builder.create<tensor::InsertOp>(location, scalar, tensor, ValueRange{});
  }
  return builder.create<tensor::InsertSliceOp>(location, tile, tensor, slice.offsets, attributes(builder, slice.sizes),
                                               attributes(builder, slice.strides));
}

bool TileBuilder::covers(const Slice& slice, RankedTensorType type) {
  return ArrayRef<int64_t>(slice.sizes) == type.getShape() &&
         llvm::all_of(slice.offsets, [](Index offset) { return known(offset) == 0; });
}

// Shifts the end of the range of grid tiles, which is never negative, right by 63 bits.
Index TileBuilder::hidden_zero() {
  auto function = builder.getInsertionBlock()->getParentOp()->getParentOfType<func::FuncOp>();
  if (!function) function = cast<func::FuncOp>(builder.getInsertionBlock()->getParentOp());
  Value end = function.getArguments().back();
  Value bits = builder.create<arith::ConstantIndexOp>(end.getLoc(), 63);
  return builder.create<arith::ShRUIOp>(end.getLoc(), end, bits).getResult();
}

Value TileBuilder::element(Value tensor, ArrayRef<Index> coordinates) {
  SmallVector<Value> indices;
  for (Index coordinate : coordinates) indices.push_back(value(coordinate));
  return builder.create<tensor::ExtractOp>(location, tensor, indices);
}

void TileBuilder::prefetch(Value tensor, ArrayRef<Index> coordinates, Cache into) {
  const auto type = cast<RankedTensorType>(tensor.getType());
  auto memory = builder.create<bufferization::ToMemrefOp>(location, MemRefType::get(type.getShape(), type.getElementType()),
                                                          tensor, /*read_only=*/true);
  SmallVector<Value> indices;
  for (Index coordinate : coordinates) indices.push_back(value(coordinate));
  builder.create<memref::PrefetchOp>(location, memory, indices, /*isWrite=*/false, static_cast<uint32_t>(into),
                                     /*isDataCache=*/true);
}

Value TileBuilder::empty(ArrayRef<int64_t> shape, Type element) {
  return builder.create<tensor::EmptyOp>(location, shape, element);
}

Value TileBuilder::filled(Value scalar, ArrayRef<int64_t> shape) {
  return builder.create<linalg::FillOp>(location, scalar, empty(shape, scalar.getType())).getResult(0);
}

template <typename Operation>
Value TileBuilder::run(Value flat, Index at, int64_t length, int64_t tile, Operation operation) {
  SmallVector<Value> carried{flat};
  for (const Segment& segment : segments(length, tile, true)) {
    loop(constant(segment.begin), constant(segment.end), segment.tile, carried,
         [&](Index offset, SmallVectorImpl<Value>& inside) {
           Slice slice{{add(at, offset)}, {segment.tile}, {1}, {true}};
           if (covers(slice, cast<RankedTensorType>(flat.getType()))) slice.offsets[0] = hidden_zero();
           inside[0] = operation(inside[0], offset, slice);
         });
  }
  return carried[0];
}

Value TileBuilder::fill_run(Value flat, Index at, int64_t length, Value scalar, int64_t tile) {
  return run(flat, at, length, tile, [&](Value target, Index, const Slice& slice) {
    Value filled = builder.create<linalg::FillOp>(location, scalar, read(target, slice)).getResult(0);
    return write(filled, target, slice);
  });
}

namespace {
// Packs two bf16 numbers into one of 32 bits, the first in the lower half.
Value pair_of(OpBuilder& builder, Location location, ValueRange numbers) {
  const Type word = builder.getI32Type();
  SmallVector<Value> bits;
  for (Value number : numbers.take_front(2)) {
    Value half = builder.create<arith::BitcastOp>(location, builder.getI16Type(), number);
    bits.push_back(builder.create<arith::ExtUIOp>(location, word, half));
  }
  Value shift = builder.create<arith::ConstantOp>(location, builder.getI32IntegerAttr(16));
  Value high = builder.create<arith::ShLIOp>(location, bits[1], shift);
  Value both = builder.create<arith::OrIOp>(location, high, bits[0]);
  return builder.create<arith::BitcastOp>(location, builder.getF32Type(), both);
}
}  // namespace

Value TileBuilder::generic(ValueRange inputs, Value into, AffineMap input_map,
                           llvm::function_ref<Value(OpBuilder&, Location, ValueRange)> body) {
  const auto rank = static_cast<unsigned>(cast<RankedTensorType>(into.getType()).getRank());
  SmallVector<AffineMap> maps(inputs.size(), input_map);
  maps.push_back(builder.getMultiDimIdentityMap(rank));
  return builder
      .create<linalg::GenericOp>(location, into.getType(), inputs, into, maps,
                                 SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
                                 [&](OpBuilder& inner, Location at, ValueRange arguments) {
                                   inner.create<linalg::YieldOp>(at, body(inner, at, arguments));
                                 })
      .getResult(0);
}

Value TileBuilder::mapped(Value from, Type element, Scalar body) {
  auto type = dyn_cast<RankedTensorType>(from.getType());
  if (!type) return body(builder, location, from);
  return generic(from, empty(type.getShape(), element), builder.getMultiDimIdentityMap(static_cast<unsigned>(type.getRank())),
                 [&](OpBuilder& inner, Location at, ValueRange arguments) { return body(inner, at, arguments[0]); });
}

Value TileBuilder::copy_run(Value source, Index from, Value flat, Index at, int64_t length, int64_t tile,
                            int64_t pair_distance) {
  return run(flat, at, length, tile, [&](Value target, Index offset, const Slice& slice) {
    Slice other = slice;
    other.offsets[0] = add(from, offset);
    Value first = read(source, other);
    if (pair_distance == 0) return write(first, target, slice);
    other.offsets[0] = add(other.offsets[0], constant(pair_distance));
    const AffineMap identity = builder.getMultiDimIdentityMap(1);
    return write(generic({first, read(source, other)}, read(target, slice), identity, pair_of), target, slice);
  });
}

Value TileBuilder::copy_tile(Value source, const Slice& from, Value target, const Slice& at, ArrayRef<unsigned> permutation,
                             int pair) {
  const AffineMap source_map = inversePermutation(AffineMap::getPermutationMap(permutation, builder.getContext()));
  SmallVector<Value> inputs{read(source, from)};
  if (pair >= 0) {
    Slice next = from;
    Index& offset = next.offsets[static_cast<size_t>(pair)];
    offset = add(offset, constant(1));
    inputs.push_back(read(source, next));
  }
  Value copy = generic(inputs, read(target, at), source_map, [&](OpBuilder& inner, Location place, ValueRange arguments) {
    return pair >= 0 ? pair_of(inner, place, arguments) : arguments[0];
  });
  return write(copy, target, at);
}

}  // namespace fovea
