// SPDX-License-Identifier: Apache-2.0
// Depthwise convolutions, their gradients, and contractions with few channels: images are read without packing, and taps in the
// padding are skipped.
#include "fovea/codegen/emit/emitters.h"
#include "fovea/codegen/emit/prefetch.h"
#include "fovea/codegen/emit/reduction.h"

namespace fovea {
namespace {

ReductionHints hints_of(KernelParts& parts, const std::optional<LinePrefetch>& line) {
  if (!line) return {};
  return {.before_tile = [&parts, &line](const TilePosition& position, const TileState& state) {
    prefetch_next_line(parts, *line, position, state);
  }};
}

}  // namespace

void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const DepthwiseTiling& kind) {
  KernelParts parts(kernel, tiling);
  llvm::SmallVector<unsigned> order = parallel_order(parts);
  // One tile of channels runs over several lines of the image before the next tile begins, because the first-level cache holds
  // these lines.
  if (kind.next_line) {
    llvm::erase(order, *tiling.vector_dim);
    order.insert(llvm::find(order, kind.next_line->dim), *tiling.vector_dim);
  }
  const ReductionHints hints = hints_of(parts, kind.next_line);
  parts.function.write_grid(
      [&](const TilePosition& block, TileState& state) { reduce_in_registers(parts, order, hints, block, state); });
}

void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const DepthwiseFilterGradientTiling&) {
  KernelParts parts(kernel, tiling);
  const llvm::SmallVector<unsigned> order = parallel_order(parts);
  parts.function.write_grid(
      [&](const TilePosition& block, TileState& state) { reduce_in_blocks(parts, order, {}, block, state); });
}

void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const InnerProductTiling& kind) {
  KernelParts parts(kernel, tiling);
  const llvm::SmallVector<unsigned> order = parallel_order(parts);
  const ReductionHints hints = hints_of(parts, kind.next_line);
  parts.function.write_grid(
      [&](const TilePosition& block, TileState& state) { reduce_in_registers(parts, order, hints, block, state); });
}

}  // namespace fovea
