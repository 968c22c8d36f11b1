// SPDX-License-Identifier: Apache-2.0
// Buffer assignment: offsets of the tensors between kernels in one arena, planned from their lifetimes. Does not use MLIR.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fovea {

/// A tensor to be placed.
struct MemoryBlock {
  int64_t bytes = 0;
  int64_t first = 0;  ///< the first call that writes it
  int64_t last = 0;   ///< the last call that reads it; at least `first`
};

struct MemoryPlan {
  std::vector<int64_t> offsets;  ///< for each block, a multiple of memory_alignment
  int64_t bytes = 0;             ///< of the arena
};

inline constexpr int64_t memory_alignment = 64;

/// Plans memory in which blocks whose lifetimes [first, last] share a call do not overlap. The largest block comes first, and
/// each is put into the smallest gap that holds it (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
/// Inference", 2020: greedy by size). The result is deterministic.
MemoryPlan plan_memory(std::span<const MemoryBlock> blocks);

}  // namespace fovea
