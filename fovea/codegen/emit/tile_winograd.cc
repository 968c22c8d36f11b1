// SPDX-License-Identifier: Apache-2.0
// Convolutions by Winograd's algorithm (winograd.h), one grid tile: a block of image tiles transformed into scratch, one matrix
// product for each of their numbers, and the results transformed back in registers, where the kernel's epilogue follows.
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Vector/IR/VectorOps.h>

#include <numeric>

#include "fovea/codegen/emit/tile_writer.h"

namespace fovea {

using namespace mlir;

namespace {

// Vectors times a small constant matrix, as sums that share what they can.
class Combination {
 public:
  Combination(OpBuilder& builder, Location location) : builder_(builder), location_(location) {}

  // rows of `matrix` times `vectors`
  SmallVector<Value> apply(const Matrix& matrix, ArrayRef<Value> vectors) {
    Matrix left = matrix;
    SmallVector<Value> terms(vectors);
    join_columns(left, terms);
    SmallVector<Value> results(left.size());
    for (size_t row = 0; row < left.size(); ++row) {
      if (results[row]) continue;
      size_t other = row + 1;
      while (other < left.size() && !mirrored(left[row], left[other])) ++other;
      if (other == left.size()) {
        results[row] = sum(left[row], terms);
        continue;
      }
      // Two rows that differ in signs alone: what they share, and what one adds and the other takes away.
      std::vector<double> shared = left[row], turned = left[row];
      for (size_t i = 0; i < shared.size(); ++i) (left[row][i] == left[other][i] ? turned : shared)[i] = 0;
      Value common = sum(shared, terms), change = sum(turned, terms);
      results[row] = builder_.create<arith::AddFOp>(location_, common, change);
      results[other] = builder_.create<arith::SubFOp>(location_, common, change);
    }
    return results;
  }

 private:
  static bool mirrored(ArrayRef<double> a, ArrayRef<double> b) {
    bool same = false, turned = false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i] == 0 && b[i] == 0) continue;
      if (a[i] != b[i] && a[i] != -b[i]) return false;
      (a[i] == b[i] ? same : turned) = true;
    }
    return same && turned;
  }

  // Neighboring columns that differ in signs alone: their sum and their difference instead.
  void join_columns(Matrix& matrix, SmallVectorImpl<Value>& terms) {
    for (size_t i = 0; i + 1 < terms.size(); ++i) {
      std::vector<double> a, b;
      for (const auto& row : matrix) {
        a.push_back(row[i]);
        b.push_back(row[i + 1]);
      }
      if (!mirrored(a, b)) continue;
      Value total = builder_.create<arith::AddFOp>(location_, terms[i], terms[i + 1]);
      Value difference = builder_.create<arith::SubFOp>(location_, terms[i], terms[i + 1]);
      terms[i] = total;
      terms[i + 1] = difference;
      for (auto& row : matrix) {
        const double factor = row[i];
        const bool of_sum = factor == row[i + 1];
        row[i] = of_sum ? factor : 0;
        row[i + 1] = of_sum ? 0 : factor;
      }
      ++i;
    }
  }

  Value sum(ArrayRef<double> factors, ArrayRef<Value> terms) {
    SmallVector<size_t> order;  // a term that needs no multiplication begins
    for (const bool plain : {true, false})
      for (size_t i = 0; i < factors.size(); ++i)
        if (factors[i] != 0 && (factors[i] == 1) == plain) order.push_back(i);
    Value total;
    for (const size_t i : order) {
      if (!total) {
        total = factors[i] == 1 ? terms[i] : times(factors[i], terms[i]);
      } else if (factors[i] == 1) {
        total = builder_.create<arith::AddFOp>(location_, total, terms[i]);
      } else if (factors[i] == -1) {
        total = builder_.create<arith::SubFOp>(location_, total, terms[i]);
      } else {
        total = builder_.create<vector::FMAOp>(location_, terms[i], constant(factors[i], terms[i].getType()), total);
      }
    }
    return total;
  }

  Value constant(double factor, Type type) {
    return builder_.create<arith::ConstantOp>(
        location_,
        DenseElementsAttr::get(cast<ShapedType>(type), builder_.getF32FloatAttr(static_cast<float>(factor)).getValue()));
  }
  Value times(double factor, Value term) {
    return builder_.create<arith::MulFOp>(location_, term, constant(factor, term.getType()));
  }

  OpBuilder& builder_;
  Location location_;
};

using Square = SmallVector<SmallVector<Value>>;

