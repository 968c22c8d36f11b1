// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/tiling/winograd.h"

#include <mlir/IR/BuiltinTypes.h>

#include <algorithm>

namespace fovea {
namespace {

using llvm::SmallVector;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Measured on processors with two multiply-adds a cycle. `transform_cycles`: the cycles to transform one of the n * n elements
// of a tile for a vector of channels, loads and stores included. `stream_bytes`: the bytes that arrive in a cycle from beyond
// the second-level cache.
constexpr double transform_cycles = 3.6;
constexpr double stream_bytes = 4;
// The shares of the peak of multiply-adds that matrix products and direct convolutions reach.
constexpr double product_share = 0.9, direct_share = 0.93;
// A smaller gain does not justify filters of 16/9 or 4 times the size.
constexpr double least_gain = 1.15;
constexpr int64_t least_grid_tiles = 8;

struct Sizes {
  int64_t batch, height, width, channels, filters;
};

// The part of the work that a grid tile does, and the estimated cycles of the whole kernel.
struct Blocks {
  int64_t images = 1, tile_rows = 1, filters = 1;
  double cycles = 0;
};

Sizes sizes_of(const LinalgOperation& root, const ConvolutionDims& dims) {
  return {dims.batch < 0 ? 1 : root.extents[dims.batch], root.extents[dims.height], root.extents[dims.width],
          root.extents[dims.channels], root.extents[dims.filters]};
}

// The estimated cycles of the kernel on one thread.
double cycles_of(const Sizes& sizes, int64_t results, const Blocks& blocks, const Target& target) {
  const int64_t side = results + 2, numbers = side * side, lanes = target.lanes(4);
  const int64_t width = ceil_div(sizes.width, results), height = ceil_div(sizes.height, results);
  const int64_t tiles = sizes.batch * height * width, block_tiles = blocks.images * blocks.tile_rows * width;
  const double row_blocks = static_cast<double>(tiles) / static_cast<double>(block_tiles);
  const double column_blocks = static_cast<double>(sizes.filters) / static_cast<double>(blocks.filters);
  auto product = [](auto... factors) { return (static_cast<double>(factors) * ...); };

  // With few rows of accumulators, multiply-adds wait for each other's results.
  const int64_t rows = row_tile(block_tiles, 2, target);
  const double busy = product_share * std::min(1.0, static_cast<double>(rows) / 5);
  const double products = product(numbers, tiles, sizes.channels, sizes.filters) / product(2, lanes) / busy;
  const double image = product(tiles, ceil_div(sizes.channels, lanes), numbers) * transform_cycles * column_blocks;
  const double back = product(tiles, ceil_div(sizes.filters, lanes), numbers) * transform_cycles;
  // Every block of rows reads all filters once; scratch that does not fit the cache is written to memory and read back.
  const double filters = product(4, numbers, sizes.channels, sizes.filters) * row_blocks / stream_bytes;
  const double scratch = product(4, numbers, block_tiles, sizes.channels + blocks.filters);
  const double spilled =
      scratch > static_cast<double>(target.l2_bytes) ? scratch * row_blocks * column_blocks / stream_bytes : 0;
  return std::max(products, filters) + std::min(products, filters) / 4 + image + back + spilled;
}

Blocks best_blocks(const Sizes& sizes, int64_t results, const Target& target) {
  const int64_t tile = 2 * target.lanes(4), rows = ceil_div(sizes.height, results);
  Blocks best;
  double least = 0;
  auto consider = [&](Blocks blocks) {
    const int64_t grid = (sizes.batch / blocks.images) * (rows / blocks.tile_rows) * ceil_div(sizes.filters, blocks.filters);
    // With few grid tiles, some of two to four threads are idle at the end.
    blocks.cycles = cycles_of(sizes, results, blocks, target);
    const double shared = blocks.cycles * (grid >= least_grid_tiles ? 1 : 1 + 0.5 / static_cast<double>(grid));
    if (least != 0 && shared >= least) return;
    least = shared;
    best = blocks;
  };
  for (int64_t filters = sizes.filters; filters >= tile; filters -= tile) {
    if (sizes.filters % filters != 0) continue;
    for (int64_t tile_rows = 1; tile_rows <= rows; ++tile_rows)
      if (rows % tile_rows == 0) consider({1, tile_rows, filters});
    for (int64_t images = 2; images <= sizes.batch; ++images)
      if (sizes.batch % images == 0) consider({images, rows, filters});
  }
  return best;
}

bool is_f32(const Access& access) {
  return !access.scalar && access.group == 1 && mlir::getElementTypeOrSelf(access.tensor.getType()).isF32();
}

}  // namespace

const WinogradMatrices& winograd_matrices(int64_t results) {
  static const WinogradMatrices two = {
      .image = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}},
      .filter = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}},
      .result = {{1, 1, 1, 0}, {0, 1, -1, 1}},
  };
  static const WinogradMatrices four = {
      .image = {{4, 0, -5, 0, 1, 0},
                {0, -4, -4, 1, 1, 0},
                {0, 4, -4, -1, 1, 0},
                {0, -2, -1, 2, 1, 0},
                {0, 2, -1, -2, 1, 0},
                {0, 4, 0, -5, 0, 1}},
      .filter = {{1.0 / 4, 0, 0},
                 {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                 {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                 {1.0 / 24, 1.0 / 12, 1.0 / 6},
                 {1.0 / 24, -1.0 / 12, 1.0 / 6},
                 {0, 0, 1}},
      .result = {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}},
  };
  return results == 2 ? two : four;
}

