// SPDX-License-Identifier: Apache-2.0
/// \file
/// The sum of a vector over all shards, in one balanced binary tree: shards 0 and 1, 2 and 3, then pairs of these, and so on.
/// So its bits depend neither on the number of processes nor on who has which shard.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fovea/collective/communicator.h"

namespace fovea {

/// A sum over the shards of all processes, again and again. T is float or double. One thread at a time.
template <typename T>
class ShardSum {
 public:
  /// Of vectors of `length` elements over `shards`, a power of two and at least the number of processes. `processes` must
  /// outlive the object.
  ShardSum(Communicator& processes, int64_t shards, int64_t length);

  /// Adds the vector of a shard. A process adds its own shards (shards_of), in their order.
  void add(int64_t shard, std::span<const T> values);

  /// The sum, at every process, after each one has added its shards; valid until the next call of add(). Processes whose number
  /// is a power of two exchange halves of halves and then collect them (recursive halving and doubling: Thakur et al. 2005,
  /// section 4.4). Otherwise each process adds up an equal piece of the vector, of which all others send it their nodes of the
  /// tree, and sends the sum to all (pairwise exchange: the same, section 4.3).
  std::span<const T> finish();

  /// Bytes that such an object takes in any of so many processes, at most.
  static int64_t bytes_of(int processes, int64_t shards, int64_t length);

 private:
  // The sum of the shards [index << level, (index + 1) << level).
  struct Node {
    int level = 0;
    int64_t index = 0;
    std::vector<T> values;
  };

  // The piece of a node that this process adds up.
  struct Piece {
    int level = 0;
    int64_t index = 0;
    std::span<T> values;
  };

  std::vector<T> free_buffer();
  void halve_and_double(std::vector<T>& values);
  void exchange_pieces();
  static std::span<T> sum_of(std::span<const Piece> pieces, int level, int64_t index);

  Communicator& processes_;
  int64_t shards_, length_;
  std::vector<Node> nodes_;  // of this process, from the left to the right
  std::vector<std::vector<T>> free_;
  std::vector<T> arriving_, result_;
};

extern template class ShardSum<float>;
extern template class ShardSum<double>;

}  // namespace fovea
