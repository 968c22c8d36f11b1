// SPDX-License-Identifier: Apache-2.0
#include <mlir/Dialect/MemRef/IR/MemRef.h>

#include "fovea/codegen/gpu/grid_code.h"

namespace fovea {

using namespace mlir;

namespace {

// One side of the tile: its rows or its columns.
struct Side {
  size_t input = 0;
  ArrayRef<unsigned> dims;
  int64_t tile = 0, count = 0;  // positions of the tile, and in all
  Value first;                  // position of the tile
  Value buffer;                 // [tile_depth, tile] in workgroup memory
};

class ProductEmitter {
 public:
  ProductEmitter(GridCode& code, const ProductGrid& grid) : code_(code), grid_(grid), root_(code.kernel().root) {
    depth_ = points(root_, grid.depth);
    rows_ = {grid.row_input, grid.rows, grid.tile_rows, points(root_, grid.rows)};
    columns_ = {1 - grid.row_input, grid.columns, grid.tile_columns, points(root_, grid.columns)};
    across_ = grid.tile_columns / grid.invocation_columns;
    down_ = grid.tile_rows / grid.invocation_rows;
  }

  void emit() {
    batch_.resize(root_.extents.size());
    const int64_t column_tiles = tiles(columns_), row_tiles = tiles(rows_);
    Value number = code_.workgroup();
    columns_.first = code_.multiply(code_.remainder(number, column_tiles), columns_.tile);
    number = code_.divide(number, column_tiles);
    rows_.first = code_.multiply(code_.remainder(number, row_tiles), rows_.tile);
    code_.locate(root_, grid_.batch, code_.divide(number, row_tiles), batch_);
    x_ = code_.remainder(code_.invocation(), across_);
    y_ = code_.divide(code_.invocation(), across_);
    allocate(rows_);
    allocate(columns_);
    // All invocations of a workgroup take the same way here, so they still meet at the barriers.
    code_.where(code_.workgroup_exists(), [&] { finish(accumulate()); });
  }

 private:
  static int64_t tiles(const Side& side) { return (side.count + side.tile - 1) / side.tile; }

  void allocate(Side& side) {
    const Type element = getElementTypeOrSelf(root_.inputs[side.input].tensor.getType());
    side.buffer = code_.workgroup_memory(grid_.tile_depth * side.tile, element);
  }

  // Whether neighbors along the reduction are neighbors in memory, so that neighboring invocations should read those.
  bool depth_is_adjacent(const Side& side) const {
    const AffineMap map = root_.inputs[side.input].map;
    if (map.getNumResults() == 0) return false;
    unsigned last = grid_.depth.back();
    for (const unsigned dim : grid_.depth)
      if (root_.extents[dim] > 1) last = dim;
    const AffineExpr inner = map.getResult(map.getNumResults() - 1);
    if (!inner.isFunctionOfDim(last)) return false;
    return llvm::none_of(side.dims, [&](unsigned dim) { return root_.extents[dim] > 1 && inner.isFunctionOfDim(dim); });
  }

  // Copies the operands of `tile_depth` steps from `step` on; what does not exist becomes zero.
  void fill(const Side& side, Value step) {
    const int64_t invocations = code_.grid().invocations, elements = grid_.tile_depth * side.tile;
    const bool depth_first = depth_is_adjacent(side);
    for (int64_t begin = 0; begin < elements; begin += invocations) {
      Value element = code_.add(code_.invocation(), code_.index(begin));
      const int64_t inner = depth_first ? grid_.tile_depth : side.tile;
      Value minor = code_.remainder(element, inner), major = code_.divide(element, inner);
      Value k = depth_first ? minor : major, place = depth_first ? major : minor;
      Value position = code_.add(side.first, place), term = code_.add(step, k);
      Value exists;
      if (side.count % side.tile != 0) exists = code_.below(position, side.count);
      if (depth_ % grid_.tile_depth != 0) exists = code_.both(exists, code_.below(term, depth_));
      if (elements % invocations != 0) exists = code_.both(exists, code_.below(element, elements));
      GridCode::Values point = batch_;
      code_.locate(root_, side.dims, position, point);
      code_.locate(root_, grid_.depth, term, point);
      Value value = code_.read(root_, side.input, point, exists);
      Value at = code_.add(code_.multiply(k, side.tile), place);
      code_.where(elements % invocations != 0 ? code_.below(element, elements) : Value(),
                  [&] { code_.builder.create<memref::StoreOp>(code_.location, value, side.buffer, ValueRange{at}); });
    }
  }

