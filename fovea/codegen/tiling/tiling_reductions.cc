// SPDX-License-Identifier: Apache-2.0
#include <mlir/Analysis/SliceAnalysis.h>
#include <mlir/IR/BuiltinTypes.h>

#include <algorithm>
#include <numeric>

#include "fovea/codegen/tiling/tiling_chooser.h"

namespace fovea {
namespace {

using llvm::SmallVector;

// With fewer elements, handing out a grid tile costs more than computing it.
constexpr int64_t elements_per_grid_tile = 16384;

// Whether each result is reduced by a single operation, such as a sum; selecting one of several values (argmax) is not.
bool has_combiners(mlir::linalg::GenericOp op) {
  for (unsigned result = 0; result < op.getNumDpsInits(); ++result) {
    SmallVector<mlir::Operation*> combiners;
    if (!mlir::matchReduction(op.getRegionOutputArgs(), result, combiners) || combiners.size() != 1) return false;
  }
  return true;
}

}  // namespace

// Chooses blocks of about elements_per_grid_tile, innermost dimension first; `per_output` elements are read for each one
// written.
void TilingChooser::blocks_by_elements(int64_t per_output) {
  int64_t left = std::max<int64_t>(1, elements_per_grid_tile / per_output);
  for (unsigned dim : llvm::reverse(root_.output_dims)) {
    const int64_t step = std::max<int64_t>(1, tiling_.dims[dim].tile);
    int64_t block = even_block(dim, std::max(left, step));
    for (size_t input = 0; input < root_.inputs.size(); ++input)
      if (tiling_.packing[input] == Packing::input_tile && reads(input, dim)) block = input_tile_block(input, dim, block);
    tiling_.dims[dim].block = block;
    left = std::max<int64_t>(1, left / block);
  }
}

// The vectors of results that a reduction of so many steps computes together. Long sums (statistics over images) read from
// memory a few cache lines of each row of channels: with more vectors, these runs are longer. Half of the registers hold sums.
int64_t TilingChooser::sum_vectors(int64_t steps) const {
  constexpr int64_t few_steps = 16, least = 2, most = 8;
  if (steps <= few_steps) return least;
  const auto results = static_cast<int64_t>(root_.initial.size());
  int64_t outputs = 1;
  for (unsigned dim : root_.output_dims) outputs *= extent(dim);
  int64_t vectors = most;
  while (vectors > least && (2 * vectors * results > target_.vector_registers || outputs < least_grid_tiles * vectors * lanes_))
    vectors /= 2;
  return vectors;
}

void TilingChooser::reduction() {
  tiling_.kind = ReductionTiling();
  auto& dims = tiling_.dims;
  int64_t reduced_total = 1, taps = 1;
  for (unsigned dim = 0; dim < rank_; ++dim) {
    dims[dim].block = reduced(dim) ? extent(dim) : 1;
    if (reduced(dim)) reduced_total *= extent(dim);
  }
  taps = reduced_total;
  // Vectors run along the dimension that is contiguous in the largest input: one of the result, or the reduced one if lanes can
  // be combined at the end.
  const bool combines = has_combiners(root_.op);
  size_t largest = 0;
  int64_t most = -1;
  for (size_t input = 0; input < root_.inputs.size(); ++input) {
    if (root_.inputs[input].scalar || contiguous_dim(input) < 0) continue;
    if (!combines && reduced(static_cast<unsigned>(contiguous_dim(input)))) continue;
    const auto shape = mlir::cast<mlir::RankedTensorType>(root_.inputs[input].tensor.getType()).getShape();
    const int64_t elements = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
    if (elements > most) {
      most = elements;
      largest = input;
    }
  }
  if (most >= 0) {
    const unsigned vector = static_cast<unsigned>(contiguous_dim(largest));
    tiling_.vector_dim = vector;
    set_tile(vector, vector_tile(extent(vector), (reduced(vector) ? 4 : sum_vectors(taps)) * lanes_));
    tiling_.tile_order.push_back(vector);
  }
  for (unsigned dim = 0; dim < rank_; ++dim) dims[dim].unrolled = reduced(dim) && !tiling_.reduces_lanes(root_) && taps <= 16;
  blocks_by_elements(reduced_total);
}

void TilingChooser::elementwise() {
  tiling_.kind = ElementwiseTiling();
  auto& dims = tiling_.dims;
  for (auto& dim : dims) dim.block = 1;
  if (root_.output_dims.empty()) return;
  int64_t operations = mlir::linalg::GenericOp(root_.op).getBody()->getOperations().size();
  for (const LinalgOperation& operation : kernel_.epilogue)
    operations += static_cast<int64_t>(mlir::linalg::GenericOp(operation.op).getBody()->getOperations().size());
  const unsigned vector = root_.output_dims.back();
  tiling_.vector_dim = vector;
  // Long bodies keep many values in registers, so fewer vectors are computed together.
  set_tile(vector, vector_tile(extent(vector), (operations > 40 ? 1 : operations > 16 ? 2 : 4) * lanes_));
  tiling_.tile_order.push_back(vector);
  for (size_t input = 0; input < root_.inputs.size(); ++input) {
    const int other = contiguous_dim(input);
    if (root_.inputs[input].scalar || other < 0 || other == static_cast<int>(vector) || !reads(input, vector)) continue;
    // A transposition reads and writes square tiles, of which one side is contiguous in each tensor.
    set_tile(vector, vector_tile(extent(vector), lanes_));
    set_tile(other, vector_tile(extent(other), lanes_));
    tiling_.tile_order.insert(tiling_.tile_order.begin(), other);
    break;
  }
  blocks_by_elements(1);
}

}  // namespace fovea
