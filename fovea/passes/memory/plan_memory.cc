// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/memory/plan_memory.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace fovea {
namespace {

int64_t aligned(int64_t bytes) { return (bytes + memory_alignment - 1) / memory_alignment * memory_alignment; }

bool live_together(const MemoryBlock& left, const MemoryBlock& right) {
  return left.first <= right.last && right.first <= left.last;
}

// A block with its offset.
struct Placed {
  int64_t start, stop;
  const MemoryBlock* block;
};

// The start of the smallest gap of at least `bytes` between the `placed` blocks (sorted by start) that are alive together with
// `block`, or the end of the last one.
int64_t best_gap(const std::vector<Placed>& placed, const MemoryBlock& block, int64_t bytes) {
  int64_t best = -1;
  int64_t best_size = std::numeric_limits<int64_t>::max();
  int64_t end = 0;
  for (const Placed& other : placed) {
    if (!live_together(block, *other.block)) continue;
    const int64_t gap = other.start - end;
    if (gap >= bytes && gap < best_size) {
      best = end;
      best_size = gap;
    }
    end = std::max(end, other.stop);
  }
  return best >= 0 ? best : end;
}

}  // namespace

MemoryPlan plan_memory(std::span<const MemoryBlock> blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t left, size_t right) { return blocks[left].bytes > blocks[right].bytes; });

  MemoryPlan plan{.offsets = std::vector<int64_t>(blocks.size(), 0)};
  std::vector<Placed> placed;
  for (size_t i : order) {
    const MemoryBlock& block = blocks[i];
    const int64_t start = best_gap(placed, block, aligned(block.bytes));
    const Placed here{start, start + aligned(block.bytes), &block};
    placed.insert(std::ranges::upper_bound(placed, start, {}, &Placed::start), here);
    plan.offsets[i] = start;
    plan.bytes = std::max(plan.bytes, here.stop);
  }
  return plan;
}

}  // namespace fovea
