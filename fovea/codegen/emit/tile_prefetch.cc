// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "fovea/codegen/emit/tile_writer.h"

namespace fovea {

using namespace mlir;

// Each row of the next tile along the rows, at the place along the reduction where this tile is now.
void TileWriter::prefetch_next_rows(const State& state) {
  const Access& access = root_.inputs[static_cast<size_t>(tiling_.prefetched_input)];
  const unsigned row = tiling_.tile_order.front();
  const SmallVector<LinearForm> forms = forms_of(access, rank_);
  for (int64_t ahead = size_[row]; ahead < 2 * size_[row]; ++ahead) {
    SmallVector<Index> coordinates;
    for (const LinearForm& form : forms) {
      Index coordinate = t_.constant(form.constant + form.coefficients[row] * ahead);
      for (unsigned dim = 0; dim < rank_; ++dim)
        coordinate = t_.add(coordinate, t_.multiply(cursor_[dim], form.coefficients[dim]));
      coordinates.push_back(coordinate);
    }
    t_.prefetch(argument_now(access.tensor, state), coordinates);
  }
}

// The pixels that this run of pixels will meet first on the next line of the image: a tile of their channels, or all that are
// summed.
void TileWriter::prefetch_next_line(const State& state) {
  const Access& access = root_.inputs[static_cast<size_t>(tiling_.line_input)];
  const auto line = static_cast<unsigned>(tiling_.line_dim);
  const unsigned row = tiling_.tile_order.front();
  const SmallVector<LinearForm> forms = forms_of(access, rank_);
  int64_t lines = 1, pixels = size_[row];
  for (const LinearForm& form : forms) {
    lines = std::max(lines, form.coefficients[line]);
    pixels = std::max(pixels, size_[row] * form.coefficients[row]);
  }
  const auto channels = static_cast<unsigned>(tiling_.vector_dim);
  const int64_t tile = tiling_.dims[channels].tile, parts = root_.reduced[channels] ? root_.extents[channels] / tile : 1;
  for (int64_t part = 0; part < lines * pixels * parts; ++part) {
    const int64_t ahead = part / (pixels * parts), pixel = part / parts % pixels;
    SmallVector<Index> coordinates;
    for (auto [position, form] : llvm::enumerate(forms)) {
      Index coordinate = t_.constant(form.constant - (access.padded() ? access.pad_low[position] : 0));
      for (unsigned dim = 0; dim < rank_; ++dim) {
        if (form.coefficients[dim] == 0) continue;
        // The last tap that moves along the line, the first across it.
        const int64_t last = std::max<int64_t>(form.coefficients[dim] * (root_.extents[dim] - 1), 0);
        const Index reached = t_.constant(form.coefficients[line] != 0 ? last : 0);
        coordinate = t_.add(coordinate, root_.reduced[dim] ? reached : t_.multiply(cursor_[dim], form.coefficients[dim]));
      }
      if (form.coefficients[line] != 0) coordinate = t_.add(coordinate, t_.constant(1 + ahead));
      if (form.coefficients[row] != 0) coordinate = t_.add(coordinate, t_.constant(pixel));
      if (form.coefficients[channels] != 0) coordinate = t_.add(coordinate, t_.constant(part % parts * tile));
      coordinates.push_back(coordinate);
    }
    t_.prefetch(argument_now(access.tensor, state), coordinates, TileBuilder::Cache::first);
  }
}

// What the next block will read of the columns, where this step reads them now: each tile of rows asks for its share.
void TileWriter::prefetch_next_panel(const State& state) {
  constexpr int64_t line_bytes = 64;
  const auto input = static_cast<size_t>(tiling_.panel_input);
  const auto vector = static_cast<unsigned>(tiling_.vector_dim);
  const Access& access = root_.inputs[input];
  const ArrayRef<unsigned> dims = packed_[input].panel_dims();
  const int64_t tile = tiling_.dims[vector].tile;
  const int64_t line = line_bytes * 8 / cast<RankedTensorType>(access.tensor.getType()).getElementTypeBitWidth();
  const unsigned depth = tiling_.tile_order.back();
  const int64_t steps = root_.reduced[depth] ? size_[depth] : 1, lines_of_step = std::max<int64_t>(tile / line, 1);

  Index row = t_.constant(0);
  int64_t rows = 1;
  for (unsigned dim : parallel_order_) {
    if (dim == vector || llvm::is_contained(dims, dim)) continue;
    const int64_t step = std::max<int64_t>(1, tiling_.dims[dim].tile);
    const int64_t count = (tiling_.dims[dim].block + step - 1) / step;
    row = t_.add(t_.multiply(row, count), t_.divide(t_.subtract(cursor_[dim], start_[dim]), step));
    rows *= count;
  }

  // The next block along the innermost dimension that is cut; after the last one the next columns from the start.
  Index column = t_.divide(cursor_[vector], tile);
  const int64_t columns = tiling_.columns_outermost ? 1 : (tiling_.dims[vector].block + tile - 1) / tile;
  int cut = -1;
  for (unsigned dim : dims)
    if (root_.reduced[dim] && tiling_.dims[dim].block < root_.extents[dim]) cut = static_cast<int>(dim);
  Index along = t_.constant(0);
  if (cut < 0) {
    column = t_.add(column, t_.constant(columns));
  } else {
    const int64_t block = tiling_.dims[cut].block, whole = (root_.extents[cut] + block - 1) / block * block;
    const Index next = t_.add(cursor_[cut], t_.constant(block));
    along = t_.remainder(next, whole);
    column = t_.add(column, t_.multiply(t_.divide(next, whole), columns));
  }

  const int64_t lines = steps * lines_of_step, share = (lines + rows - 1) / rows;
  for (int64_t i = 0; i < share; ++i) {
    const Index at = t_.remainder(t_.add(t_.multiply(row, share), t_.constant(i)), lines);
    SmallVector<Index> coordinates{column};
    for (unsigned dim : dims) {
      Index coordinate = static_cast<int>(dim) == cut ? along : cursor_[dim];
      if (dim == depth) coordinate = t_.add(coordinate, t_.divide(at, lines_of_step));
      coordinates.push_back(coordinate);
    }
    coordinates.push_back(t_.multiply(t_.remainder(at, lines_of_step), line));
    t_.prefetch(argument_now(access.tensor, state), coordinates);
  }
}

}  // namespace fovea
