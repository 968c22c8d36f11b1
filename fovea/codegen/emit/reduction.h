// SPDX-License-Identifier: Apache-2.0
// How a kernel that reduces goes over a block: its partial results in registers, or in scratch between blocks of the reduction.
#pragma once

#include <functional>

#include "fovea/codegen/emit/kernel_parts.h"

namespace fovea {

/// Hints to the cache that a kind of kernel gives: before a tile of results, and at each step of the reduction. Empty ones give
/// none.
struct ReductionHints {
  using Hint = std::function<void(const TilePosition&, const TileState&)>;
  Hint before_tile, at_step;
};

/// Tile by tile of results in `order`: the whole reduction, then the epilogue.
void reduce_in_registers(KernelParts& parts, llvm::ArrayRef<unsigned> order, const ReductionHints& hints,
                         const TilePosition& block, TileState& state);

/// All tiles of the block for one block of the reduction, then for the next; the epilogue at the end.
void reduce_in_blocks(KernelParts& parts, llvm::ArrayRef<unsigned> order, const ReductionHints& hints,
                      const TilePosition& block, TileState& state);

}  // namespace fovea
