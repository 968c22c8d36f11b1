// SPDX-License-Identifier: Apache-2.0
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/IR/IRMapping.h>

#include "fovea/codegen/emit/tile_writer.h"
#include "fovea/codegen/kernel/dot_product_packing.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

SmallVector<unsigned> TileWriter::tile_dims(bool with_reduced) const {
  SmallVector<unsigned> dims;
  for (unsigned dim : tiling_.tile_order)
    if (with_reduced || !root_.reduced[dim]) dims.push_back(dim);
  return dims;
}

SmallVector<int64_t> TileWriter::tile_shape(ArrayRef<unsigned> dims) const {
  SmallVector<int64_t> shape;
  for (unsigned dim : dims) shape.push_back(size_[dim]);
  return shape;
}

TileWriter::Operand TileWriter::operand_tile(const Access& access, ArrayRef<LinearForm> forms, ArrayRef<unsigned> order,
                                             const State& state) {
  if (access.scalar) return {{}, here(access.scalar), {}};
  const Value tensor = argument_now(access.tensor, state);
  TileBuilder::Slice slice;
  SmallVector<AffineExpr> map;
  for (auto [coordinate, form] : llvm::enumerate(forms)) {
    Index offset = t_.constant(form.constant - (access.padded() ? access.pad_low[coordinate] : 0));
    int64_t size = 1, stride = 1;
    bool kept = false;
    for (unsigned dim = 0; dim < rank_; ++dim) {
      if (form.coefficients[dim] == 0) continue;
      offset = t_.add(offset, t_.multiply(cursor_[dim], form.coefficients[dim]));
      const auto* position = llvm::find(order, dim);
      if (position == order.end()) continue;
      if (kept || form.coefficients[dim] < 0) fail("kernel @{}: two tiled dimensions share a coordinate", name());
      kept = true;
      size = size_[dim];
      stride = form.coefficients[dim];
      map.push_back(builder_.getAffineDimExpr(static_cast<unsigned>(position - order.begin())));
    }
    slice.offsets.push_back(offset);
    slice.sizes.push_back(size);
    slice.strides.push_back(stride);
    slice.kept.push_back(kept);
  }
  if (map.empty()) return {{}, t_.element(tensor, slice.offsets), {}};
  return {t_.read(tensor, slice), {}, AffineMap::get(static_cast<unsigned>(order.size()), 0, map, builder_.getContext())};
}

TileWriter::Operand TileWriter::root_operand(size_t input, ArrayRef<unsigned> order, const State& state) {
  const Access& access = root_.inputs[input];
  const bool ahead = tiling_.packing[input] == Packing::prepacked;
  if (packed_state_[input] < 0 && !ahead) return operand_tile(access, forms_of(access, rank_), order, state);
  SmallVector<unsigned> listed;
  const TileBuilder::Slice slice = packed_[input].slice(t_, cursor_, size_, order, listed);
  const Value packed = ahead ? argument_now(access.tensor, state) : state[static_cast<size_t>(packed_state_[input])];
  const Value view = packed_[input].view(t_, packed);
  if (listed.empty()) return {{}, t_.element(view, slice.offsets), {}};
  SmallVector<AffineExpr> map;
  for (unsigned dim : listed)
    map.push_back(builder_.getAffineDimExpr(static_cast<unsigned>(llvm::find(order, dim) - order.begin())));
  return {t_.read(view, slice), {}, AffineMap::get(static_cast<unsigned>(order.size()), 0, map, builder_.getContext())};
}

// A contraction's operands are converted tile by tile, so that what is left is a plain contraction.
TileWriter::Operand TileWriter::factor(size_t input, Operand operand) {
  if (!kernel_.is_contraction() || root_.product != DotProduct::none) return operand;
  const SmallVector<Operation*> conversion = kernel_.conversion(input);
  if (conversion.empty()) return operand;
  Value& value = operand.tile ? operand.tile : operand.scalar;
  value = t_.mapped(value, conversion.back()->getResult(0).getType(), [&](OpBuilder& builder, Location, Value number) {
    for (Operation* step : conversion) {
      IRMapping mapping;
      mapping.map(step->getOperand(0), number);
      for (Value constant : step->getOperands().drop_front())
        mapping.map(constant, builder.clone(*constant.getDefiningOp())->getResult(0));
      number = builder.clone(*step, mapping)->getResult(0);
    }
    return number;
  });
  return operand;
}

