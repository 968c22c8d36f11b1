// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/reduction.h"

#include <mlir/Analysis/SliceAnalysis.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>

#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

namespace {

SmallVector<unsigned> reduction_order(const KernelParts& parts) {
  SmallVector<unsigned> order;
  for (unsigned dim = 0; dim < parts.root.reduced.size(); ++dim)
    if (parts.root.reduced[dim]) order.push_back(dim);
  return order;
}

// One step of the reduction: the root op on a tile, added to the accumulators.
void step(KernelParts& parts, const ReductionHints& hints, const TilePosition& position, TileState& accumulators,
          const TileState& state) {
  const SmallVector<unsigned> order = parts.operations.tile_dims(true);
  SmallVector<TileOperand> inputs;
  for (size_t i = 0; i < parts.root.inputs.size(); ++i)
    inputs.push_back(parts.operations.factor(parts.packed, i, order, position, state));
  const bool short_lanes = parts.tiling.reduces_lanes(parts.root) &&
                           position.size[*parts.tiling.vector_dim] != parts.tiling.dims[*parts.tiling.vector_dim].tile;
  SmallVector<Value> outs(accumulators.begin(), accumulators.end());
  // The remainder of a row that is not a whole number of tiles is added to the first lanes of the partial results.
  TileBuilder::Slice part;
  if (short_lanes) {
    for (const int64_t size : TileOperations::tile_shape(order, position)) {
      part.offsets.push_back(parts.t.constant(0));
      part.sizes.push_back(size);
      part.strides.push_back(1);
      part.kept.push_back(true);
    }
    for (Value& out : outs) out = parts.t.read(out, part);
  }
  if (hints.at_step) hints.at_step(position, state);
  const SmallVector<Value> results = parts.operations.apply_root(inputs, outs, order, {}, position);
  for (size_t i = 0; i < results.size(); ++i)
    accumulators[i] = short_lanes ? parts.t.write(results[i], accumulators[i], part) : results[i];
}

SmallVector<Value> accumulate(KernelParts& parts, const ReductionHints& hints, const TilePosition& position,
                              SmallVector<Value> accumulators, const TileState& state) {
  parts.loops.nest(reduction_order(parts), position, accumulators,
                   [&](const TilePosition& here, TileState& sums) { step(parts, hints, here, sums, state); });
  return accumulators;
}

// Combines the partial results of all lanes.
SmallVector<Value> combine_lanes(KernelParts& parts, ArrayRef<Value> accumulators, const TilePosition& position) {
  OpBuilder& builder = parts.t.builder;
  SmallVector<Value> combined;
  linalg::GenericOp op = parts.root.op;
  for (size_t i = 0; i < accumulators.size(); ++i) {
    SmallVector<Operation*> combiners;
    if (!matchReduction(op.getRegionOutputArgs(), static_cast<unsigned>(i), combiners) || combiners.size() != 1)
      fail("kernel @{}: a reduction along rows needs one combining operation", parts.function.kernel_name());
    const SmallVector<unsigned> order = parts.operations.tile_dims(true);
    SmallVector<AffineExpr> results;
    SmallVector<utils::IteratorType> iterators;
    for (size_t at = 0; at < order.size(); ++at) {
      const bool reduce = parts.tiling.is_vector(order[at]);
      iterators.push_back(reduce ? utils::IteratorType::reduction : utils::IteratorType::parallel);
      if (!reduce) results.push_back(builder.getAffineDimExpr(static_cast<unsigned>(at)));
    }
    const auto rank = static_cast<unsigned>(order.size());
    Value init = parts.t.filled(parts.function.constant(parts.root.initial[i]),
                                TileOperations::tile_shape(parts.operations.tile_dims(false), position));
    auto generic = builder.create<linalg::GenericOp>(
        parts.t.location, init.getType(), ValueRange{accumulators[i]}, ValueRange{init},
        ArrayRef<AffineMap>{builder.getMultiDimIdentityMap(rank), AffineMap::get(rank, 0, results, builder.getContext())},
        iterators, [&](OpBuilder& inner, Location at, ValueRange arguments) {
          Operation* copy = inner.clone(*combiners[0]);
          copy->setOperands({arguments[0], arguments[1]});
          inner.create<linalg::YieldOp>(at, copy->getResult(0));
        });
    combined.push_back(generic.getResult(0));
  }
  return combined;
}

TileBuilder::Slice accumulator_slice(KernelParts& parts, const TilePosition& position) {
  TileBuilder::Slice slice;
  for (const unsigned dim : parts.root.output_dims) {
    const bool tiled = parts.tiling.tiled(dim);
    slice.offsets.push_back(parts.t.subtract(position.at[dim], position.start[dim]));
    slice.sizes.push_back(tiled ? position.size[dim] : 1);
    slice.strides.push_back(1);
    slice.kept.push_back(tiled);
  }
  return slice;
}

}  // namespace

