// SPDX-License-Identifier: Apache-2.0
// Hints to the cache: what a tile asks for that a later one reads.
#pragma once

#include "fovea/codegen/emit/kernel_parts.h"

namespace fovea {

/// Each row of the next tile along the rows, at the place along the reduction where this tile is now.
void prefetch_next_rows(KernelParts& parts, unsigned input, const TilePosition& position, const TileState& state);

/// The pixels that this run of pixels will meet first on the next line of the image: a tile of their channels, or all that are
/// summed.
void prefetch_next_line(KernelParts& parts, const LinePrefetch& line, const TilePosition& position, const TileState& state);

/// What the next block will read of the prepacked columns, where this step reads them now: each tile of rows asks for its
/// share. `order`: the loops over results.
void prefetch_next_panel(KernelParts& parts, const ContractionTiling& kind, llvm::ArrayRef<unsigned> order,
                         const TilePosition& position, const TileState& state);

}  // namespace fovea