// matrix * values * matrix^T
Square both_sides(Combination& combination, const Matrix& matrix, const Square& values) {
  const size_t side = values.size(), results = matrix.size();
  Square half(results), all(results);
  for (size_t column = 0; column < side; ++column) {
    SmallVector<Value> terms;
    for (const auto& row : values) terms.push_back(row[column]);
    for (auto [row, value] : llvm::enumerate(combination.apply(matrix, terms))) half[row].push_back(value);
  }
  for (size_t row = 0; row < results; ++row) all[row] = combination.apply(matrix, half[row]);
  return all;
}

}  // namespace

// Scratch: the pixels of one row of tiles, the transformed block, and its products.
void TileWriter::plan_winograd() {
  winograd_.dims = *convolution_dims(root_);
  const ConvolutionDims& dims = winograd_.dims;
  const int64_t results = kernel_.winograd, side = results + 2;
  winograd_.image = root_.inputs[0];
  Access& image = winograd_.image;
  if (!image.padded()) {  // the last tiles reach beyond the image
    image.pad_low.assign(image.map.getNumResults(), 0);
    image.pad_value = builder_.getF32FloatAttr(0);
  }
  winograd_.width = (root_.extents[dims.width] + results - 1) / results;
  winograd_.tile_rows = tiling_.dims[dims.height].block / results;
  winograd_.strip = tiling_;
  if (dims.batch >= 0) winograd_.strip.dims[static_cast<size_t>(dims.batch)].block = 1;
  winograd_.strip.dims[dims.height].block = results;
  winograd_.strip.dims[dims.width].block = results * winograd_.width;
  const int64_t images = dims.batch < 0 ? 1 : tiling_.dims[static_cast<size_t>(dims.batch)].block;
  winograd_.tiles = images * winograd_.tile_rows * winograd_.width;

  const Type element = builder_.getF32Type();
  packed_.emplace_back(Packing::input_tile, image, forms_of(image, rank_), root_, winograd_.strip);
  packed_state_ = {add_scratch(packed_[0].scratch_type(element)), -1};
  winograd_.transformed =
      add_scratch(RankedTensorType::get({side * side, winograd_.tiles, root_.extents[dims.channels]}, element));
  winograd_.products =
      add_scratch(RankedTensorType::get({side * side, winograd_.tiles, tiling_.dims[dims.filters].block}, element));
}

void TileWriter::winograd_tile(State& state) {
  transform_image(state);
  multiply_transformed(state);
  transform_results(state);
}

// The images and rows of tiles of this block, with the number of the row's first tile.
void TileWriter::over_tile_rows(Index begin, Index end, State& state, llvm::function_ref<void(Index, State&)> body) {
  const ConvolutionDims& dims = winograd_.dims;
  auto rows = [&](Index image, State& inside) {
    t_.loop(begin, end, 1, inside, [&](Index row, State& deeper) {
      cursor_[dims.height] = t_.add(start_[dims.height], t_.multiply(row, kernel_.winograd));
      body(t_.multiply(t_.add(t_.multiply(image, winograd_.tile_rows), row), winograd_.width), deeper);
    });
  };
  if (dims.batch < 0) return rows(t_.constant(0), state);
  const auto batch = static_cast<size_t>(dims.batch);
  t_.loop(t_.constant(0), t_.constant(tiling_.dims[batch].block), 1, state, [&](Index image, State& inside) {
    cursor_[batch] = t_.add(start_[batch], image);
    rows(image, inside);
  });
}

