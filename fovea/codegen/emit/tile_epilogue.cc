// SPDX-License-Identifier: Apache-2.0
#include <mlir/Analysis/SliceAnalysis.h>
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>

#include <numeric>

#include "fovea/codegen/emit/tile_writer.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

namespace {

// Also what a sum, minimum or maximum over a single element simplifies to: it combines its input with a neutral number.
bool passes_through(Value value) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  if (!op) return false;
  const unsigned number = cast<OpResult>(value).getResultNumber();
  return isa<BlockArgument>(op.getBody()->getTerminator()->getOperand(number)) || !op.getRegionOutputArgs()[number].use_empty();
}

}  // namespace

SmallVector<Value> TileWriter::combine_lanes(ArrayRef<Value> accumulators) {
  const unsigned lane = static_cast<unsigned>(tiling_.vector_dim);
  SmallVector<Value> combined;
  linalg::GenericOp op = root_.op;
  for (size_t i = 0; i < accumulators.size(); ++i) {
    SmallVector<Operation*> combiners;
    if (!matchReduction(op.getRegionOutputArgs(), static_cast<unsigned>(i), combiners) || combiners.size() != 1)
      fail("kernel @{}: a reduction along rows needs one combining operation", name());
    const SmallVector<unsigned> order = tile_dims(true);
    const SmallVector<unsigned> kept = tile_dims(false);
    SmallVector<AffineExpr> results;
    SmallVector<utils::IteratorType> iterators;
    for (size_t position = 0; position < order.size(); ++position) {
      const bool reduce = order[position] == lane;
      iterators.push_back(reduce ? utils::IteratorType::reduction : utils::IteratorType::parallel);
      if (!reduce) results.push_back(builder_.getAffineDimExpr(static_cast<unsigned>(position)));
    }
    const auto rank = static_cast<unsigned>(order.size());
    Value init = t_.filled(here(root_.initial[i]), tile_shape(kept));
    auto generic = builder_.create<linalg::GenericOp>(
        t_.location, init.getType(), ValueRange{accumulators[i]}, ValueRange{init},
        ArrayRef<AffineMap>{builder_.getMultiDimIdentityMap(rank), AffineMap::get(rank, 0, results, builder_.getContext())},
        iterators, [&](OpBuilder& inner, Location at, ValueRange arguments) {
          Operation* combiner = combiners[0];
          Operation* copy = inner.clone(*combiner);
          copy->setOperands({arguments[0], arguments[1]});
          inner.create<linalg::YieldOp>(at, copy->getResult(0));
        });
    combined.push_back(generic.getResult(0));
  }
  return combined;
}

TileBuilder::Slice TileWriter::output_slice(const KernelResult& output) {
  TileBuilder::Slice slice;
  for (size_t i = 0; i < output.offsets.size(); ++i) {
    slice.offsets.push_back(t_.constant(output.offsets[i]));
    slice.sizes.push_back(1);
    slice.strides.push_back(1);
    slice.kept.push_back(false);
  }
  for (size_t coordinate = 0; coordinate < output.kept.size(); ++coordinate) {
    const unsigned dim = root_.output_dims[coordinate];
    const auto to = static_cast<size_t>(output.kept[coordinate]);
    slice.offsets[to] = t_.add(slice.offsets[to], t_.multiply(cursor_[dim], output.strides[to]));
    if (!tiling_.tiled(dim)) continue;
    slice.sizes[to] = size_[dim];
    slice.strides[to] = output.strides[to];
    slice.kept[to] = true;
  }
  return slice;
}

TileBuilder::Slice TileWriter::accumulator_slice() {
  TileBuilder::Slice slice;
  for (unsigned dim : root_.output_dims) {
    slice.offsets.push_back(t_.subtract(cursor_[dim], start_[dim]));
    slice.sizes.push_back(tiling_.tiled(dim) ? size_[dim] : 1);
    slice.strides.push_back(1);
    slice.kept.push_back(tiling_.tiled(dim));
  }
  return slice;
}

