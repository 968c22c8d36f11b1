// SPDX-License-Identifier: Apache-2.0
// Software prefetches, each of something that a later tile reads.
#pragma once

#include "fovea/codegen/emit/kernel_parts.h"

namespace fovea {

/// Prefetches each row of the next tile at the current position along the reduction.
void prefetch_next_rows(KernelParts& parts, unsigned input, const TilePosition& position, const TileState& state);

/// Prefetches the pixels of the next line of the image that this run of pixels will read first: one tile of their channels, or
/// all channels that are reduced.
void prefetch_next_line(KernelParts& parts, const LinePrefetch& line, const TilePosition& position, const TileState& state);

/// Prefetches the part of the prepacked columns that the next block reads at the step where this block is now; each tile of
/// rows prefetches its share. `order` has the loops over results.
void prefetch_next_panel(KernelParts& parts, const ContractionTiling& kind, llvm::ArrayRef<unsigned> order,
                         const TilePosition& position, const TileState& state);

}  // namespace fovea