std::optional<ConvolutionDims> convolution_dims(const LinalgOperation& root) {
  const auto rank = static_cast<unsigned>(root.extents.size());
  if (root.inputs.size() != 2 || root.output_dims.size() < 3 || !is_f32(root.inputs[0]) || !is_f32(root.inputs[1])) return {};
  // The dimensions of which each coordinate is the sum; nothing if a coordinate is something else.
  auto terms = [&](const Access& access) -> std::optional<SmallVector<SmallVector<unsigned>>> {
    SmallVector<SmallVector<unsigned>> coordinates;
    for (mlir::AffineExpr result : access.map.getResults()) {
      const LinearForm form = linear_form(result, rank);
      if (form.constant != 0) return {};
      SmallVector<unsigned>& dims = coordinates.emplace_back();
      for (unsigned dim = 0; dim < rank; ++dim) {
        if (form.coefficients[dim] == 0) continue;
        if (form.coefficients[dim] != 1) return {};
        dims.push_back(dim);
      }
    }
    return coordinates;
  };
  const auto image = terms(root.inputs[0]), filter = terms(root.inputs[1]);
  if (!image || !filter || filter->size() != 4 || (image->size() != 3 && image->size() != 4)) return {};
  for (const auto& coordinate : *filter)
    if (coordinate.size() != 1) return {};
  ConvolutionDims dims;
  dims.tap_height = (*filter)[0][0], dims.tap_width = (*filter)[1][0];
  dims.channels = (*filter)[2][0], dims.filters = (*filter)[3][0];
  const size_t first = image->size() - 3;
  if (first == 1) {
    if ((*image)[0].size() != 1) return {};
    dims.batch = static_cast<int>((*image)[0][0]);
  }
  // The coordinate must be position + tap, in either order.
  auto position = [&](llvm::ArrayRef<unsigned> coordinate, unsigned tap) -> std::optional<unsigned> {
    if (coordinate.size() != 2 || !llvm::is_contained(coordinate, tap)) return {};
    return coordinate[0] == tap ? coordinate[1] : coordinate[0];
  };
  const auto height = position((*image)[first], dims.tap_height), width = position((*image)[first + 1], dims.tap_width);
  if (!height || !width || (*image)[first + 2] != SmallVector<unsigned>{dims.channels}) return {};
  dims.height = *height, dims.width = *width;
  SmallVector<unsigned> results{dims.height, dims.width, dims.filters};
  if (first == 1) results.insert(results.begin(), static_cast<unsigned>(dims.batch));
  if (results != root.output_dims || rank != results.size() + 3) return {};
  for (const unsigned dim : {dims.tap_height, dims.tap_width, dims.channels})
    if (!root.reduced[dim]) return {};
  if (root.extents[dims.tap_height] != 3 || root.extents[dims.tap_width] != 3) return {};
  return dims;
}

int64_t winograd_results(const KernelDescription& kernel, const Target& target, Winograd when) {
  if (when == Winograd::never || !kernel.is_contraction()) return 0;
  const auto dims = convolution_dims(kernel.root);
  if (!dims) return 0;
  const Sizes sizes = sizes_of(kernel.root, *dims);
  const int64_t lanes = target.lanes(4);
  // Channels must be whole vectors, and filters whole tiles of columns.
  if (lanes < 4 || sizes.channels % lanes != 0 || sizes.filters % (2 * lanes) != 0) return 0;
  if (when != Winograd::where_faster) return when == Winograd::two ? 2 : 4;
  auto product = [](auto... factors) { return (static_cast<double>(factors) * ...); };
  const double filters = product(36, sizes.channels, sizes.filters) / stream_bytes;
  const double products =
      product(9, sizes.batch, sizes.height, sizes.width, sizes.channels, sizes.filters) / product(2, lanes) / direct_share;
  double least = (std::max(products, filters) + std::min(products, filters) / 4) / least_gain;
  int64_t chosen = 0;
  for (const int64_t results : {2, 4}) {
    const double cycles = best_blocks(sizes, results, target).cycles;
    if (cycles >= least) continue;
    least = cycles;
    chosen = results;
  }
  return chosen;
}

Tiling winograd_tiling(const KernelDescription& kernel, const Target& target) {
  const LinalgOperation& root = kernel.root;
  const ConvolutionDims dims = *convolution_dims(root);
  const Sizes sizes = sizes_of(root, dims);
  const Blocks blocks = best_blocks(sizes, kernel.winograd, target);
  Tiling tiling;
  for (const int64_t extent : root.extents) tiling.dims.push_back({.block = extent});
  if (dims.batch >= 0) tiling.dims[static_cast<size_t>(dims.batch)].block = blocks.images;
  tiling.dims[dims.height].block = blocks.tile_rows * kernel.winograd;
  tiling.dims[dims.filters] = {.block = blocks.filters, .tile = 2 * target.lanes(4)};
  tiling.vector_dim = dims.filters;
  tiling.tile_order = {dims.filters};
  tiling.packing = {Packing::input_tile, Packing::prepacked};
  tiling.non_temporal.assign(kernel.outputs.size(), false);
  const int64_t tiles = blocks.images * blocks.tile_rows * ceil_div(sizes.width, kernel.winograd);
  tiling.kind = WinogradTiling{.results = kernel.winograd, .lanes = target.lanes(4), .rows = row_tile(tiles, 2, target)};
  return tiling;
}

}  // namespace fovea