void TileWriter::transform_image(State& state) {
  const ConvolutionDims& dims = winograd_.dims;
  const int64_t side = kernel_.winograd + 2, lanes = tiling_.winograd_lanes;
  const auto vector = VectorType::get({lanes}, builder_.getF32Type());
  const SmallVector<bool> in_bounds{true};
  over_tile_rows(t_.constant(0), t_.constant(winograd_.tile_rows), state, [&](Index first, State& row) {
    SmallVector<Index> start(start_);
    start[dims.height] = cursor_[dims.height];
    if (dims.batch >= 0) start[static_cast<size_t>(dims.batch)] = cursor_[static_cast<size_t>(dims.batch)];
    Value& strip = row[static_cast<size_t>(packed_state_[0])];
    strip = packed_[0].pack(t_, argument_now(root_.inputs[0].tensor, row), strip, start, stop_);
    t_.loop(t_.constant(0), t_.constant(winograd_.width), 1, row, [&](Index column, State& tile) {
      cursor_[dims.width] = t_.multiply(column, kernel_.winograd);
      t_.loop(t_.constant(0), t_.constant(root_.extents[dims.channels]), lanes, tile, [&](Index channel, State& inside) {
        cursor_[dims.channels] = channel;
        size_[dims.channels] = lanes;
        const Value view = packed_[0].view(t_, inside[static_cast<size_t>(packed_state_[0])]);
        Square pixels(static_cast<size_t>(side));
        for (int64_t i = 0; i < side * side; ++i) {
          cursor_[dims.tap_height] = t_.constant(i / side);
          cursor_[dims.tap_width] = t_.constant(i % side);
          SmallVector<unsigned> listed;
          const TileBuilder::Slice slice = packed_[0].slice(t_, cursor_, size_, {dims.channels}, listed);
          pixels[static_cast<size_t>(i / side)].push_back(builder_.create<vector::TransferReadOp>(
              t_.location, vector, view, values_of(slice.offsets), ArrayRef<bool>(in_bounds)));
        }
        Combination combination(builder_, t_.location);
        const Square numbers = both_sides(combination, winograd_matrices(kernel_.winograd).image, pixels);
        Value& transformed = inside[static_cast<size_t>(winograd_.transformed)];
        for (int64_t i = 0; i < side * side; ++i) {
          const SmallVector<Value> at = values_of({t_.constant(i), t_.add(first, column), channel});
          const Value number = numbers[static_cast<size_t>(i / side)][static_cast<size_t>(i % side)];
          transformed =
              builder_.create<vector::TransferWriteOp>(t_.location, number, transformed, at, ArrayRef<bool>(in_bounds))
                  .getResult();
        }
      });
    });
  });
  cursor_[dims.tap_height] = cursor_[dims.tap_width] = t_.constant(0);
}

// For each of the numbers of a tile: all tiles of the block times its filters.
void TileWriter::multiply_transformed(State& state) {
  const ConvolutionDims& dims = winograd_.dims;
  const int64_t numbers = (kernel_.winograd + 2) * (kernel_.winograd + 2), channels = root_.extents[dims.channels];
  const int64_t filters = tiling_.dims[dims.filters].tile, depth = 8;
  const SmallVector<unsigned> order{dims.width, dims.filters, dims.channels};
  SmallVector<unsigned> all(rank_);
  std::iota(all.begin(), all.end(), 0);
  auto map = [&](ArrayRef<unsigned> positions) {
    SmallVector<AffineExpr> results;
    for (const unsigned position : positions) results.push_back(builder_.getAffineDimExpr(position));
    return AffineMap::get(3, 0, results, builder_.getContext());
  };
  t_.loop(t_.constant(0), t_.constant(numbers), 1, state, [&](Index number, State& of_number) {
    t_.loop(start_[dims.filters], stop_[dims.filters], filters, of_number, [&](Index filter, State& columns) {
      for (const Segment& rows : segments(winograd_.tiles, tiling_.winograd_rows, false)) {
        t_.loop(t_.constant(rows.begin), t_.constant(rows.end), rows.tile, columns, [&](Index tile, State& inside) {
          SmallVector<Value> sum{t_.filled(here(root_.initial[0]), {rows.tile, filters})};
          for (const Segment& steps : segments(channels, depth, false)) {
            t_.loop(t_.constant(steps.begin), t_.constant(steps.end), steps.tile, sum, [&](Index channel, State& sums) {
              prefetch_next_filters(number, filter, tile, channel, steps.tile);
              const TileBuilder::Slice image{
                  {number, tile, channel}, {1, rows.tile, steps.tile}, {1, 1, 1}, {false, true, true}};
              const TileBuilder::Slice weights{{t_.divide(filter, filters), number, channel, t_.constant(0)},
                                               {1, 1, steps.tile, filters},
                                               {1, 1, 1, 1},
                                               {false, false, true, true}};
              const Value transformed = inside[static_cast<size_t>(winograd_.transformed)];
              const Value filter_tiles = argument_now(root_.inputs[1].tensor, inside);
              sums = apply(root_.op,
                           {{t_.read(transformed, image), {}, map({0, 2})}, {t_.read(filter_tiles, weights), {}, map({2, 1})}},
                           sums, order, all, {});
            });
          }
          const TileBuilder::Slice to{{number, tile, t_.subtract(filter, start_[dims.filters])},
                                      {1, rows.tile, filters},
                                      {1, 1, 1},
                                      {false, true, true}};
          Value& products = inside[static_cast<size_t>(winograd_.products)];
          products = t_.write(sum[0], products, to);
        });
      }
    });
  });
}

