// SPDX-License-Identifier: Apache-2.0
// Reductions over a block, with partial results in registers, or in scratch between blocks of the reduction.
#pragma once

#include <functional>

#include "fovea/codegen/emit/kernel_parts.h"

namespace fovea {

/// Prefetches that a kind of kernel adds, before each tile of results and at each step of the reduction; empty ones add
/// nothing.
struct ReductionHints {
  /// Emits the prefetches of one position.
  using Hint = std::function<void(const TilePosition&, const TileState&)>;
  Hint before_tile, at_step;
};

/// For each tile of results in `order`: the whole reduction, then the epilogue.
void reduce_in_registers(KernelParts& parts, llvm::ArrayRef<unsigned> order, const ReductionHints& hints,
                         const TilePosition& block, TileState& state);

/// For each block of the reduction: all tiles of results, with their accumulators in scratch; then the epilogue.
void reduce_in_blocks(KernelParts& parts, llvm::ArrayRef<unsigned> order, const ReductionHints& hints,
                      const TilePosition& block, TileState& state);

}  // namespace fovea
