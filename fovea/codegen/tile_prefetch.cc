#include <algorithm>

#include "fovea/codegen/tile_writer.h"

namespace fovea {

using namespace mlir;

// Each row of the next tile along the rows, at the place along the reduction where this tile is now.
void TileWriter::prefetch_next_rows(const State& state) {
  const Access& access = anchor_.inputs[static_cast<size_t>(tiling_.prefetched_input)];
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

// The pixels that this run of pixels will meet first on the next line of the image.
void TileWriter::prefetch_next_line(const State& state) {
  const Access& access = anchor_.inputs.front();
  const auto line = static_cast<unsigned>(tiling_.line_dim);
  const unsigned row = tiling_.tile_order.front();
  const SmallVector<LinearForm> forms = forms_of(access, rank_);
  int64_t lines = 1, pixels = size_[row];
  for (const LinearForm& form : forms) {
    lines = std::max(lines, form.coefficients[line]);
    pixels = std::max(pixels, size_[row] * form.coefficients[row]);
  }
  for (int64_t ahead = 0; ahead < lines; ++ahead) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      SmallVector<Index> coordinates;
      for (auto [position, form] : llvm::enumerate(forms)) {
        Index coordinate = t_.constant(form.constant - (access.padded() ? access.pad_low[position] : 0));
        for (unsigned dim = 0; dim < rank_; ++dim) {
          if (form.coefficients[dim] == 0) continue;
          // The last tap that moves along the line, the first across it.
          const int64_t last = std::max<int64_t>(form.coefficients[dim] * (anchor_.extents[dim] - 1), 0);
          const Index reached = t_.constant(form.coefficients[line] != 0 ? last : 0);
          coordinate = t_.add(coordinate, anchor_.reduced[dim] ? reached : t_.multiply(cursor_[dim], form.coefficients[dim]));
        }
        if (form.coefficients[line] != 0) coordinate = t_.add(coordinate, t_.constant(1 + ahead));
        if (form.coefficients[row] != 0) coordinate = t_.add(coordinate, t_.constant(pixel));
        coordinates.push_back(coordinate);
      }
      t_.prefetch(argument_now(access.tensor, state), coordinates);
    }
  }
}

}  // namespace fovea