// What the next product reads of its filters, where this step reads them now: each tile of rows asks for its share.
void TileWriter::prefetch_next_filters(Index number, Index filter, Index tile, Index channel, int64_t steps) {
  constexpr int64_t line = 16;
  const int64_t filters = tiling_.dims[winograd_.dims.filters].tile,
                block = tiling_.dims[winograd_.dims.filters].block / filters;
  const int64_t rows = (winograd_.tiles + tiling_.winograd_rows - 1) / tiling_.winograd_rows;
  const int64_t lines_of_step = std::max<int64_t>(1, filters / line), lines = steps * lines_of_step;
  const int64_t share = (lines + rows - 1) / rows;
  const Index start = t_.divide(start_[winograd_.dims.filters], filters);
  const Index next = t_.add(t_.add(t_.multiply(number, block), t_.subtract(t_.divide(filter, filters), start)), t_.constant(1));
  const Index panel = t_.add(start, t_.remainder(next, block)), next_number = t_.divide(next, block);
  const Index row = t_.divide(tile, tiling_.winograd_rows);
  for (int64_t i = 0; i < share; ++i) {
    const Index at = t_.remainder(t_.add(t_.multiply(row, share), t_.constant(i)), lines);
    t_.prefetch(func::FuncOp(program_.function).getArgument(cast<BlockArgument>(root_.inputs[1].tensor).getArgNumber()),
                {panel, next_number, t_.add(channel, t_.divide(at, lines_of_step)),
                 t_.multiply(t_.remainder(at, lines_of_step), line)});
  }
}

// Tiles of results, whole ones and what the image leaves over; each pixel of them goes through the epilogue.
void TileWriter::transform_results(State& state) {
  const ConvolutionDims& dims = winograd_.dims;
  const int64_t results = kernel_.winograd, height = root_.extents[dims.height], width = root_.extents[dims.width];
  const Index rows = t_.constant(winograd_.tile_rows);
  Index whole_rows = rows;
  if (height % results != 0)
    whole_rows = t_.least(rows, t_.subtract(t_.constant(height / results), t_.divide(start_[dims.height], results)));
  auto row_of_tiles = [&](Index begin, Index end, int64_t tile_height) {
    over_tile_rows(begin, end, state, [&](Index first, State& row) {
      const Index top = cursor_[dims.height];
      auto tiles = [&](int64_t from, int64_t to, int64_t tile_width) {
        t_.loop(t_.constant(from), t_.constant(to), 1, row, [&](Index column, State& inside) {
          results_of_tile(t_.add(first, column), top, t_.multiply(column, results), tile_height, tile_width, inside);
        });
      };
      tiles(0, width / results, results);
      if (width % results != 0) tiles(width / results, winograd_.width, width % results);
    });
  };
  row_of_tiles(t_.constant(0), whole_rows, results);
  if (height % results != 0) row_of_tiles(whole_rows, rows, height % results);
}

void TileWriter::results_of_tile(Index tile, Index top, Index left, int64_t height, int64_t width, State& state) {
  const ConvolutionDims& dims = winograd_.dims;
  const int64_t side = kernel_.winograd + 2, lanes = tiling_.winograd_lanes;
  const auto vector = VectorType::get({lanes}, builder_.getF32Type());
  const SmallVector<bool> in_bounds{true};
  t_.loop(start_[dims.filters], stop_[dims.filters], lanes, state, [&](Index filter, State& inside) {
    const Index column = t_.subtract(filter, start_[dims.filters]);
    Square products(static_cast<size_t>(side));
    for (int64_t i = 0; i < side * side; ++i) {
      const SmallVector<Value> at = values_of({t_.constant(i), tile, column});
      products[static_cast<size_t>(i / side)].push_back(builder_.create<vector::TransferReadOp>(
          t_.location, vector, inside[static_cast<size_t>(winograd_.products)], at, ArrayRef<bool>(in_bounds)));
    }
    Combination combination(builder_, t_.location);
    const Square sums = both_sides(combination, winograd_matrices(kernel_.winograd).result, products);
    cursor_[dims.filters] = filter;
    size_[dims.filters] = lanes;
    for (int64_t i = 0; i < height; ++i) {
      for (int64_t j = 0; j < width; ++j) {
        cursor_[dims.height] = t_.add(top, t_.constant(i));
        cursor_[dims.width] = t_.add(left, t_.constant(j));
        Value place = t_.empty({lanes}, builder_.getF32Type());
        const Value sum = sums[static_cast<size_t>(i)][static_cast<size_t>(j)];
        const Value result = builder_
                                 .create<vector::TransferWriteOp>(t_.location, sum, place, values_of({t_.constant(0)}),
                                                                  ArrayRef<bool>(in_bounds))
                                 .getResult();
        finish(result, inside);
      }
    }
  });
}

SmallVector<Value> TileWriter::values_of(ArrayRef<Index> indices) {
  SmallVector<Value> values;
  for (const Index index : indices) values.push_back(t_.value(index));
  return values;
}

}  // namespace fovea
