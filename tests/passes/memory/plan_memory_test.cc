// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/memory/plan_memory.h"

#include <gtest/gtest.h>

#include <random>

namespace fovea {
namespace {

// The most bytes that are alive at one call; no plan needs less.
int64_t lower_bound(const std::vector<MemoryBlock>& blocks, int64_t calls) {
  int64_t most = 0;
  for (int64_t call = 0; call < calls; ++call) {
    int64_t alive = 0;
    for (const MemoryBlock& block : blocks) {
      if (block.first <= call && call <= block.last) alive += block.bytes;
    }
    most = std::max(most, alive);
  }
  return most;
}

TEST(PlanMemory, RandomLifetimesNeverOverlap) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const int64_t calls = 1 + random() % 60;
    std::vector<MemoryBlock> blocks(random() % 80);
    for (MemoryBlock& block : blocks) {
      block.first = random() % calls;
      block.last = block.first + random() % (calls - block.first);
      block.bytes = round % 2 == 0 ? random() % 5000 : int64_t{64} << (random() % 12);
    }
    const MemoryPlan plan = plan_memory(blocks);
    ASSERT_EQ(plan.offsets.size(), blocks.size());
    for (size_t i = 0; i < blocks.size(); ++i) {
      ASSERT_EQ(plan.offsets[i] % memory_alignment, 0);
      ASSERT_GE(plan.offsets[i], 0);
      ASSERT_LE(plan.offsets[i] + blocks[i].bytes, plan.bytes);
      for (size_t j = 0; j < i; ++j) {
        const bool together = blocks[i].first <= blocks[j].last && blocks[j].first <= blocks[i].last;
        const bool overlap =
            plan.offsets[i] < plan.offsets[j] + blocks[j].bytes && plan.offsets[j] < plan.offsets[i] + blocks[i].bytes;
        ASSERT_FALSE(together && overlap) << "blocks " << i << " and " << j << " in round " << round;
      }
    }
    ASSERT_GE(plan.bytes, lower_bound(blocks, calls));
  }
}

TEST(PlanMemory, ChainReusesTwoBuffers) {
  std::vector<MemoryBlock> blocks;
  for (int64_t call = 0; call < 20; ++call) blocks.push_back({.bytes = 4096, .first = call, .last = call + 1});
  EXPECT_EQ(plan_memory(blocks).bytes, 2 * 4096);
}

TEST(PlanMemory, SmallBlocksFillTheGapOfALargeOne) {
  const std::vector<MemoryBlock> blocks{
      {.bytes = 1024, .first = 0, .last = 1}, {.bytes = 512, .first = 2, .last = 3}, {.bytes = 512, .first = 2, .last = 3}};
  EXPECT_EQ(plan_memory(blocks).bytes, 1024);
}

TEST(PlanMemory, NothingNeedsNothing) { EXPECT_EQ(plan_memory({}).bytes, 0); }

}  // namespace
}  // namespace fovea
