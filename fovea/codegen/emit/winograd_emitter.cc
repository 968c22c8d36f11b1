// SPDX-License-Identifier: Apache-2.0
// Convolutions by Winograd's algorithm (winograd.h). A grid tile transforms a block of image tiles into scratch, computes one
// matrix product for each element of the transformed tiles, and transforms the products back in registers, where the kernel's
// epilogue follows.
#include <mlir/Dialect/Vector/IR/VectorOps.h>

#include "fovea/codegen/emit/emitters.h"
#include "fovea/codegen/emit/epilogue.h"
#include "fovea/codegen/emit/winograd_transform.h"

namespace fovea {

using namespace mlir;

namespace {

// The sizes of a block, which follow from kernel and tiling.
struct WinogradBlock {
  WinogradBlock(const KernelDescription& kernel, const Tiling& tiling, const WinogradTiling& kind)
      : dims(*convolution_dims(kernel.root)),
        side(kind.results + 2),
        numbers(side * side),
        width((kernel.root.extents[dims.width] + kind.results - 1) / kind.results),
        tile_rows(tiling.dims[dims.height].block / kind.results),
        images(dims.batch < 0 ? 1 : tiling.dims[static_cast<size_t>(dims.batch)].block),
        tiles(images * tile_rows * width) {}

  ConvolutionDims dims;
  int64_t side, numbers;     // of an image tile: result pixels and the taps around them
  int64_t width, tile_rows;  // in tiles
  int64_t images, tiles;
};

// The image as a padded access, if only because the last tiles may reach beyond it.
Access padded_image(const LinalgOperation& root) {
  Access image = root.inputs[0];
  if (image.padded()) return image;
  image.pad_low.assign(image.map.getNumResults(), 0);
  image.pad_value = Builder(image.map.getContext()).getF32FloatAttr(0);
  return image;
}

// The tiling of one row of image tiles, which is packed at a time.
Tiling tiling_of_row(const Tiling& tiling, const WinogradTiling& kind, const WinogradBlock& block) {
  Tiling row = tiling;
  if (block.dims.batch >= 0) row.dims[static_cast<size_t>(block.dims.batch)].block = 1;
  row.dims[block.dims.height].block = kind.results;
  row.dims[block.dims.width].block = kind.results * block.width;
  return row;
}

RankedTensorType scratch_of(const WinogradBlock& block, int64_t channels, Type element) {
  return RankedTensorType::get({block.numbers, block.tiles, channels}, element);
}

// Emits the kernel. Its scratch holds the pixels of one row of tiles, the transformed block, and its products.
class WinogradEmitter {
 public:
  WinogradEmitter(const KernelDescription& kernel, const Tiling& tiling, const WinogradTiling& kind)
      : root_(kernel.root),
        tiling_(tiling),
        kind_(kind),
        block_(kernel, tiling, kind),
        dims_(block_.dims),
        image_(padded_image(root_)),
        row_tiling_(tiling_of_row(tiling, kind, block_)),
        packed_(Packing::input_tile, image_, root_, row_tiling_),
        scratch_(kernel.outputs.size()),
        element_(Float32Type::get(function_of(kernel).getContext())),
        pixels_(scratch_.add(packed_.scratch_type(element_))),
        transformed_(scratch_.add(scratch_of(block_, root_.extents[dims_.channels], element_))),
        products_(scratch_.add(scratch_of(block_, tiling.dims[dims_.filters].block, element_))),
        function_(kernel, tiling, scratch_, {pixels_, std::nullopt}),
        t_(function_.builder()),
        operations_(kernel, tiling, function_),
        epilogue_(kernel, tiling, function_, operations_) {}

  void emit() {
    function_.write_grid([&](const TilePosition& block, TileState& state) {
      transform_image(block, state);
      multiply_transformed(block, state);
      transform_results(block, state);
    });
  }

 private:
  using RowBody = llvm::function_ref<void(Index first_tile, const TilePosition&, TileState&)>;