  // An invocation's rows are y, y + down, ..., so that neighboring invocations read neighboring places.
  GridCode::Values operands(const Side& side, Value k, Value first, int64_t count, int64_t distance) {
    GridCode::Values values;
    Value base = code_.add(code_.multiply(k, side.tile), first);
    for (int64_t i = 0; i < count; ++i)
      values.push_back(code_.builder.create<memref::LoadOp>(code_.location, side.buffer,
                                                            ValueRange{code_.add(base, code_.index(i * distance))}));
    return values;
  }

  GridCode::Values accumulate() {
    GridCode::Values start(static_cast<size_t>(grid_.invocation_rows * grid_.invocation_columns), code_.initial()[0]);
    return code_.loop(code_.index(0), code_.index(depth_), grid_.tile_depth, start, [&](Value step, ValueRange carried) {
      fill(rows_, step);
      fill(columns_, step);
      code_.builder.create<gpu::BarrierOp>(code_.location);
      GridCode::Values sums = code_.loop(code_.index(0), code_.index(grid_.tile_depth), 1, carried,
                                         [&](Value k, ValueRange before) { return multiply(k, before); });
      code_.builder.create<gpu::BarrierOp>(code_.location);
      return sums;
    });
  }

  GridCode::Values multiply(Value k, ValueRange before) {
    const GridCode::Values left = operands(rows_, k, y_, grid_.invocation_rows, down_);
    const GridCode::Values right = operands(columns_, k, x_, grid_.invocation_columns, across_);
    GridCode::Values sums;
    for (Value a : left) {
      for (Value b : right) {
        const Value inputs[2] = {grid_.row_input == 0 ? a : b, grid_.row_input == 0 ? b : a};
        sums.push_back(code_.apply(code_.kernel().root, inputs, before[sums.size()], batch_)[0]);
      }
    }
    return sums;
  }

  void finish(const GridCode::Values& sums) {
    for (int64_t i = 0; i < grid_.invocation_rows; ++i) {
      for (int64_t j = 0; j < grid_.invocation_columns; ++j) {
        Value row = code_.add(rows_.first, code_.add(y_, code_.index(i * down_)));
        Value column = code_.add(columns_.first, code_.add(x_, code_.index(j * across_)));
        Value exists;
        if (rows_.count % rows_.tile != 0) exists = code_.below(row, rows_.count);
        if (columns_.count % columns_.tile != 0) exists = code_.both(exists, code_.below(column, columns_.count));
        code_.where(exists, [&] {
          GridCode::Values point = batch_;
          code_.locate(root_, rows_.dims, row, point);
          code_.locate(root_, columns_.dims, column, point);
          code_.finish(sums[static_cast<size_t>(i * grid_.invocation_columns + j)], point);
        });
      }
    }
  }

  GridCode& code_;
  const ProductGrid& grid_;
  const LinalgOperation& root_;
  Side rows_, columns_;
  int64_t depth_ = 0, across_ = 0, down_ = 0;
  GridCode::Values batch_;  // a point of the domain with the coordinates of the batch
  Value x_, y_;
};

}  // namespace

void emit_product_grid(GridCode& code, const ProductGrid& grid) { ProductEmitter(code, grid).emit(); }

}  // namespace fovea
