// SPDX-License-Identifier: Apache-2.0
// Sums, minima, maxima and pooling windows.
#include "fovea/codegen/emit/emitters.h"
#include "fovea/codegen/emit/reduction.h"

namespace fovea {

void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const ReductionTiling&) {
  KernelParts parts(kernel, tiling);
  const llvm::SmallVector<unsigned> order = parallel_order(parts);
  parts.function.write_grid(
      [&](const TilePosition& block, TileState& state) { reduce_in_registers(parts, order, {}, block, state); });
}

}  // namespace fovea