  void over_tile_rows(Index begin, Index end, const TilePosition& block, TileState& state, RowBody body);
  void transform_image(const TilePosition& block, TileState& state);
  void transform_tile(Index first, Index column, const TilePosition& position, ArrayRef<Index> origin, TileState& state);
  void multiply_transformed(const TilePosition& block, TileState& state);
  Value product_of(Index number, Index filter, Index tile, int64_t rows, const TilePosition& block, const TileState& state);
  void prefetch_next_filters(Index number, Index filter, Index tile, Index channel, int64_t steps, const TilePosition& block,
                             const TileState& state);
  void transform_results(const TilePosition& block, TileState& state);
  void results_of_tile(Index tile, const TilePosition& corner, int64_t height, int64_t width, TileState& state);
  SmallVector<Value> values_of(ArrayRef<Index> indices);
  VectorType vector() const { return VectorType::get({kind_.lanes}, element_); }

  const LinalgOperation& root_;
  const Tiling& tiling_;
  const WinogradTiling& kind_;
  const WinogradBlock block_;
  const ConvolutionDims& dims_;
  const Access image_;
  const Tiling row_tiling_;
  const PackedOperand packed_;
  ScratchPlan scratch_;
  const Type element_;
  const size_t pixels_, transformed_, products_;  // positions among the values that the loops carry
  TileFunction function_;
  TileBuilder& t_;
  TileOperations operations_;
  Epilogue epilogue_;
};

const bool in_bounds[] = {true};

// Loops over the images and rows of tiles of this block; the body gets the number of the row's first tile.
void WinogradEmitter::over_tile_rows(Index begin, Index end, const TilePosition& block, TileState& state, RowBody body) {
  auto rows = [&](Index image, const TilePosition& position, TileState& inside) {
    t_.loop(begin, end, 1, inside, [&](Index row, TileState& deeper) {
      TilePosition here = position;
      here.at[dims_.height] = t_.add(block.start[dims_.height], t_.multiply(row, kind_.results));
      body(t_.multiply(t_.add(t_.multiply(image, block_.tile_rows), row), block_.width), here, deeper);
    });
  };
  if (dims_.batch < 0) return rows(t_.constant(0), block, state);
  const auto batch = static_cast<size_t>(dims_.batch);
  t_.loop(t_.constant(0), t_.constant(tiling_.dims[batch].block), 1, state, [&](Index image, TileState& inside) {
    TilePosition here = block;
    here.at[batch] = t_.add(block.start[batch], image);
    rows(image, here, inside);
  });
}

void WinogradEmitter::transform_image(const TilePosition& block, TileState& state) {
  const Index none = t_.constant(0);
  over_tile_rows(
      none, t_.constant(block_.tile_rows), block, state, [&](Index first, const TilePosition& of_row, TileState& row) {
        SmallVector<Index> start(block.start);
        start[dims_.height] = of_row.at[dims_.height];
        if (dims_.batch >= 0) start[static_cast<size_t>(dims_.batch)] = of_row.at[static_cast<size_t>(dims_.batch)];
        const PackedBlock packed =
            packed_.pack(t_, function_.argument(root_.inputs[0].tensor, row), row[pixels_], start, block.stop);
        row[pixels_] = packed.scratch;
        t_.loop(none, t_.constant(block_.width), 1, row, [&](Index column, TileState& tile) {
          TilePosition here = of_row;
          here.at[dims_.width] = t_.multiply(column, kind_.results);
          t_.loop(none, t_.constant(root_.extents[dims_.channels]), kind_.lanes, tile, [&](Index channel, TileState& inside) {
            here.at[dims_.channels] = channel;
            here.size[dims_.channels] = kind_.lanes;
            transform_tile(first, column, here, packed.origin, inside);
          });
        });
      });
}

// Transforms one vector of channels of the tile at `column` in a row of tiles, whose first has the number `first`.
void WinogradEmitter::transform_tile(Index first, Index column, const TilePosition& position, ArrayRef<Index> origin,
                                     TileState& state) {
  const Value view = packed_.view(t_, state[pixels_]);
  Square pixels(static_cast<size_t>(block_.side));
  TilePosition here = position;
  for (int64_t i = 0; i < block_.numbers; ++i) {
    here.at[dims_.tap_height] = t_.constant(i / block_.side);
    here.at[dims_.tap_width] = t_.constant(i % block_.side);
    SmallVector<unsigned> listed;
    const TileBuilder::Slice slice = packed_.slice(t_, origin, here.at, here.size, {dims_.channels}, listed);
    pixels[static_cast<size_t>(i / block_.side)].push_back(t_.builder.create<vector::TransferReadOp>(
        t_.location, vector(), view, values_of(slice.offsets), ArrayRef<bool>(in_bounds)));
  }
  const Square numbers = transformed(t_.builder, t_.location, winograd_matrices(kind_.results).image, pixels);
  for (int64_t i = 0; i < block_.numbers; ++i) {
    const SmallVector<Value> at = values_of({t_.constant(i), t_.add(first, column), position.at[dims_.channels]});
    const Value number = numbers[static_cast<size_t>(i / block_.side)][static_cast<size_t>(i % block_.side)];
    state[transformed_] =
        t_.builder.create<vector::TransferWriteOp>(t_.location, number, state[transformed_], at, ArrayRef<bool>(in_bounds))
            .getResult();
  }
}

// For each element of the transformed tiles: the product of all tiles of the block and its filters.
void WinogradEmitter::multiply_transformed(const TilePosition& block, TileState& state) {
  const int64_t filters = tiling_.dims[dims_.filters].tile;
  const Index begin = block.start[dims_.filters], end = block.stop[dims_.filters];
  t_.loop(t_.constant(0), t_.constant(block_.numbers), 1, state, [&](Index number, TileState& of_number) {
    t_.loop(begin, end, filters, of_number, [&](Index filter, TileState& columns) {
      for (const Segment& rows : segments(block_.tiles, kind_.rows, false)) {
        t_.loop(t_.constant(rows.begin), t_.constant(rows.end), rows.tile, columns, [&](Index tile, TileState& inside) {
          const Value sum = product_of(number, filter, tile, rows.tile, block, inside);
          const TileBuilder::Slice to{
              {number, tile, t_.subtract(filter, begin)}, {1, rows.tile, filters}, {1, 1, 1}, {false, true, true}};
          inside[products_] = t_.write(sum, inside[products_], to);
        });
      }
    });
  });
}

Value WinogradEmitter::product_of(Index number, Index filter, Index tile, int64_t rows, const TilePosition& block,
                                  const TileState& state) {
  constexpr int64_t depth = 8;
  const int64_t filters = tiling_.dims[dims_.filters].tile;
  auto map = [&](ArrayRef<unsigned> positions) {
    SmallVector<AffineExpr> results;
    for (const unsigned position : positions) results.push_back(t_.builder.getAffineDimExpr(position));
    return AffineMap::get(3, 0, results, t_.builder.getContext());
  };
  SmallVector<Value> sum{t_.filled(function_.constant(root_.initial[0]), {rows, filters})};
  for (const Segment& steps : segments(root_.extents[dims_.channels], depth, false)) {
    t_.loop(t_.constant(steps.begin), t_.constant(steps.end), steps.tile, sum, [&](Index channel, TileState& sums) {
      prefetch_next_filters(number, filter, tile, channel, steps.tile, block, state);
      const TileBuilder::Slice image{{number, tile, channel}, {1, rows, steps.tile}, {1, 1, 1}, {false, true, true}};
      const TileBuilder::Slice weights{{t_.divide(filter, filters), number, channel, t_.constant(0)},
                                       {1, 1, steps.tile, filters},
                                       {1, 1, 1, 1},
                                       {false, false, true, true}};
      const Value filter_tiles = function_.argument(root_.inputs[1].tensor, state);
      const TileOperand left{t_.read(state[transformed_], image), {}, map({0, 2})};
      const TileOperand right{t_.read(filter_tiles, weights), {}, map({2, 1})};
      sums = operations_.apply_root({left, right}, sums, {dims_.width, dims_.filters, dims_.channels}, {}, block);
    });
  }
  return sum[0];
}

// Prefetches the part of the filters that the next product reads at this step; each tile of rows prefetches its share.
void WinogradEmitter::prefetch_next_filters(Index number, Index filter, Index tile, Index channel, int64_t steps,
                                            const TilePosition& block, const TileState& state) {
  constexpr int64_t line = 16;
  const int64_t filters = tiling_.dims[dims_.filters].tile, panels = tiling_.dims[dims_.filters].block / filters;
  const int64_t rows = (block_.tiles + kind_.rows - 1) / kind_.rows;
  const int64_t lines_of_step = std::max<int64_t>(1, filters / line), lines = steps * lines_of_step;
  const int64_t share = (lines + rows - 1) / rows;
  const Index start = t_.divide(block.start[dims_.filters], filters);
  const Index next =
      t_.add(t_.add(t_.multiply(number, panels), t_.subtract(t_.divide(filter, filters), start)), t_.constant(1));
  const Index panel = t_.add(start, t_.remainder(next, panels)), next_number = t_.divide(next, panels);
  const Index row = t_.divide(tile, kind_.rows);
  for (int64_t i = 0; i < share; ++i) {
    const Index at = t_.remainder(t_.add(t_.multiply(row, share), t_.constant(i)), lines);
    t_.prefetch(function_.argument(root_.inputs[1].tensor, state),
                {panel, next_number, t_.add(channel, t_.divide(at, lines_of_step)),
                 t_.multiply(t_.remainder(at, lines_of_step), line)});
  }
}

// Transforms the result tiles back, whole ones and the partial ones at the border of the image; each of their pixels goes
// through the epilogue.
void WinogradEmitter::transform_results(const TilePosition& block, TileState& state) {
  const int64_t results = kind_.results, height = root_.extents[dims_.height], width = root_.extents[dims_.width];
  const Index rows = t_.constant(block_.tile_rows);
  Index whole_rows = rows;
  if (height % results != 0)
    whole_rows = t_.least(rows, t_.subtract(t_.constant(height / results), t_.divide(block.start[dims_.height], results)));
  auto row_of_tiles = [&](Index begin, Index end, int64_t tile_height) {
    over_tile_rows(begin, end, block, state, [&](Index first, const TilePosition& of_row, TileState& row) {
      auto tiles = [&](int64_t from, int64_t to, int64_t tile_width) {
        t_.loop(t_.constant(from), t_.constant(to), 1, row, [&](Index column, TileState& inside) {
          TilePosition corner = of_row;
          corner.at[dims_.width] = t_.multiply(column, results);
          results_of_tile(t_.add(first, column), corner, tile_height, tile_width, inside);
        });
      };
      tiles(0, width / results, results);
      if (width % results != 0) tiles(width / results, block_.width, width % results);
    });
  };
  row_of_tiles(t_.constant(0), whole_rows, results);
  if (height % results != 0) row_of_tiles(whole_rows, rows, height % results);
}

void WinogradEmitter::results_of_tile(Index tile, const TilePosition& corner, int64_t height, int64_t width, TileState& state) {
  const Index begin = corner.start[dims_.filters], end = corner.stop[dims_.filters];
  t_.loop(begin, end, kind_.lanes, state, [&](Index filter, TileState& inside) {
    const Index column = t_.subtract(filter, begin);
    Square products(static_cast<size_t>(block_.side));
    for (int64_t i = 0; i < block_.numbers; ++i) {
      const SmallVector<Value> at = values_of({t_.constant(i), tile, column});
      products[static_cast<size_t>(i / block_.side)].push_back(
          t_.builder.create<vector::TransferReadOp>(t_.location, vector(), inside[products_], at, ArrayRef<bool>(in_bounds)));
    }
    const Square sums = transformed(t_.builder, t_.location, winograd_matrices(kind_.results).result, products);
    TilePosition pixel = corner;
    pixel.at[dims_.filters] = filter;
    pixel.size[dims_.filters] = kind_.lanes;
    for (int64_t i = 0; i < height; ++i) {
      for (int64_t j = 0; j < width; ++j) {
        pixel.at[dims_.height] = t_.add(corner.at[dims_.height], t_.constant(i));
        pixel.at[dims_.width] = t_.add(corner.at[dims_.width], t_.constant(j));
        const Value place = t_.empty({kind_.lanes}, element_);
        const Value sum = sums[static_cast<size_t>(i)][static_cast<size_t>(j)];
        const Value result = t_.builder
                                 .create<vector::TransferWriteOp>(t_.location, sum, place, values_of({t_.constant(0)}),
                                                                  ArrayRef<bool>(in_bounds))
                                 .getResult();
        epilogue_.finish(result, pixel, inside);
      }
    }
  });
}

SmallVector<Value> WinogradEmitter::values_of(ArrayRef<Index> indices) {
  SmallVector<Value> values;
  for (const Index index : indices) values.push_back(t_.value(index));
  return values;
}

}  // namespace

void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const WinogradTiling& kind) {
  WinogradEmitter(kernel, tiling, kind).emit();
}

}  // namespace fovea