// A contraction's body on converted operands: their product added to the sum, of groups or of numbers.
Value TileWriter::product_added(Value left, Value right, Value sum) {
  Operation *product = nullptr, *total = nullptr;
  if (isa<FloatType>(sum.getType())) {
    product = builder_.create<arith::MulFOp>(t_.location, left, right);
    total = builder_.create<arith::AddFOp>(t_.location, sum, product->getResult(0));
  } else {
    product = builder_.create<arith::MulIOp>(t_.location, left, right);
    total = builder_.create<arith::AddIOp>(t_.location, sum, product->getResult(0));
  }
  if (root_.product != DotProduct::none)
    for (Operation* op : {product, total}) op->setAttr(dot_product_mark, builder_.getUnitAttr());
  return total->getResult(0);
}

// The linalg operation of `op` on one tile. `order` are the root's dimensions the tile runs over; `domain_dims` names, for each
// dimension of the op's own domain, the root's.
SmallVector<Value> TileWriter::apply(linalg::GenericOp op, ArrayRef<Operand> inputs, ValueRange outs, ArrayRef<unsigned> order,
                                     ArrayRef<unsigned> domain_dims, ArrayRef<Value> starts) {
  SmallVector<Value> tiles;
  SmallVector<AffineMap> maps;
  for (const Operand& input : inputs) {
    if (!input.tile) continue;
    tiles.push_back(input.tile);
    maps.push_back(input.map);
  }
  SmallVector<AffineExpr> kept;
  SmallVector<utils::IteratorType> iterators;
  for (size_t position = 0; position < order.size(); ++position) {
    const bool depth = starts.empty() && root_.reduced[order[position]] && !tiling_.lane_reduction;
    iterators.push_back(depth ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    if (!depth) kept.push_back(builder_.getAffineDimExpr(static_cast<unsigned>(position)));
  }
  const AffineMap output = AffineMap::get(static_cast<unsigned>(order.size()), 0, kept, builder_.getContext());
  maps.append(outs.size(), output);

  IRMapping mapping;
  Block& body = *op.getBody();
  for (Operation& inner : body)
    for (Value operand : inner.getOperands())
      if (operand.getParentBlock() != &body && !mapping.contains(operand)) mapping.map(operand, here(operand));
  SmallVector<Value> first_values;
  for (Value start : starts) first_values.push_back(start ? here(start) : Value());
  auto generic = builder_.create<linalg::GenericOp>(t_.location, TypeRange(outs), tiles, outs, maps, iterators);
  OpBuilder::InsertionGuard guard(builder_);
  Block* block = builder_.createBlock(&generic.getRegion());
  for (Value tile : tiles) block->addArgument(getElementTypeOrSelf(tile.getType()), t_.location);
  for (Value out : outs) block->addArgument(getElementTypeOrSelf(out.getType()), t_.location);
  size_t next = 0;
  for (size_t i = 0; i < inputs.size(); ++i)
    mapping.map(body.getArgument(static_cast<unsigned>(i)),
                inputs[i].tile ? Value(block->getArgument(static_cast<unsigned>(next++))) : inputs[i].scalar);
  for (size_t i = 0; i < outs.size(); ++i) {
    // Where nothing is reduced, what a body reads of its result is the number it starts from, not what lies in memory.
    const bool started = !starts.empty() && starts[i];
    mapping.map(body.getArgument(static_cast<unsigned>(inputs.size() + i)),
                started ? first_values[i] : Value(block->getArgument(static_cast<unsigned>(next + i))));
  }
  builder_.setInsertionPointToStart(block);
  if (op == root_.op && kernel_.is_contraction()) {
    auto argument = [&](unsigned i) { return mapping.lookup(body.getArgument(i)); };
    Value total = product_added(argument(0), argument(1), argument(2));
    builder_.create<linalg::YieldOp>(t_.location, total);
    return {generic.getResults().begin(), generic.getResults().end()};
  }
  for (Operation& inner : body) {
    auto index = dyn_cast<linalg::IndexOp>(inner);
    if (!index) {
      builder_.clone(inner, mapping);
      continue;
    }
    const unsigned dim = domain_dims[static_cast<size_t>(index.getDim())];
    const auto* position = llvm::find(order, dim);
    Value at = t_.value(cursor_[dim]);
    if (position != order.end()) {
      Value local = builder_.create<linalg::IndexOp>(t_.location, static_cast<int64_t>(position - order.begin()));
      at = builder_.create<arith::AddIOp>(t_.location, local, at);
    }
    mapping.map(index.getResult(), at);
  }
  return {generic.getResults().begin(), generic.getResults().end()};
}

}  // namespace fovea
