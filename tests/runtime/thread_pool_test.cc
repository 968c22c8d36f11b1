// SPDX-License-Identifier: Apache-2.0
#include "fovea/runtime/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "fovea/core/error.h"

namespace fovea {
namespace {

// Counts how often each tile is computed, and by how many threads.
struct Count {
  explicit Count(int64_t tiles) : times(static_cast<size_t>(tiles)) {}
  static void body(void* context, int64_t begin, int64_t end, int thread) {
    auto* count = static_cast<Count*>(context);
    if (begin >= end || thread < 0) count->bad = true;
    count->highest_thread = std::max(count->highest_thread.load(), thread);
    for (int64_t tile = begin; tile < end; ++tile) ++count->times[static_cast<size_t>(tile)];
  }
  std::vector<std::atomic<int>> times;
  std::atomic<int> highest_thread{0};
  std::atomic<bool> bad{false};
};

TEST(ThreadPool, ComputesEveryTileOnce) {
  for (const int threads : {1, 2, 3, 7, 16}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (const int64_t tiles : {0, 1, 2, 3, 5, 16, 17, 1000, 4099}) {
      Count count(tiles);
      pool.run(tiles, Count::body, &count);
      for (const auto& times : count.times) ASSERT_EQ(times.load(), 1) << threads << " threads, " << tiles << " tiles";
      EXPECT_FALSE(count.bad);
      EXPECT_LT(count.highest_thread, threads);
    }
  }
}

TEST(ThreadPool, RunsManyJobsInARow) {
  // With far more threads than processors and jobs of a few tiles, late threads of one job meet the next job.
  ThreadPool pool(13);
  struct Sum {
    std::atomic<int64_t> value{0};
  } sum;
  int64_t expected = 0;
  for (int64_t job = 0; job < 3000; ++job) {
    const int64_t tiles = 2 + job % 29;
    expected += tiles * (tiles - 1) / 2;
    pool.run(
        tiles,
        [](void* context, int64_t begin, int64_t end, int) {
          for (int64_t tile = begin; tile < end; ++tile) static_cast<Sum*>(context)->value += tile;
        },
        &sum);
    ASSERT_EQ(sum.value.load(), expected) << "job " << job;
  }
}

TEST(ThreadPool, WakesWorkersThatFellAsleep) {
  ThreadPool pool(2);
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    // Each of two tiles waits until the other has begun, so only two threads can finish.
    std::atomic<int> begun{0};
    pool.run(
        2,
        [](void* context, int64_t begin, int64_t end, int) {
          auto& count = *static_cast<std::atomic<int>*>(context);
          for (int64_t tile = begin; tile < end; ++tile) {
            ++count;
            while (count.load() < 2) std::this_thread::yield();
          }
        },
        &begun);
    EXPECT_EQ(begun.load(), 2);
  }
}

TEST(ThreadPool, OtherThreadsTakeWhatASlowOneLeaves) {
  ThreadPool pool(2);
  struct State {
    std::atomic<int> left{99};
  } state;
  // Tile 0 waits for all others, half of which were meant for the thread that has tile 0.
  pool.run(
      100,
      [](void* context, int64_t begin, int64_t end, int) {
        auto& left = static_cast<State*>(context)->left;
        for (int64_t tile = end - 1; tile >= begin; --tile) {
          if (tile == 0) {
            while (left.load() > 0) std::this_thread::yield();
          } else {
            --left;
          }
        }
      },
      &state);
  EXPECT_EQ(state.left.load(), 0);
}

TEST(ThreadPool, ServesSeveralCallers) {
  ThreadPool pool(3);
  std::atomic<int64_t> total{0};
  const auto caller = [&] {
    for (int i = 0; i < 300; ++i) {
      pool.run(
          11,
          [](void* context, int64_t begin, int64_t end, int) { *static_cast<std::atomic<int64_t>*>(context) += end - begin; },
          &total);
    }
  };
  std::thread other(caller);
  caller();
  other.join();
  EXPECT_EQ(total.load(), 2 * 300 * 11);
}

TEST(ThreadPool, CountsMoreTilesThanFitAWord) {
  ThreadPool pool(2);
  std::atomic<int64_t> total{0};
  const int64_t tiles = (int64_t{5} << 32) + 3;
  pool.run(
      tiles,
      [](void* context, int64_t begin, int64_t end, int) { *static_cast<std::atomic<int64_t>*>(context) += end - begin; },
      &total);
  EXPECT_EQ(total.load(), tiles);
}

TEST(ThreadPool, RefusesImpossibleCounts) {
  for (const int threads : {0, -1, 1000000}) {
    try {
      ThreadPool pool(threads);
      FAIL() << threads;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_EQ(std::string(error.what()), std::to_string(threads) + " threads: from 1 to 1024 can be used");
    }
  }
  EXPECT_GE(ThreadPool::available(), 1);
}

}  // namespace
}  // namespace fovea
