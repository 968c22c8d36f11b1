// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/prefetch.h"

#include <algorithm>

namespace fovea {

using namespace mlir;

namespace {

SmallVector<LinearForm> forms_of(const KernelParts& parts, unsigned input) {
  return linear_forms(parts.root.inputs[input], static_cast<unsigned>(parts.root.extents.size()));
}

}  // namespace

void prefetch_next_rows(KernelParts& parts, unsigned input, const TilePosition& position, const TileState& state) {
  TileBuilder& t = parts.t;
  const unsigned row = parts.tiling.tile_order.front();
  const SmallVector<LinearForm> forms = forms_of(parts, input);
  for (int64_t ahead = position.size[row]; ahead < 2 * position.size[row]; ++ahead) {
    SmallVector<Index> coordinates;
    for (const LinearForm& form : forms) {
      Index coordinate = t.constant(form.constant + form.coefficients[row] * ahead);
      for (unsigned dim = 0; dim < form.coefficients.size(); ++dim)
        coordinate = t.add(coordinate, t.multiply(position.at[dim], form.coefficients[dim]));
      coordinates.push_back(coordinate);
    }
    t.prefetch(parts.function.argument(parts.root.inputs[input].tensor, state), coordinates);
  }
}

void prefetch_next_line(KernelParts& parts, const LinePrefetch& line, const TilePosition& position, const TileState& state) {
  TileBuilder& t = parts.t;
  const LinalgOperation& root = parts.root;
  const Access& access = root.inputs[line.input];
  const unsigned row = parts.tiling.tile_order.front(), channels = *parts.tiling.vector_dim;
  const SmallVector<LinearForm> forms = forms_of(parts, line.input);
  int64_t lines = 1, pixels = position.size[row];
  for (const LinearForm& form : forms) {
    lines = std::max(lines, form.coefficients[line.dim]);
    pixels = std::max(pixels, position.size[row] * form.coefficients[row]);
  }
  const int64_t tile = parts.tiling.dims[channels].tile, runs = root.reduced[channels] ? root.extents[channels] / tile : 1;
  for (int64_t run = 0; run < lines * pixels * runs; ++run) {
    const int64_t ahead = run / (pixels * runs), pixel = run / runs % pixels;
    SmallVector<Index> coordinates;
    for (auto [number, form] : llvm::enumerate(forms)) {
      Index coordinate = t.constant(form.constant - access.low(static_cast<unsigned>(number)));
      for (unsigned dim = 0; dim < form.coefficients.size(); ++dim) {
        if (form.coefficients[dim] == 0) continue;
        // The last tap along the prefetched dimension, and the first along the others.
        const int64_t last = std::max<int64_t>(form.coefficients[dim] * (root.extents[dim] - 1), 0);
        const Index reached = t.constant(form.coefficients[line.dim] != 0 ? last : 0);
        coordinate = t.add(coordinate, root.reduced[dim] ? reached : t.multiply(position.at[dim], form.coefficients[dim]));
      }
      if (form.coefficients[line.dim] != 0) coordinate = t.add(coordinate, t.constant(1 + ahead));
      if (form.coefficients[row] != 0) coordinate = t.add(coordinate, t.constant(pixel));
      if (form.coefficients[channels] != 0) coordinate = t.add(coordinate, t.constant(run % runs * tile));
      coordinates.push_back(coordinate);
    }
    t.prefetch(parts.function.argument(access.tensor, state), coordinates, TileBuilder::Cache::first);
  }
}

void prefetch_next_panel(KernelParts& parts, const ContractionTiling& kind, ArrayRef<unsigned> order,
                         const TilePosition& position, const TileState& state) {
  constexpr int64_t line_bytes = 64;
  TileBuilder& t = parts.t;
  const LinalgOperation& root = parts.root;
  const Tiling& tiling = parts.tiling;
  const unsigned input = *kind.panel_input, vector = *tiling.vector_dim;
  const Access& access = root.inputs[input];
  const ArrayRef<unsigned> dims = parts.packed[input].panel_dims();
  const int64_t tile = tiling.dims[vector].tile;
  const int64_t line = line_bytes * 8 / cast<RankedTensorType>(access.tensor.getType()).getElementTypeBitWidth();
  const unsigned depth = tiling.tile_order.back();
  const int64_t steps = root.reduced[depth] ? position.size[depth] : 1, lines_of_step = std::max<int64_t>(tile / line, 1);

  Index row = t.constant(0);
  int64_t rows = 1;
  for (const unsigned dim : order) {
    if (dim == vector || llvm::is_contained(dims, dim)) continue;
    const int64_t step = std::max<int64_t>(1, tiling.dims[dim].tile);
    const int64_t count = (tiling.dims[dim].block + step - 1) / step;
    row = t.add(t.multiply(row, count), t.divide(t.subtract(position.at[dim], position.start[dim]), step));
    rows *= count;
  }

  // The next block along the innermost dimension that is cut into blocks; after the last block, the first one of the next
  // columns.
  Index column = t.divide(position.at[vector], tile);
  const int64_t columns = kind.columns_outermost ? 1 : (tiling.dims[vector].block + tile - 1) / tile;
  std::optional<unsigned> cut;
  for (const unsigned dim : dims)
    if (root.reduced[dim] && tiling.dims[dim].block < root.extents[dim]) cut = dim;
  Index along = t.constant(0);
  if (!cut) {
    column = t.add(column, t.constant(columns));
  } else {
    const int64_t block = tiling.dims[*cut].block, whole = (root.extents[*cut] + block - 1) / block * block;
    const Index next = t.add(position.at[*cut], t.constant(block));
    along = t.remainder(next, whole);
    column = t.add(column, t.multiply(t.divide(next, whole), columns));
  }

  const int64_t lines = steps * lines_of_step, share = (lines + rows - 1) / rows;
  for (int64_t i = 0; i < share; ++i) {
    const Index at = t.remainder(t.add(t.multiply(row, share), t.constant(i)), lines);
    SmallVector<Index> coordinates{column};
    for (const unsigned dim : dims) {
      Index coordinate = cut == dim ? along : position.at[dim];
      if (dim == depth) coordinate = t.add(coordinate, t.divide(at, lines_of_step));
      coordinates.push_back(coordinate);
    }
    coordinates.push_back(t.multiply(t.remainder(at, lines_of_step), line));
    t.prefetch(parts.function.argument(access.tensor, state), coordinates);
  }
}

}  // namespace fovea
