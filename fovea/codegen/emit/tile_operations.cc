// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/tile_operations.h"

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/IR/IRMapping.h>

#include <numeric>

#include "fovea/codegen/kernel/dot_product_packing.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

SmallVector<unsigned> TileOperations::tile_dims(bool with_reduced) const {
  SmallVector<unsigned> dims;
  for (const unsigned dim : tiling_.tile_order)
    if (with_reduced || !root_.reduced[dim]) dims.push_back(dim);
  return dims;
}

SmallVector<int64_t> TileOperations::tile_shape(ArrayRef<unsigned> dims, const TilePosition& position) {
  SmallVector<int64_t> shape;
  for (const unsigned dim : dims) shape.push_back(position.size[dim]);
  return shape;
}

TileOperand TileOperations::read(const Access& access, ArrayRef<LinearForm> forms, ArrayRef<unsigned> order,
                                 const TilePosition& position, const TileState& state) {
  if (access.scalar) return {{}, function_.constant(access.scalar), {}};
  const Value tensor = function_.argument(access.tensor, state);
  TileBuilder::Slice slice;
  SmallVector<AffineExpr> map;
  for (auto [coordinate, form] : llvm::enumerate(forms)) {
    Index offset = t_.constant(form.constant - access.low(static_cast<unsigned>(coordinate)));
    int64_t size = 1, stride = 1;
    bool kept = false;
    for (unsigned dim = 0; dim < rank_; ++dim) {
      if (form.coefficients[dim] == 0) continue;
      offset = t_.add(offset, t_.multiply(position.at[dim], form.coefficients[dim]));
      const auto* listed = llvm::find(order, dim);
      if (listed == order.end()) continue;
      if (kept || form.coefficients[dim] < 0)
        fail("kernel @{}: two tiled dimensions share a coordinate", function_.kernel_name());
      kept = true;
      size = position.size[dim];
      stride = form.coefficients[dim];
      map.push_back(t_.builder.getAffineDimExpr(static_cast<unsigned>(listed - order.begin())));
    }
    slice.offsets.push_back(offset);
    slice.sizes.push_back(size);
    slice.strides.push_back(stride);
    slice.kept.push_back(kept);
  }
  if (map.empty()) return {{}, t_.element(tensor, slice.offsets), {}};
  return {t_.read(tensor, slice), {}, AffineMap::get(static_cast<unsigned>(order.size()), 0, map, t_.builder.getContext())};
}

TileOperand TileOperations::root_input(const PackedInputs& packed, size_t input, ArrayRef<unsigned> order,
                                       const TilePosition& position, const TileState& state) {
  const Access& access = root_.inputs[input];
  const bool ahead = tiling_.packing[input] == Packing::prepacked;
  const std::optional<size_t> place = packed.places()[input];
  if (!place && !ahead) return read(access, linear_forms(access, rank_), order, position, state);
  SmallVector<unsigned> listed;
  const ArrayRef<Index> origin = place ? ArrayRef<Index>(position.origins[input]) : ArrayRef<Index>();
  const TileBuilder::Slice slice = packed[input].slice(t_, origin, position.at, position.size, order, listed);
  const Value copy = ahead ? function_.argument(access.tensor, state) : state[*place];
  const Value view = packed[input].view(t_, copy);
  if (listed.empty()) return {{}, t_.element(view, slice.offsets), {}};
  SmallVector<AffineExpr> map;
  for (const unsigned dim : listed)
    map.push_back(t_.builder.getAffineDimExpr(static_cast<unsigned>(llvm::find(order, dim) - order.begin())));
  return {t_.read(view, slice), {}, AffineMap::get(static_cast<unsigned>(order.size()), 0, map, t_.builder.getContext())};
}

