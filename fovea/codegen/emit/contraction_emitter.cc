// SPDX-License-Identifier: Apache-2.0
// Matrix products and convolutions: blocks of packed operands (Goto and van de Geijn).
#include "fovea/codegen/emit/emitters.h"
#include "fovea/codegen/emit/prefetch.h"
#include "fovea/codegen/emit/reduction.h"

namespace fovea {

void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const ContractionTiling& kind) {
  KernelParts parts(kernel, tiling);
  llvm::SmallVector<unsigned> order = parallel_order(parts);
  if (kind.columns_outermost) {
    llvm::erase(order, *tiling.vector_dim);
    order.insert(order.begin(), *tiling.vector_dim);
  }
  const ReductionHints hints{.at_step = [&](const TilePosition& position, const TileState& state) {
    if (kind.prefetched_input) prefetch_next_rows(parts, *kind.prefetched_input, position, state);
    if (kind.prefetched_panel) prefetch_next_panel(parts, kind, order, position, state);
  }};
  const auto reduce = kind.reduction_blocks ? reduce_in_blocks : reduce_in_registers;
  parts.function.write_grid([&](const TilePosition& block, TileState& state) { reduce(parts, order, hints, block, state); });
}

}  // namespace fovea
