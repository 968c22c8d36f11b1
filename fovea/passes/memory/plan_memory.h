// SPDX-License-Identifier: Apache-2.0
// Where each tensor between kernels lives: offsets in one arena, planned from lifetimes. No MLIR.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fovea {

struct MemoryBlock {
  int64_t bytes = 0;
  int64_t first = 0;  // the first call that writes it
  int64_t last = 0;   // the last call that reads it; at least `first`
};

struct MemoryPlan {
  std::vector<int64_t> offsets;  // of each block, multiples of memory_alignment
  int64_t bytes = 0;             // of the arena
};

inline constexpr int64_t memory_alignment = 64;

// Blocks whose lifetimes [first, last] share a call do not overlap. Largest first, each into the smallest gap that holds it
// (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020: greedy by size). Deterministic.
MemoryPlan plan_memory(std::span<const MemoryBlock> blocks);

}  // namespace fovea
