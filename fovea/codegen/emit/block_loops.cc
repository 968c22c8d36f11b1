// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/block_loops.h"

namespace fovea {

using namespace mlir;

void BlockLoops::nest(ArrayRef<unsigned> order, const TilePosition& position, TileState& carried, Body body) const {
  if (order.empty()) return body(position, carried);
  const unsigned dim = order.front();
  auto inside = [&](const TilePosition& here, TileState& deeper) { nest(order.drop_front(), here, deeper, body); };
  if (!tiling_.dims[dim].unrolled || !all_taps_inside(dim, position)) return over(dim, position, carried, inside);
  for (int64_t at = 0; at < root_.extents[dim]; ++at) {
    TilePosition here = position;
    here.at[dim] = t_.constant(at);
    inside(here, carried);
  }
}

void BlockLoops::over(unsigned dim, const TilePosition& position, TileState& carried, Body body) const {
  if (position.single[dim]) return body(position, carried);
  for (const Part& part : parts_of(dim, position)) {
    t_.loop(part.begin, part.end, part.tile, carried, [&](Index at, TileState& deeper) {
      TilePosition here = position;
      here.at[dim] = at;
      here.size[dim] = part.tile;
      if (!root_.reduced[dim]) here.inside[dim] = part.inside;
      body(here, deeper);
    });
  }
}

// Cuts one dimension of a block into runs of equal static tiles.
SmallVector<BlockLoops::Part> BlockLoops::parts_of(unsigned dim, const TilePosition& position) const {
  for (const PaddingHalo& edge : tiling_.halos()) {
    if (edge.tap != dim || position.inside[edge.position]) continue;
    const auto [begin, end] = taps_inside(edge, position.at[edge.position]);
    return {{1, begin, end, true}};
  }
  const int64_t extent = root_.extents[dim];
  const bool cut = tiling_.dims[dim].block < extent || tiling_.reduces_in_blocks();
  SmallVector<Part> parts;
  auto add = [&](int64_t tile, int64_t first, int64_t last, bool inside) {
    if (first >= last) return;
    Index begin = t_.constant(first), end = t_.constant(last);
    if (cut) {
      begin = first == 0 ? position.start[dim] : t_.greatest(position.start[dim], begin);
      end = last == extent ? position.stop[dim] : t_.least(position.stop[dim], end);
    }
    parts.push_back({tile, begin, end, inside});
  };
  const PaddingHalo* edge = root_.reduced[dim] ? nullptr : edge_along(dim);
  if (!tiling_.tiled(dim)) {
    add(1, 0, extent, edge == nullptr);
    return parts;
  }
  const int64_t begin = edge ? edge->inside_begin : 0, end = edge ? edge->inside_end : extent;
  add(1, 0, begin, false);
  for (const Segment& segment : segments(end - begin, tiling_.dims[dim].tile, tiling_.is_vector(dim)))
    add(segment.tile, begin + segment.begin, begin + segment.end, true);
  add(1, end, extent, false);
  return parts;
}

const PaddingHalo* BlockLoops::edge_along(unsigned position) const {
  const ArrayRef<PaddingHalo> halos = tiling_.halos();
  const auto* found = llvm::find_if(halos, [&](const PaddingHalo& edge) { return edge.position == position; });
  return found == halos.end() ? nullptr : found;
}

bool BlockLoops::all_taps_inside(unsigned tap, const TilePosition& position) const {
  return llvm::none_of(tiling_.halos(),
                       [&](const PaddingHalo& edge) { return edge.tap == tap && !position.inside[edge.position]; });
}

// The range of taps that fall inside the tensor at one position.
std::pair<Index, Index> BlockLoops::taps_inside(const PaddingHalo& edge, Index position) const {
  const Index base = t_.add(t_.multiply(position, edge.step), t_.constant(edge.shift));
  const Index none = t_.constant(0), all = t_.constant(edge.taps);
  Index begin, end;
  if (edge.tap_step > 0) {
    begin = t_.subtract(none, base);
    end = t_.subtract(t_.constant(edge.extent), base);
  } else {
    begin = t_.subtract(base, t_.constant(edge.extent - 1));
    end = t_.add(base, t_.constant(1));
  }
  begin = t_.least(t_.greatest(begin, none), all);
  return {begin, t_.greatest(begin, t_.least(end, all))};
}

void BlockLoops::reduction_blocks(ArrayRef<unsigned> order, const TilePosition& position, TileState& carried, Body body) const {
  if (order.empty()) return body(position, carried);
  reduction_block(order.front(), position, carried, [&](const TilePosition& here, TileState& deeper) {
    reduction_blocks(order.drop_front(), here, deeper, body);
  });
}

// Loops over the blocks of a reduced dimension. Where the taps of a window are tiled, the positions at both borders, which do
// not see all taps, become blocks of one step before and after the others.
void BlockLoops::reduction_block(unsigned dim, const TilePosition& position, TileState& carried, Body body) const {
  const int64_t extent = root_.extents[dim], block = tiling_.dims[dim].block;
  auto blocks = [&](int64_t begin, int64_t end, int64_t step, bool inside) {
    t_.loop(t_.constant(begin), t_.constant(end), step, carried, [&](Index at, TileState& deeper) {
      TilePosition here = position;
      here.start[dim] = at;
      here.stop[dim] = t_.add(at, t_.constant(step));
      if ((end - begin) % step != 0) here.stop[dim] = t_.least(here.stop[dim], t_.constant(end));
      here.single[dim] = step == 1 && !tiling_.tiled(dim);
      if (here.single[dim]) here.at[dim] = at;
      here.inside[dim] = inside;
      body(here, deeper);
    });
  };
  const PaddingHalo* edge = edge_along(dim);
  if (edge == nullptr || !tiling_.tiled(edge->tap)) return blocks(0, extent, block, edge == nullptr);
  blocks(0, edge->inside_begin, 1, false);
  if (edge->inside_begin < edge->inside_end)
    blocks(edge->inside_begin, edge->inside_end, edge->inside_end - edge->inside_begin, true);
  blocks(edge->inside_end, extent, 1, false);
}

}  // namespace fovea