// The operands of a contraction are converted tile by tile, so that a plain contraction is left for vectorization.
TileOperand TileOperations::factor(const PackedInputs& packed, size_t input, ArrayRef<unsigned> order,
                                   const TilePosition& position, const TileState& state) {
  TileOperand operand = root_input(packed, input, order, position, state);
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

// The body of a contraction on converted operands: their product added to the sum, of groups or of numbers.
Value TileOperations::product_added(Value left, Value right, Value sum) {
  Operation *product = nullptr, *total = nullptr;
  if (isa<FloatType>(sum.getType())) {
    product = t_.builder.create<arith::MulFOp>(t_.location, left, right);
    total = t_.builder.create<arith::AddFOp>(t_.location, sum, product->getResult(0));
  } else {
    product = t_.builder.create<arith::MulIOp>(t_.location, left, right);
    total = t_.builder.create<arith::AddIOp>(t_.location, sum, product->getResult(0));
  }
  if (root_.product != DotProduct::none)
    for (Operation* op : {product, total}) op->setAttr(dot_product_mark, t_.builder.getUnitAttr());
  return total->getResult(0);
}

SmallVector<Value> TileOperations::apply_root(ArrayRef<TileOperand> inputs, ValueRange outs, ArrayRef<unsigned> order,
                                              ArrayRef<Value> starts, const TilePosition& position) {
  SmallVector<unsigned> all(rank_);
  std::iota(all.begin(), all.end(), 0);
  return apply(root_.op, inputs, outs, order, all, starts, position);
}

SmallVector<Value> TileOperations::apply(linalg::GenericOp op, ArrayRef<TileOperand> inputs, ValueRange outs,
                                         ArrayRef<unsigned> order, ArrayRef<unsigned> domain_dims, ArrayRef<Value> starts,
                                         const TilePosition& position) {
  SmallVector<Value> tiles;
  SmallVector<AffineMap> maps;
  for (const TileOperand& input : inputs) {
    if (!input.tile) continue;
    tiles.push_back(input.tile);
    maps.push_back(input.map);
  }
  SmallVector<AffineExpr> kept;
  SmallVector<utils::IteratorType> iterators;
  const bool lanes = tiling_.reduces_lanes(root_);
  for (size_t i = 0; i < order.size(); ++i) {
    const bool depth = starts.empty() && root_.reduced[order[i]] && !lanes;
    iterators.push_back(depth ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    if (!depth) kept.push_back(t_.builder.getAffineDimExpr(static_cast<unsigned>(i)));
  }
  maps.append(outs.size(), AffineMap::get(static_cast<unsigned>(order.size()), 0, kept, t_.builder.getContext()));

  IRMapping mapping;
  Block& body = *op.getBody();
  for (Operation& inner : body)
    for (Value operand : inner.getOperands())
      if (operand.getParentBlock() != &body && !mapping.contains(operand)) mapping.map(operand, function_.constant(operand));
  SmallVector<Value> first_values;
  for (Value start : starts) first_values.push_back(start ? function_.constant(start) : Value());
  auto generic = t_.builder.create<linalg::GenericOp>(t_.location, TypeRange(outs), tiles, outs, maps, iterators);
  OpBuilder::InsertionGuard guard(t_.builder);
  Block* block = t_.builder.createBlock(&generic.getRegion());
  for (Value tile : tiles) block->addArgument(getElementTypeOrSelf(tile.getType()), t_.location);
  for (Value out : outs) block->addArgument(getElementTypeOrSelf(out.getType()), t_.location);
  size_t next = 0;
  for (size_t i = 0; i < inputs.size(); ++i)
    mapping.map(body.getArgument(static_cast<unsigned>(i)),
                inputs[i].tile ? Value(block->getArgument(static_cast<unsigned>(next++))) : inputs[i].scalar);
  for (size_t i = 0; i < outs.size(); ++i) {
    // Where nothing is reduced, a body that reads its result reads the initial value, not memory.
    const bool started = !starts.empty() && starts[i];
    mapping.map(body.getArgument(static_cast<unsigned>(inputs.size() + i)),
                started ? first_values[i] : Value(block->getArgument(static_cast<unsigned>(next + i))));
  }
  t_.builder.setInsertionPointToStart(block);
  if (op == root_.op && kernel_.is_contraction()) {
    auto argument = [&](unsigned i) { return mapping.lookup(body.getArgument(i)); };
    Value total = product_added(argument(0), argument(1), argument(2));
    t_.builder.create<linalg::YieldOp>(t_.location, total);
  } else {
    copy_body(body, mapping, order, domain_dims, position);
  }
  return {generic.getResults().begin(), generic.getResults().end()};
}

// A linalg.index within a tile becomes an index of the whole domain.
void TileOperations::copy_body(Block& body, IRMapping& mapping, ArrayRef<unsigned> order, ArrayRef<unsigned> domain_dims,
                               const TilePosition& position) {
  for (Operation& inner : body) {
    auto index = dyn_cast<linalg::IndexOp>(inner);
    if (!index) {
      t_.builder.clone(inner, mapping);
      continue;
    }
    const unsigned dim = domain_dims[static_cast<size_t>(index.getDim())];
    const auto* listed = llvm::find(order, dim);
    Value at = t_.value(position.at[dim]);
    if (listed != order.end()) {
      Value local = t_.builder.create<linalg::IndexOp>(t_.location, static_cast<int64_t>(listed - order.begin()));
      at = t_.builder.create<arith::AddIOp>(t_.location, local, at);
    }
    mapping.map(index.getResult(), at);
  }
}

}  // namespace fovea
