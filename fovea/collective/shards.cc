// SPDX-License-Identifier: Apache-2.0
#include "fovea/collective/shards.h"

#include <algorithm>
#include <bit>

namespace fovea {

ShardRun shards_of(int64_t shards, int rank, int processes) {
  return {shards * rank / processes, shards * (rank + 1) / processes};
}

std::vector<TreeNode> nodes_of(const ShardRun& run) {
  std::vector<TreeNode> nodes;
  for (int64_t begin = run.begin; begin < run.end;) {
    const int longest = std::bit_width(static_cast<uint64_t>(run.end - begin)) - 1;
    const int level = std::min(longest, std::countr_zero(static_cast<uint64_t>(begin)));  // 64 where it begins at 0
    nodes.push_back({level, begin >> level});
    begin += int64_t{1} << level;
  }
  return nodes;
}

int64_t node_count(int64_t shards, int processes) {
  size_t count = 0;
  for (int rank = 0; rank < processes; ++rank) count += nodes_of(shards_of(shards, rank, processes)).size();
  return static_cast<int64_t>(count);
}

int64_t chosen_shards(int64_t batch, int processes) {
  constexpr int64_t usual = 8, least_images = 16;
  int64_t shards = usual;
  while (shards > 1 && (batch % shards != 0 || batch / shards < least_images)) shards /= 2;
  const auto needed = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(processes)));
  return shards < needed ? needed : shards;
}

}  // namespace fovea
