// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/epilogue.h"

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>

namespace fovea {

using namespace mlir;

namespace {

// Whether `value` is an operand that its linalg operation passes through. A sum, minimum or maximum over one element simplifies
// to that, too: it combines its input with the neutral element.
bool passes_through(Value value) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  if (!op) return false;
  const unsigned number = cast<OpResult>(value).getResultNumber();
  return isa<BlockArgument>(op.getBody()->getTerminator()->getOperand(number)) || !op.getRegionOutputArgs()[number].use_empty();
}

}  // namespace

TileBuilder::Slice Epilogue::output_slice(const KernelResult& output, const TilePosition& position) {
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
    slice.offsets[to] = t_.add(slice.offsets[to], t_.multiply(position.at[dim], output.strides[to]));
    if (!tiling_.tiled(dim)) continue;
    slice.sizes[to] = position.size[dim];
    slice.strides[to] = output.strides[to];
    slice.kept[to] = true;
  }
  return slice;
}

// Sums of groups have the type f32 up to here; afterwards they have the type of the result.
Value Epilogue::summed(Value tile, Value result) {
  const Type element = cast<RankedTensorType>(result.getType()).getElementType();
  if (getElementTypeOrSelf(tile.getType()) == element) return tile;
  return t_.mapped(tile, element, [&](OpBuilder& builder, Location at, Value number) -> Value {
    return builder.create<arith::BitcastOp>(at, element, number);
  });
}

SmallVector<Value> Epilogue::destinations(linalg::GenericOp op, const TilePosition& position, const TileState& state) {
  SmallVector<Value> places;
  for (Value result : op.getResults()) {
    const auto output =
        llvm::find_if(kernel_.outputs, [&](const KernelResult& candidate) { return candidate.value == result; });
    if (output != kernel_.outputs.end()) {
      places.push_back(t_.read(state[static_cast<size_t>(output - kernel_.outputs.begin())], output_slice(*output, position)));
    } else {
      places.push_back(t_.empty(TileOperations::tile_shape(operations_.tile_dims(false), position),
                                cast<RankedTensorType>(result.getType()).getElementType()));
    }
  }
  return places;
}

void Epilogue::apply(const LinalgOperation& operation, DenseMap<Value, Value>& tiles, const TilePosition& position,
                     const TileState& state) {
  const SmallVector<unsigned> order = operations_.tile_dims(false);
  SmallVector<unsigned> root_dims(operation.extents.size());
  for (size_t i = 0; i < operation.output_dims.size(); ++i) root_dims[operation.output_dims[i]] = root_.output_dims[i];
  SmallVector<TileOperand> inputs;
  for (const Access& access : operation.inputs) {
    if (auto earlier = tiles.find(access.tensor); earlier != tiles.end()) {
      const auto rank = static_cast<unsigned>(order.size());
      inputs.push_back({earlier->second, {}, t_.builder.getMultiDimIdentityMap(rank)});
      continue;
    }
    SmallVector<LinearForm> forms;
    for (const LinearForm& form : linear_forms(access, static_cast<unsigned>(operation.extents.size()))) {
      LinearForm moved;
      moved.constant = form.constant;
      moved.coefficients.assign(rank_, 0);
      for (size_t dim = 0; dim < form.coefficients.size(); ++dim) moved.coefficients[root_dims[dim]] += form.coefficients[dim];
      forms.push_back(moved);
    }
    inputs.push_back(operations_.read(access, forms, order, position, state));
  }
  linalg::GenericOp op = operation.op;
  const SmallVector<Value> places = destinations(op, position, state);
  for (auto [result, tile] :
       llvm::zip(op.getResults(), operations_.apply(op, inputs, places, order, root_dims, operation.initial, position)))
    tiles[result] = tile;
}

void Epilogue::finish(ArrayRef<Value> root_tiles, const TilePosition& position, TileState& state) {
  DenseMap<Value, Value> tiles;  // from results of the kernel's linalg operations to their tiles
  linalg::GenericOp root = root_.op;
  for (auto [result, tile] : llvm::zip(root.getResults(), root_tiles)) tiles[result] = summed(tile, result);
  for (const LinalgOperation& operation : kernel_.epilogue) apply(operation, tiles, position, state);
  for (size_t i = 0; i < kernel_.outputs.size(); ++i) {
    const KernelResult& output = kernel_.outputs[i];
    TileBuilder::Slice slice = output_slice(output, position);
    // A write of a whole tensor would fold to the written value. An accumulator, or a value passed through, is not the result's
    // memory, so the fold is prevented by an offset that is zero only at run time.
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
