#include "fovea/passes/plan_memory.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace fovea {
namespace {

int64_t aligned(int64_t bytes) { return (bytes + memory_alignment - 1) / memory_alignment * memory_alignment; }

bool live_together(const MemoryBlock& left, const MemoryBlock& right) {
  return left.first <= right.last && right.first <= left.last;
}

// The start of the smallest gap of at least `bytes` between the taken ranges (sorted by start), or the end of the last one.
int64_t best_gap(const std::vector<std::pair<int64_t, int64_t>>& taken, int64_t bytes) {
  int64_t best = -1;
  int64_t best_size = std::numeric_limits<int64_t>::max();
  int64_t end = 0;
  for (auto [start, stop] : taken) {
    const int64_t gap = start - end;
    if (gap >= bytes && gap < best_size) {
      best = end;
      best_size = gap;
    }
    end = std::max(end, stop);
  }
  return best >= 0 ? best : end;
}

}  // namespace

MemoryPlan plan_memory(std::span<const MemoryBlock> blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t left, size_t right) { return blocks[left].bytes > blocks[right].bytes; });

  MemoryPlan plan{.offsets = std::vector<int64_t>(blocks.size(), 0)};
  std::vector<size_t> placed;
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (size_t block : order) {
    taken.clear();
    for (size_t other : placed) {
      if (live_together(blocks[block], blocks[other])) {
        taken.emplace_back(plan.offsets[other], plan.offsets[other] + aligned(blocks[other].bytes));
      }
    }
    std::ranges::sort(taken);
    plan.offsets[block] = best_gap(taken, aligned(blocks[block].bytes));
    plan.bytes = std::max(plan.bytes, plan.offsets[block] + aligned(blocks[block].bytes));
    placed.push_back(block);
  }
  return plan;
}

}  // namespace fovea
