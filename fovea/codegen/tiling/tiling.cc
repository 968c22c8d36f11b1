// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/tiling/tiling.h"

#include <mlir/IR/BuiltinTypes.h>

#include <algorithm>

#include "fovea/codegen/tiling/tiling_chooser.h"
#include "fovea/codegen/tiling/winograd.h"

namespace fovea {
namespace {

using llvm::SmallVector;

// The first tiles of rows in a block miss the cache on every line of its columns, unless these are prefetched. With more tiles
// of rows than this, the misses are a small share of the time.
constexpr int64_t most_rows_to_prefetch_in = 48;

int64_t round_up(int64_t a, int64_t multiple) { return ceil_div(a, multiple) * multiple; }

}  // namespace

int64_t row_tile(int64_t extent, int64_t vectors, int64_t most) {
  most = std::max<int64_t>(most, 1);
  auto cost = [&](int64_t rows) { return rows == 0 ? 0.0 : std::max(rows * vectors / 2.0, 4.5) + 0.5; };
  int64_t best = 1;
  double least = 1e30;
  for (int64_t rows = 1; rows <= std::min(most, extent); ++rows) {
    // The remainder is code of its own, and prevents blocks that must divide the extent evenly.
    const double total = static_cast<double>(extent / rows) * cost(rows) + cost(extent % rows) + (extent % rows != 0 ? 2 : 0);
    if (total < least * 0.999) {
      least = total;
      best = rows;
    }
  }
  return best;
}

void TilingChooser::contraction() {
  if (depthwise() || inner_products()) return;
  const unsigned vector = root_.output_dims.back();
  const bool in_first = reads(0, vector), in_second = reads(1, vector);
  const bool shared_vector = in_first && in_second;  // groups of channels: the vector dimension is in all three
  // `columns` supplies whole vectors, `rows` a scalar for each of them.
  const size_t columns = in_second ? 1 : 0, rows = 1 - columns;
  tiling_.kind = ContractionTiling();
  tiling_.vector_dim = vector;
  const int64_t wanted = shared_vector ? lanes_ : 2 * lanes_;
  set_tile(vector, vector_tile(extent(vector), wanted));
  const int64_t vectors = std::max<int64_t>(1, tiling_.dims[vector].tile / lanes_);

  int depth = -1;
  for (unsigned dim = 0; dim < rank_; ++dim)
    if (reduced(dim) && (depth < 0 || extent(dim) > 1)) depth = static_cast<int>(dim);

  // Row dimensions from the innermost outwards, while the whole extent of the next one still fits into registers.
  SmallVector<unsigned> row_dims;
  int64_t rows_used = 1;
  const int64_t most_rows = std::max<int64_t>(1, std::min<int64_t>((target_.vector_registers - vectors - 1) / vectors, 14));
  for (unsigned dim : llvm::reverse(root_.output_dims)) {
    if (dim == vector || extent(dim) == 1 || !reads(rows, dim) || reads(columns, dim)) continue;
    if (row_dims.empty()) {
      row_dims.push_back(dim);
      rows_used = rows_of_tile(extent(dim), vectors);
      // Rows that are contiguous in memory are loaded as one vector, so their number is a power of two.
      if (contiguous_dim(rows) == static_cast<int>(dim)) rows_used = vector_tile(extent(dim), std::min<int64_t>(8, most_rows));
      if (const auto next = window_of_few(rows, columns, dim)) {
        few_rows(dim, *next);
        row_dims = {*next, dim};
        break;
      }
      set_tile(dim, rows_used);
      if (rows_used < extent(dim)) break;
    } else if (rows_used * extent(dim) <= most_rows && extent(dim) > 1) {
      row_dims.insert(row_dims.begin(), dim);
      rows_used *= extent(dim);
      set_tile(dim, extent(dim));
    } else {
      break;
    }
  }
  for (unsigned dim : row_dims) tiling_.tile_order.push_back(dim);
  tiling_.tile_order.push_back(vector);
  const bool depth_free = llvm::none_of(
      row_dims, [&](unsigned dim) { return share_coordinate(rows, dim, depth) || share_coordinate(columns, dim, depth); });
  if (depth_free && !shared_vector && !share_coordinate(columns, vector, depth) && !runs_backwards(depth)) {
    set_tile(depth, steps_written_out(extent(depth)));
    tiling_.tile_order.push_back(depth);
  }
  contraction_blocks(rows, columns, shared_vector);
}

void TilingChooser::limit_reduction_blocks(size_t rows_input, size_t columns_input) {
  // Half of the cache is for what a block reads; the accumulators and the rows that stream through take the rest.
  int64_t budget = target_.l2_bytes / 2;
  // In such a gradient each step reads new cache lines of both operands, which must come from the first-level cache.
  if (deep_ && walks_rows(rows_input)) budget = 4 * target_.l1_bytes;
  auto bytes = [&] {
    return bytes_ *
           (box_elements(columns_input) +
            (tiling_.packing[rows_input] == Packing::input_tile || (deep_ && walks_rows(rows_input)) ? box_elements(rows_input)
                                                                                                     : 0));
  };
  // Channels are cut before taps: each block of channels packs an input tile of its own, and each tap that is cut off packs one
  // more.
  SmallVector<unsigned> order;
  auto is_tap = [&](unsigned dim) {
    return llvm::any_of(root_.output_dims, [&](unsigned other) { return share_coordinate(rows_input, dim, other); });
  };
  for (const bool taps : {false, true})
    for (unsigned dim = 0; dim < rank_; ++dim)
      if (reduced(dim) && (walks_rows(rows_input) ? !taps : is_tap(dim) == taps)) order.push_back(dim);
  for (unsigned dim : order) {
    if (bytes() <= budget) break;
    const int64_t step = std::max<int64_t>(1, tiling_.dims[dim].tile);
    int64_t low = 1, high = ceil_div(extent(dim), step);  // the largest multiple of the tile that fits, at least one
    while (low < high) {
      const int64_t middle = (low + high + 1) / 2;
      tiling_.dims[dim].block = std::min(middle * step, extent(dim));
      if (bytes() <= budget)
        low = middle;
      else
        high = middle - 1;
    }
    // Blocks of equal size avoid a short one at the end.
    const int64_t count = ceil_div(extent(dim), low * step);
    tiling_.dims[dim].block = std::min(extent(dim), round_up(ceil_div(extent(dim), count), step));
    if (const int64_t equal = equal_runs(rows_input, dim, low * step); equal > 0) tiling_.dims[dim].block = equal;
    products().reduction_blocks |= tiling_.dims[dim].block < extent(dim);
  }
}

// The last coordinate of an input tile is copied in runs of one static length. Returns the largest divisor of the extent that
// is about `most` elements at most, or 0 where any block will do.
int64_t TilingChooser::equal_runs(size_t rows_input, unsigned dim, int64_t most) const {
  if (tiling_.packing[rows_input] != Packing::input_tile || forms_[rows_input].back().coefficients[dim] == 0) return 0;
  const int64_t step = std::max<int64_t>(1, tiling_.dims[dim].tile);
  for (int64_t block = std::min(extent(dim), most + most / 8) / step * step; block > most / 2; block -= step)
    if (extent(dim) % block == 0) return block;
  return 0;
}

// The size of blocks that are equal, consist of whole tiles, and are not larger than `most`.
int64_t TilingChooser::even_block(unsigned dim, int64_t most) const {
  const int64_t step = std::max<int64_t>(1, tiling_.dims[dim].tile);
  const int64_t count = ceil_div(extent(dim), std::max(most / step * step, step));
  return std::min(extent(dim), round_up(ceil_div(extent(dim), count), step));
}

// An input tile contains the whole of its second-to-last coordinate, and of an unpadded last coordinate a part of static
// length, so the block must divide the extent.
int64_t TilingChooser::input_tile_block(size_t input, unsigned dim, int64_t block) const {
  const auto& forms = forms_[input];
  const bool last = forms.back().coefficients[dim] != 0;
  const bool next = forms.size() > 1 && forms[forms.size() - 2].coefficients[dim] != 0;
  if (next) return extent(dim);
  if (!last) return block;
  const int64_t step = std::max<int64_t>(1, tiling_.dims[dim].tile);
  while (block > step && (extent(dim) % block != 0 || block % step != 0)) --block;
  return extent(dim) % block == 0 ? block : extent(dim);
}

void TilingChooser::contraction_blocks(size_t rows_input, size_t columns_input, bool shared_vector) {
  const unsigned vector = *tiling_.vector_dim;
  auto& dims = tiling_.dims;
  int64_t depth_total = 1, rows_total = 1;
  for (unsigned dim = 0; dim < rank_; ++dim) {
    dims[dim].block = reduced(dim) ? extent(dim) : std::max<int64_t>(1, dims[dim].tile);
    if (reduced(dim)) depth_total *= extent(dim);
    if (!reduced(dim) && !reads(columns_input, dim)) rows_total *= extent(dim);
  }
  const bool strip = tiling_.packing[rows_input] == Packing::input_tile;
  const int64_t tile = dims[vector].tile;
  const bool transposed = contiguous_dim(columns_input) != static_cast<int>(vector);
  const Access& columns = root_.inputs[columns_input];
  const bool worth_packing = rows_total >= 32 && (transposed || extent(vector) > tile);
  if (!shared_vector && !columns.padded() && simple_coordinates(columns_input)) {
    const bool columns_in_pairs = columns.group > 1 && columns.group_coordinate >= 0;
    if (columns.distant_pairs() || worth_packing) tiling_.packing[columns_input] = Packing::panel;
    if (columns.prepacked) tiling_.packing[columns_input] = Packing::prepacked;
    if (!columns_in_pairs && (transposed || extent(vector) > tile))
      products().panel_input = static_cast<unsigned>(columns_input);
  }
  // A reduction is deep when what one tile of columns reads over all of it overflows the cache (a gradient by the filter, a
  // long dense layer).
  deep_ = (walks_rows(rows_input) && depth_total * tile * bytes_ > 2 * target_.l1_bytes) ||
          (depth_total * tile + (strip ? box_elements(rows_input) : 0)) * bytes_ > target_.l2_bytes / 2;

  if (shared_vector) {
    dims[vector].block = extent(vector);
  } else {
    const int64_t fit = target_.l2_bytes * 35 / 100 / (depth_total * bytes_);
    dims[vector].block = even_block(vector, deep_ ? 2 * tile : std::max(fit, tile));
    // Prepacked columns cost nothing to revisit, so an input tile is packed once for all of them, and they are read one tile
    // after another.
    products().columns_outermost = strip && !deep_ && tiling_.packing[columns_input] == Packing::prepacked;
    if (products().columns_outermost) dims[vector].block = extent(vector);
  }
  // Rows of a block: enough to amortize packing the columns, few enough that an input tile stays in the cache.
  const int64_t wanted_rows = tiling_.packing[columns_input] != Packing::none ? 640 : 320;
  int64_t block_rows = 1;
  for (unsigned dim : llvm::reverse(root_.output_dims)) {
    // Steps along a dimension of all three operands (groups, parts of a split reduction) share nothing.
    if (dim == vector || (!shared_vector && reads(rows_input, dim) && reads(columns_input, dim))) continue;
    int64_t block = even_block(dim, std::max(wanted_rows / block_rows, std::max<int64_t>(1, dims[dim].tile)));
    if (deep_ && walks_rows(rows_input))
      block = std::min(extent(dim), even_block(dim, tiling_.tiled(dim) ? 32 * dims[dim].tile : extent(dim)));
    if (strip && reads(rows_input, dim)) block = input_tile_block(rows_input, dim, block);
    dims[dim].block = block;
    while (strip && !deep_ && dims[dim].block > 1 && !tiling_.tiled(dim) &&
           box_elements(rows_input) * bytes_ > target_.l2_bytes / 4)
      dims[dim].block = ceil_div(dims[dim].block, 2);
    block_rows *= dims[dim].block;
  }
  limit_reduction_blocks(rows_input, columns_input);
  if (tiling_.packing[columns_input] == Packing::prepacked && !strip) {
    spread_unpacked(columns_input);
  } else {
    spread_over_grid(rows_input, strip);
  }
  products().prefetched_panel = tiling_.packing[columns_input] == Packing::prepacked && row_tiles(columns_input) > 1 &&
                                row_tiles(columns_input) <= most_rows_to_prefetch_in &&
                                extent(vector) * depth_total * bytes_ > target_.l2_bytes;
  // Rows that start far apart are short streams, which end about when the hardware prefetcher has detected them.
  const mlir::RankedTensorType rows_type = root_.inputs[rows_input].seen_type();
  if (tiling_.packing[rows_input] == Packing::none && !walks_rows(rows_input) && !shared_vector &&
      rows_type.getNumElements() * bytes_ > target_.l2_bytes)
    products().prefetched_input = static_cast<unsigned>(rows_input);
}

// Nothing is packed here, so smaller grid tiles repeat no packing: there are twice as many as elsewhere, each about as high as
// wide, and an even number along the columns, so that two threads finish together.
void TilingChooser::spread_unpacked(size_t columns_input) {
  auto& dims = tiling_.dims;
  const unsigned vector = *tiling_.vector_dim;
  auto set_parts = [&](unsigned dim, int64_t parts) {
    dims[dim].block = round_up(ceil_div(extent(dim), parts), std::max<int64_t>(1, dims[dim].tile));
  };
  auto parts = [&](unsigned dim) { return ceil_div(extent(dim), dims[dim].block); };
  const int64_t most_columns = ceil_div(extent(vector), dims[vector].tile);
  set_parts(vector, std::min<int64_t>(llvm::bit_ceil(static_cast<uint64_t>(parts(vector))), most_columns));
  while (grid_tiles() < 2 * least_grid_tiles) {
    int64_t rows = 1;
    std::optional<unsigned> row;
    for (unsigned dim : root_.output_dims) {
      if (dim == vector || reads(columns_input, dim)) continue;
      rows *= dims[dim].block;
      if (!row && dims[dim].block > std::max<int64_t>(1, dims[dim].tile)) row = dim;
    }
    const bool by_columns = parts(vector) < most_columns && (!row || dims[vector].block >= rows);
    if (!by_columns && !row) break;
    const unsigned dim = by_columns ? vector : *row;
    set_parts(dim, std::min(2 * parts(dim), ceil_div(extent(dim), std::max<int64_t>(1, dims[dim].tile))));
  }
}

// Halves blocks, columns first, until the grid has enough tiles for a few threads.
void TilingChooser::spread_over_grid(std::optional<size_t> rows_input, bool strip) {
  auto& dims = tiling_.dims;
  // Rows are halved first where each grid tile packs only the rows that it needs; taps last, because all of them read the same
  // input tile.
  const bool rows_first = rows_input && walks_rows(*rows_input);
  SmallVector<unsigned> order;
  for (const bool tiled : {true, false})
    for (unsigned dim : root_.output_dims)
      if (!tiling_.is_vector(dim) && tiling_.tiled(dim) == tiled) order.push_back(dim);
  order.insert(rows_first && !order.empty() ? order.begin() + 1 : order.begin(), *tiling_.vector_dim);
  // Inputs that are read without packing are never packed twice. But cutting a row adds halos, and blocks of a few channels
  // read memory with large strides.
  if (!rows_input) {
    order.clear();
    for (unsigned dim : root_.output_dims)
      if (!tiling_.tiled(dim) && !tiling_.reduces_in_blocks()) order.push_back(dim);
    if (!tiling_.reduces_lanes(root_)) order.push_back(*tiling_.vector_dim);
  }
  const int64_t least_tiles = rows_first ? least_grid_tiles / 2 : least_grid_tiles;
  for (unsigned dim : order) {
    const int64_t step = std::max<int64_t>(1, dims[dim].tile);
    while (grid_tiles() < least_tiles && dims[dim].block > step) {
      int64_t block = round_up(ceil_div(dims[dim].block, 2), step);
      if (strip && reads(*rows_input, dim)) block = input_tile_block(*rows_input, dim, block);
      if (block >= dims[dim].block) break;
      dims[dim].block = block;
    }
  }
}

int64_t row_tile(int64_t extent, int64_t vectors, const Target& target) {
  // With more than ten rows of two vectors LLVM has too few registers left to load ahead: 14 rows were measured to be a tenth
  // slower.
  const int64_t free = (target.vector_registers - vectors - 1) / vectors;
  return row_tile(extent, vectors, std::min<int64_t>(free, 20 / vectors));
}

Tiling choose_tiling(const KernelDescription& kernel, const Target& target) {
  return kernel.winograd != 0 ? winograd_tiling(kernel, target) : TilingChooser(kernel, target).choose();
}

bool Tiling::reduces_in_blocks() const {
  const auto* contraction = std::get_if<ContractionTiling>(&kind);
  return std::holds_alternative<DepthwiseFilterGradientTiling>(kind) ||
         (contraction != nullptr && contraction->reduction_blocks);
}

llvm::ArrayRef<PaddingHalo> Tiling::halos() const {
  return std::visit(
      [](const auto& of_kind) -> llvm::ArrayRef<PaddingHalo> {
        if constexpr (requires { of_kind.halos; }) return of_kind.halos;
        return {};
      },
      kind);
}

bool writes_whole_lines(const KernelResult& output, const LinalgOperation& root, const Tiling& tiling) {
  constexpr int64_t line_bytes = 64;
  if (output.in_place >= 0 || !tiling.vector_dim || tiling.reduces_lanes(root)) return false;
  const mlir::RankedTensorType type = output.type;
  const int64_t element = (type.getElementTypeBitWidth() + 7) / 8;
  return type.getRank() > 0 && tiling.is_vector(root.output_dims.back()) &&
         type.getShape().back() * element % line_bytes == 0 && tiling.dims[*tiling.vector_dim].tile * element % line_bytes == 0;
}

SmallVector<Segment> segments(int64_t extent, int64_t tile, bool vector) {
  SmallVector<Segment> cut;
  int64_t at = extent / tile * tile;
  if (at > 0) cut.push_back({tile, 0, at});
  while (at < extent) {
    const int64_t left = extent - at;
    const int64_t size = vector ? static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(left))) : left;
    cut.push_back({size, at, at + size});
    at += size;
  }
  return cut;
}

}  // namespace fovea
