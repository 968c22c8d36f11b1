// SPDX-License-Identifier: Apache-2.0
#include "fovea/collective/shards.h"

#include <bit>

namespace fovea {

ShardRun shards_of(int64_t shards, int rank, int processes) {
  return {shards * rank / processes, shards * (rank + 1) / processes};
}

int owner_of(int64_t shard, int64_t shards, int processes) {
  // The last process whose run begins at `shard` or before it.
  return static_cast<int>(((shard + 1) * processes - 1) / shards);
}

int64_t chosen_shards(int64_t batch, int processes) {
  constexpr int64_t usual = 8, least_images = 16;
  int64_t shards = usual;
  while (shards > 1 && (batch % shards != 0 || batch / shards < least_images)) shards /= 2;
  const auto needed = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(processes)));
  return shards < needed ? needed : shards;
}

}  // namespace fovea
