// SPDX-License-Identifier: Apache-2.0
// Gathering along a dimension, by indices that are known at compile time or computed.
#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/lookup.h"
#include "fovea/dialect/quantized_types.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

constexpr size_t most_runs = 32;  // with more runs, gathering is a selection in a loop and no concatenation of slices

LogicalResult check_dim(std::optional<Location> location, StringRef name, ArrayRef<int64_t> shape, uint64_t dim) {
  if (dim < shape.size()) return success();
  return complain(location, name, "dim " + Twine(static_cast<int64_t>(dim)) + " is not a dimension of " + shape_text(shape));
}

// Indices with equal, positive steps between neighbors.
struct Run {
  int64_t first, count, step;
};

SmallVector<Run> runs_of(ArrayRef<int64_t> indices) {
  SmallVector<Run> runs;
  for (const int64_t index : indices) {
    if (!runs.empty()) {
      Run& run = runs.back();
      const int64_t step = index - (run.first + (run.count - 1) * run.step);
      if (step > 0 && (run.count == 1 || step == run.step)) {
        run.step = step;
        ++run.count;
        continue;
      }
    }
    runs.push_back({index, 1, 1});
  }
  return runs;
}

// The slices of the runs, concatenated.
Value joined(OpBuilder& builder, Location location, Value input, int64_t dim, ArrayRef<Run> runs, ArrayRef<int64_t> shape) {
  const size_t rank = shape.size();
  Value result = empty(builder, location, shape, element_type(input));
  SmallVector<int64_t> place(rank, 0), ones(rank, 1);
  for (const Run& run : runs) {
    SmallVector<int64_t> offsets(rank, 0), sizes(shape), strides(rank, 1);
    offsets[dim] = run.first;
    sizes[dim] = run.count;
    strides[dim] = run.step;
    Value part = sliced(builder, location, input, offsets, sizes, strides);
    result = inserted(builder, location, part, result, place, ones);
    place[dim] += run.count;
  }
  return result;
}

// Gathers along `dim` by a list of known indices.
Value picked_or_joined(OpBuilder& builder, Location location, Value input, int64_t dim, ArrayRef<int64_t> indices) {
  SmallVector<int64_t> shape(shape_of(input));
  const int64_t extent = shape[dim];
  const bool inside = llvm::all_of(indices, [&](int64_t index) { return index >= 0 && index < extent; });
  const SmallVector<Run> runs = runs_of(indices);
  if (!inside || runs.size() > most_runs) return picked(builder, location, input, dim, indices);
  shape[dim] = static_cast<int64_t>(indices.size());
  if (runs.size() > 1) return joined(builder, location, input, dim, runs, shape);
  SmallVector<int64_t> offsets(shape.size(), 0), strides(shape.size(), 1);
  offsets[dim] = runs.front().first;
  strides[dim] = runs.front().step;
  return sliced(builder, location, input, offsets, shape, strides);
}

}  // namespace

LogicalResult GatherOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                         SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> input = shape_of(op.getInput()), indices = shape_of(op.getIndices());
  if (failed(check_per_tensor(location, getOperationName(), "input", element_type(op.getInput()))) ||
      failed(check_dim(location, getOperationName(), input, op.getDim())))
    return failure();
  const auto dim = static_cast<size_t>(op.getDim());
  SmallVector<int64_t> shape(input.take_front(dim));
  shape.append(indices.begin(), indices.end());
  shape.append(input.begin() + dim + 1, input.end());
  types.push_back(with_shape(op.getInput(), shape));
  return success();
}

void GatherOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  const ArrayRef<int64_t> shape = shape_of(getOutput());
  const auto dim = static_cast<int64_t>(getDim());
  const auto loops = static_cast<unsigned>(shape.size());
  const size_t places = shape_of(getIndices()).size();
  Value input = stored(builder, location, getInput());
  if (DenseIntElementsAttr known; matchPattern(getIndices(), m_Constant(&known))) {
    SmallVector<int64_t> indices;
    for (const APInt& index : known) indices.push_back(index.getSExtValue());
    results[0] = reshaped(builder, location, picked_or_joined(builder, location, input, dim, indices), shape);
    return;
  }
  if (shape.empty()) {
    // A single result gets a dimension of one, because a kernel needs a loop over its results.
    const auto type = RankedTensorType::get({1}, element_type(getIndices()));
    Value one = reshaped(builder, location, getIndices(), type.getShape());
    Value picked = selected(builder, location, one, builder.getMultiDimIdentityMap(2).getMajorSubMap(1), input,
                            AffineMap::get(2, 0, builder.getAffineDimExpr(1), getContext()), type.getShape());
    results[0] = reshaped(builder, location, picked, shape);
    return;
  }
  // The last loop runs over the extent that is gathered from.
  SmallVector<AffineExpr> asked, read;
  for (unsigned at = 0; at < loops; ++at) {
    const bool index = at >= dim && at < dim + places;
    (index ? asked : read).push_back(builder.getAffineDimExpr(at));
  }
  read.insert(read.begin() + dim, builder.getAffineDimExpr(loops));
  results[0] = selected(builder, location, getIndices(), AffineMap::get(loops + 1, 0, asked, getContext()), input,
                        AffineMap::get(loops + 1, 0, read, getContext()), shape);
}

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                 SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> input = shape_of(op.getInput()), indices = shape_of(op.getIndices());
  if (failed(check_per_tensor(location, getOperationName(), "input", element_type(op.getInput()))) ||
      failed(check_dim(location, getOperationName(), input, op.getDim())))
    return failure();
  bool fits = input.size() == indices.size();
  for (size_t dim = 0; fits && dim < input.size(); ++dim) fits = dim == op.getDim() || indices[dim] <= input[dim];
  if (!fits) {
    return complain(location, getOperationName(), "indices " + shape_text(indices) + " for an input " + shape_text(input));
  }
  types.push_back(with_shape(op.getInput(), indices));
  return success();
}

void GatherElementsOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  const ArrayRef<int64_t> shape = shape_of(getOutput());
  const auto loops = static_cast<unsigned>(shape.size());
  Value input = stored(builder, location, getInput());
  SmallVector<int64_t> read_shape(shape);
  read_shape[getDim()] = shape_of(input)[getDim()];
  if (ArrayRef<int64_t>(read_shape) != shape_of(input)) {
    const SmallVector<int64_t> zeros(loops, 0), ones(loops, 1);
    input = sliced(builder, location, input, zeros, read_shape, ones);
  }
  SmallVector<AffineExpr> read;
  for (unsigned at = 0; at < loops; ++at) read.push_back(builder.getAffineDimExpr(at == getDim() ? loops : at));
  results[0] = selected(builder, location, getIndices(), builder.getMultiDimIdentityMap(loops + 1).getMajorSubMap(loops), input,
                        AffineMap::get(loops + 1, 0, read, getContext()), shape);
}

}  // namespace fovea::dialect