// A sum of groups is typed f32 until here.
Value TileWriter::summed(Value tile, Value result) {
  const Type element = cast<RankedTensorType>(result.getType()).getElementType();
  if (getElementTypeOrSelf(tile.getType()) == element) return tile;
  return t_.mapped(tile, element, [&](OpBuilder& builder, Location at, Value number) -> Value {
    return builder.create<arith::BitcastOp>(at, element, number);
  });
}

// The root's results on this tile are done: the linalg operations that follow, and the writes.
void TileWriter::finish(ArrayRef<Value> root_tiles, State& state) {
  const SmallVector<unsigned> order = tile_dims(false);
  DenseMap<Value, Value> tiles;  // results of the kernel's linalg operations -> their tiles
  auto outs_for = [&](linalg::GenericOp op) {
    SmallVector<Value> outs;
    for (Value result : op.getResults()) {
      const auto output =
          llvm::find_if(kernel_.outputs, [&](const KernelResult& candidate) { return candidate.value == result; });
      if (output != kernel_.outputs.end()) {
        outs.push_back(t_.read(state[static_cast<size_t>(output - kernel_.outputs.begin())], output_slice(*output)));
      } else {
        outs.push_back(t_.empty(tile_shape(order), cast<RankedTensorType>(result.getType()).getElementType()));
      }
    }
    return outs;
  };
  linalg::GenericOp root = root_.op;
  if (kernel_.has_reduction()) {
    for (auto [result, tile] : llvm::zip(root.getResults(), root_tiles)) tiles[result] = summed(tile, result);
  } else {
    SmallVector<Operand> inputs;
    for (size_t i = 0; i < root_.inputs.size(); ++i) inputs.push_back(root_operand(i, order, state));
    SmallVector<unsigned> all(rank_);
    std::iota(all.begin(), all.end(), 0);
    for (auto [result, tile] : llvm::zip(root.getResults(), apply(root, inputs, outs_for(root), order, all, root_.initial)))
      tiles[result] = tile;
  }
  for (const LinalgOperation& formula : kernel_.epilogue) {
    SmallVector<unsigned> root_dims(formula.extents.size());
    for (size_t i = 0; i < formula.output_dims.size(); ++i) root_dims[formula.output_dims[i]] = root_.output_dims[i];
    SmallVector<Operand> inputs;
    for (const Access& access : formula.inputs) {
      SmallVector<LinearForm> forms;
      for (LinearForm form : forms_of(access, static_cast<unsigned>(formula.extents.size()))) {
        LinearForm moved;
        moved.constant = form.constant;
        moved.coefficients.assign(rank_, 0);
        for (size_t dim = 0; dim < form.coefficients.size(); ++dim)
          moved.coefficients[root_dims[dim]] += form.coefficients[dim];
        forms.push_back(moved);
      }
      auto earlier = tiles.find(access.tensor);
      if (earlier == tiles.end()) {
        inputs.push_back(operand_tile(access, forms, order, state));
      } else {
        const auto rank = static_cast<unsigned>(order.size());
        inputs.push_back({earlier->second, {}, builder_.getMultiDimIdentityMap(rank)});
      }
    }
    linalg::GenericOp op = formula.op;
    for (auto [result, tile] : llvm::zip(op.getResults(), apply(op, inputs, outs_for(op), order, root_dims, formula.initial)))
      tiles[result] = tile;
  }
  for (size_t i = 0; i < kernel_.outputs.size(); ++i) {
    const KernelResult& output = kernel_.outputs[i];
    TileBuilder::Slice slice = output_slice(output);
    // An accumulator (or a value passed through, which simplifies to it) is not the result's memory.
    const bool accumulator = kernel_.has_reduction() && output.value.getDefiningOp() == root.getOperation();
    if (output.type.getRank() > 0 &&
        (passes_through(output.value) || (accumulator && TileBuilder::covers(slice, output.type)))) {
      const Index zero = t_.hidden_zero();
      slice.offsets[0] = t_.add(slice.offsets[0], zero);
    }
    state[i] = t_.write(tiles.lookup(output.value), state[i], slice);
  }
}

}  // namespace fovea
