// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which process computes which shards of a batch. The shards are fixed; processes have contiguous runs of them.
#pragma once

#include <cstdint>
#include <vector>

namespace fovea {

/// The shards [begin, end) of a process.
struct ShardRun {
  int64_t begin = 0;  ///< the first one
  int64_t end = 0;    ///< after the last one

  /// The number of shards.
  int64_t count() const { return end - begin; }
};

/// The shards of process `rank` of `processes`, all runs as equal in length as possible. Every process has some where there are
/// at least as many shards as processes. The same function divides any list, such as the batches of a test.
ShardRun shards_of(int64_t shards, int rank, int processes);

/// A node of the balanced binary tree over the shards: those in [index << level, (index + 1) << level).
struct TreeNode {
  int level = 0;      ///< the leaves, which are single shards, have level 0
  int64_t index = 0;  ///< among the nodes of its level
};

/// The nodes that a run of shards consists of, as few as possible, from the left to the right.
std::vector<TreeNode> nodes_of(const ShardRun& run);

/// The nodes that the runs of all processes consist of, counted.
int64_t node_count(int64_t shards, int processes);

/// The number of shards for a run that names none: 8, but fewer where they do not divide the batch or would have less than 16
/// images each, and at least one for each process. A power of two. It depends on the number of processes only where that is
/// needed, so that runs of few processes are equal.
int64_t chosen_shards(int64_t batch, int processes);

}  // namespace fovea