void reduce_in_registers(KernelParts& parts, ArrayRef<unsigned> order, const ReductionHints& hints, const TilePosition& block,
                         TileState& state) {
  const TilePosition packed = parts.packed.pack(parts.function, block, state);
  const bool lanes = parts.tiling.reduces_lanes(parts.root);
  parts.loops.nest(order, packed, state, [&](const TilePosition& position, TileState& inside) {
    if (hints.before_tile) hints.before_tile(position, inside);
    TilePosition tile = position;
    if (lanes) tile.size[*parts.tiling.vector_dim] = parts.tiling.dims[*parts.tiling.vector_dim].tile;
    const SmallVector<int64_t> shape = TileOperations::tile_shape(parts.operations.tile_dims(lanes), tile);
    SmallVector<Value> accumulators;
    for (Value initial : parts.root.initial) accumulators.push_back(parts.t.filled(parts.function.constant(initial), shape));
    accumulators = accumulate(parts, hints, tile, accumulators, inside);
    if (lanes) accumulators = combine_lanes(parts, accumulators, tile);
    parts.epilogue.finish(accumulators, tile, inside);
  });
}

void reduce_in_blocks(KernelParts& parts, ArrayRef<unsigned> order, const ReductionHints& hints, const TilePosition& block,
                      TileState& state) {
  const size_t results = parts.root.initial.size();
  auto accumulator = [&](TileState& inside, size_t result) -> Value& { return inside[parts.accumulators[result]]; };
  parts.loops.nest(order, block, state, [&](const TilePosition& position, TileState& inside) {
    for (size_t result = 0; result < results; ++result) {
      Value& buffer = accumulator(inside, result);
      const TileBuilder::Slice slice = accumulator_slice(parts, position);
      const Value initial = parts.function.constant(parts.root.initial[result]);
      Value filled =
          parts.t.builder.create<linalg::FillOp>(parts.t.location, initial, parts.t.read(buffer, slice)).getResult(0);
      buffer = parts.t.write(filled, buffer, slice);
    }
  });
  parts.loops.reduction_blocks(reduction_order(parts), block, state, [&](const TilePosition& of_reduction, TileState& inside) {
    const TilePosition packed = parts.packed.pack(parts.function, of_reduction, inside);
    parts.loops.nest(order, packed, inside, [&](const TilePosition& position, TileState& innermost) {
      const TileBuilder::Slice slice = accumulator_slice(parts, position);
      SmallVector<Value> accumulators;
      for (size_t result = 0; result < results; ++result)
        accumulators.push_back(parts.t.read(accumulator(innermost, result), slice));
      accumulators = accumulate(parts, hints, position, accumulators, innermost);
      for (size_t result = 0; result < results; ++result)
        accumulator(innermost, result) = parts.t.write(accumulators[result], accumulator(innermost, result), slice);
    });
  });
  parts.loops.nest(order, block, state, [&](const TilePosition& position, TileState& inside) {
    SmallVector<Value> tiles;
    for (size_t result = 0; result < results; ++result)
      tiles.push_back(parts.t.read(accumulator(inside, result), accumulator_slice(parts, position)));
    parts.epilogue.finish(tiles, position, inside);
  });
}

}  // namespace fovea
