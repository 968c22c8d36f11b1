// SPDX-License-Identifier: Apache-2.0
// Sums over shards: the same bits as the balanced tree, written as a recursion, for any number of processes.
#include "fovea/collective/shard_sum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "fovea/collective/shards.h"
#include "fovea/core/random.h"
#include "tests/bad_input.h"
#include "tests/collective/thread_processes.h"

namespace fovea {
namespace {

// Numbers of very different sizes, whose sum depends on the order.
template <typename T>
std::vector<T> shard_values(int64_t shard, int64_t length) {
  std::vector<T> values;
  Random random(7, static_cast<uint64_t>(shard));
  for (int64_t i = 0; i < length; ++i)
    values.push_back(static_cast<T>(std::ldexp(random.normal(), static_cast<int>(random.below(30)))));
  return values;
}

template <typename T>
std::vector<T> tree(int64_t begin, int64_t end, int64_t length) {
  if (end - begin == 1) return shard_values<T>(begin, length);
  std::vector<T> left = tree<T>(begin, (begin + end) / 2, length);
  const std::vector<T> right = tree<T>((begin + end) / 2, end, length);
  for (size_t i = 0; i < left.size(); ++i) left[i] += right[i];
  return left;
}

template <typename T>
void expect_equal_bits(int64_t shards, int64_t length) {
  const std::vector<T> expected = tree<T>(0, shards, length);
  for (int count = 1; count <= shards; ++count) {
    std::vector<std::vector<T>> sums(static_cast<size_t>(count));
    run_as_processes(count, [&](Communicator& processes) {
      ShardSum<T> sum(processes, shards, length);
      for (int round = 0; round < 2; ++round) {  // the second one with buffers that were used before
        const ShardRun own = shards_of(shards, processes.rank(), count);
        for (int64_t shard = own.begin; shard < own.end; ++shard) sum.add(shard, shard_values<T>(shard, length));
        const std::span<const T> all = sum.finish();
        sums[static_cast<size_t>(processes.rank())].assign(all.begin(), all.end());
      }
    });
    for (const std::vector<T>& each : sums) {
      ASSERT_EQ(each.size(), expected.size());
      EXPECT_EQ(std::memcmp(each.data(), expected.data(), expected.size() * sizeof(T)), 0) << shards << " shards, " << count;
    }
  }
}

TEST(ShardSum, EqualBitsForAnyNumberOfProcesses) {
  for (const int64_t shards : {1, 2, 4, 8, 16}) expect_equal_bits<float>(shards, 37);
  expect_equal_bits<float>(8, 1);  // less than there are processes
  expect_equal_bits<double>(8, 4);
}

TEST(ShardSum, LongVectors) { expect_equal_bits<float>(4, (int64_t{1} << 19) + 3); }

// A test of the test: the numbers do depend on the order.
TEST(ShardSum, OrderMatters) {
  std::vector<float> in_order = shard_values<float>(0, 37);
  for (int64_t shard = 1; shard < 8; ++shard) {
    const std::vector<float> next = shard_values<float>(shard, 37);
    for (size_t i = 0; i < next.size(); ++i) in_order[i] += next[i];
  }
  EXPECT_NE(in_order, tree<float>(0, 8, 37));
}

TEST(ShardSum, RefusesWhatIsNoTree) {
  const std::unique_ptr<Communicator> alone = single_process();
  expect_error(ErrorCode::invalid_argument, [&] { ShardSum<float>(*alone, 6, 1); }, {"6 shards are no power of two"});
  Mail mail;
  ThreadProcess three(mail, 0, 3);
  expect_error(ErrorCode::invalid_argument, [&] { ShardSum<float>(three, 2, 1); }, {"3 processes are more than 2 shards"});
}

TEST(Shards, EveryShardHasOneOwner) {
  for (const int64_t shards : {1, 2, 8, 64}) {
    for (int count = 1; count <= shards; ++count) {
      int64_t next = 0;
      for (int rank = 0; rank < count; ++rank) {
        const ShardRun run = shards_of(shards, rank, count);
        EXPECT_EQ(run.begin, next);
        EXPECT_GE(run.count(), 1);
        EXPECT_LE(run.count(), (shards + count - 1) / count);
        next = run.end;
      }
      EXPECT_EQ(next, shards);
    }
  }
}

TEST(Shards, NodesOfARun) {
  const auto text = [](int64_t begin, int64_t end) {
    std::string all;
    for (const TreeNode& node : nodes_of({begin, end})) all += fmt::format("{}:{} ", node.level, node.index);
    return all;
  };
  EXPECT_EQ(text(0, 8), "3:0 ");
  EXPECT_EQ(text(1, 4), "0:1 1:1 ");
  EXPECT_EQ(text(2, 5), "1:1 0:4 ");
  EXPECT_EQ(text(1, 8), "0:1 1:1 2:1 ");
  EXPECT_EQ(text(3, 3), "");
}

TEST(Shards, ChosenNumber) {
  for (int count = 1; count <= 8; ++count) EXPECT_EQ(chosen_shards(256, count), 8);
  EXPECT_EQ(chosen_shards(256, 9), 16);
  EXPECT_EQ(chosen_shards(64, 2), 4);   // 16 images each
  EXPECT_EQ(chosen_shards(100, 1), 4);  // 8 does not divide 100
  EXPECT_EQ(chosen_shards(8, 1), 1);
  EXPECT_EQ(chosen_shards(8, 3), 4);
}

}  // namespace
}  // namespace fovea
