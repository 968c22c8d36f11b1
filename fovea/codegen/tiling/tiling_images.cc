// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/tiling/tiling_chooser.h"

namespace fovea {
namespace {

// Registers for accumulators where hardly anything else is kept in registers.
constexpr int64_t most_sums = 24;

}  // namespace

// Groups of one channel: vectors run along the channels of all three operands, and only elements that neighboring taps share
// are read more than once. Returns false where the inputs need packing.
bool TilingChooser::depthwise() {
  const unsigned vector = root_.output_dims.back();
  if (!reads(0, vector) || !reads(1, vector) || contiguous_dim(0) != static_cast<int>(vector)) return false;
  std::optional<llvm::SmallVector<PaddingHalo>> halos = padding_halos(kernel_);
  std::optional<unsigned> row;
  for (unsigned dim : root_.output_dims)
    if (dim != vector && extent(dim) > 1 && reads(0, dim) && !reads(1, dim)) row = dim;
  if (!halos || !row) return false;
  int64_t longest = 0;  // extent of the taps along a row, or in the gradient of the positions that they move along
  for (unsigned dim = 0; dim < rank_; ++dim)
    if (reduced(dim) && share_coordinate(0, *row, dim)) longest = std::max(longest, extent(dim));
  const bool sums = halos->empty() ? longest > extent(*row) : reduced(halos->front().position);
  if (longest == 0 || (sums && extent(*row) > 8)) return false;
  tiling_.packing.assign(root_.inputs.size(), Packing::none);
  tiling_.vector_dim = vector;
  tiling_.tile_order = {*row, vector};
  for (unsigned dim = 0; dim < rank_; ++dim) tiling_.dims[dim].block = extent(dim);
  sums ? depthwise_filter_gradient(*row, std::move(*halos)) : depthwise_results(*row, std::move(*halos));
  return true;
}

// Results are pixels of an image: a run of them stays in registers over all taps.
void TilingChooser::depthwise_results(unsigned row, llvm::SmallVector<PaddingHalo> halos) {
  auto& dims = tiling_.dims;
  DepthwiseTiling kind{.halos = std::move(halos)};
  const unsigned vector = root_.output_dims.back();
  int64_t inside = extent(row), rows_total = extent(row);
  for (const PaddingHalo& edge : kind.halos)
    if (edge.position == row) inside = edge.inside_end - edge.inside_begin;
  // The widening multiply-add adds the products of one register of 16-bit factors to two registers of sums.
  const int64_t vectors = target_.widening_multiply_add && sums_are_integers() ? 2 : 1;
  set_tile(vector, vector_tile(extent(vector), vectors * lanes_));
  set_tile(row, row_tile(std::max<int64_t>(inside, 1), vectors, (target_.vector_registers - 3) / (2 * vectors)));
  for (unsigned dim = 0; dim < rank_; ++dim)
    dims[dim].unrolled = reduced(dim) && extent(dim) <= 8 && share_coordinate(0, row, dim);
  for (unsigned dim : llvm::reverse(root_.output_dims)) {
    if (dim == vector || dim == row) continue;
    dims[dim].block = even_block(dim, std::max<int64_t>(1, 320 / rows_total));
    rows_total *= dims[dim].block;
    if (!kind.next_line && extent(dim) > 1) kind.next_line = LinePrefetch{.dim = dim, .input = 0};
  }
  tiling_.kind = std::move(kind);
  spread_over_grid({}, false);
}

// Results are sums over images (the gradient by the filter): the taps of a row stay in registers along a row of the image, and
// in scratch between rows.
void TilingChooser::depthwise_filter_gradient(unsigned row, llvm::SmallVector<PaddingHalo> halos) {
  auto& dims = tiling_.dims;
  const unsigned vector = root_.output_dims.back();
  int64_t vectors = 4;
  while (vectors > 1 && (extent(row) + 1) * vectors + 2 > target_.vector_registers) vectors /= 2;
  set_tile(vector, vector_tile(extent(vector), vectors * lanes_));
  set_tile(row, extent(row));
  tiling_.kind = DepthwiseFilterGradientTiling{.halos = std::move(halos)};
  for (unsigned dim = 0; dim < rank_; ++dim)
    if (reduced(dim) && !share_coordinate(0, row, dim)) dims[dim].block = 1;
  for (unsigned dim : root_.output_dims)
    if (reads(0, dim) && reads(1, dim) && dim != vector) dims[dim].block = 1;
  spread_over_grid({}, false);
}

// The gradient by the filter of an image with at most four channels has too few rows to hide the latency of multiply-adds. The
// taps along a line are neighbors in memory, so they become rows, too. Returns their dimension.
std::optional<unsigned> TilingChooser::window_of_few(size_t rows, size_t columns, unsigned channels) const {
  const unsigned vector = root_.output_dims.back();
  if (contiguous_dim(rows) != static_cast<int>(channels) || extent(channels) > 4 || reads(rows, vector)) return {};
  std::optional<unsigned> taps;
  for (unsigned dim : root_.output_dims)
    if (dim != vector && dim != channels && extent(dim) > 1 && reads(rows, dim) && !reads(columns, dim)) taps = dim;
  return taps;
}

void TilingChooser::few_rows(unsigned channels, unsigned taps) {
  const unsigned vector = root_.output_dims.back();
  const int64_t vectors = std::max<int64_t>(1, tiling_.dims[vector].tile / lanes_);
  const int64_t most = std::max<int64_t>(1, std::min(target_.vector_registers - 3, most_sums) / vectors / extent(channels));
  set_tile(channels, extent(channels));
  set_tile(taps, ceil_div(extent(taps), ceil_div(extent(taps), most)));
}

// Few results, each a sum along a dimension that is contiguous in both inputs (the gradient by an image of three channels): a
// register holds the partial sums of one result, and a run of pixels shares the filter that it reads. Returns false for other
// kernels.
bool TilingChooser::inner_products() {
  const unsigned vector = root_.output_dims.back();
  const size_t rows = reads(0, vector) ? 1 : 0, columns = 1 - rows;
  const int lane = contiguous_dim(0);
  if (extent(vector) > 4 || extent(vector) >= lanes_ || reads(rows, vector) || root_.product != DotProduct::none) return false;
  if (lane < 0 || lane != contiguous_dim(1) || !reduced(static_cast<unsigned>(lane)) ||
      extent(static_cast<unsigned>(lane)) < lanes_ ||
      !mlir::isa<mlir::Float32Type>(mlir::getElementTypeOrSelf(kernel_.outputs[0].value.getType())))
    return false;
  std::optional<llvm::SmallVector<PaddingHalo>> halos = padding_halos(kernel_);
  std::optional<unsigned> row;
  for (unsigned dim : root_.output_dims)
    if (dim != vector && extent(dim) > 1 && reads(rows, dim) && !reads(columns, dim)) row = dim;
  if (!halos || !row) return false;
  int64_t inside = extent(*row);
  for (const PaddingHalo& edge : *halos) {
    if (reduced(edge.position)) return false;
    if (edge.position == *row) inside = edge.inside_end - edge.inside_begin;
  }
  InnerProductTiling kind{.halos = std::move(*halos)};
  tiling_.packing.assign(root_.inputs.size(), Packing::none);
  tiling_.vector_dim = static_cast<unsigned>(lane);
  tiling_.tile_order = {*row, vector, static_cast<unsigned>(lane)};
  const int64_t results = extent(vector);
  set_tile(static_cast<unsigned>(lane), lanes_);
  set_tile(vector, results);
  set_tile(*row, row_tile(std::max<int64_t>(inside, 1), results,
                          std::min(target_.vector_registers - results - 1, most_sums) / results));
  int64_t rows_total = extent(*row);
  for (unsigned dim = 0; dim < rank_; ++dim) tiling_.dims[dim].block = extent(dim);
  for (unsigned dim : llvm::reverse(root_.output_dims)) {
    if (dim == vector || dim == *row) continue;
    tiling_.dims[dim].block = even_block(dim, std::max<int64_t>(1, 320 / rows_total));
    rows_total *= tiling_.dims[dim].block;
    if (!kind.next_line && extent(dim) > 1 && reads(rows, dim))
      kind.next_line = LinePrefetch{.dim = dim, .input = static_cast<unsigned>(rows)};
  }
  tiling_.kind = std::move(kind);
  spread_over_grid({}, false);
  return true;
}

}  // namespace fovea
