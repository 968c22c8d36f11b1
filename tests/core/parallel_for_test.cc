// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/parallel_for.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace fovea {
namespace {

TEST(ParallelFor, EveryPieceIsDoneOnce) {
  for (const int threads : {0, 1, 3, 50}) {
    std::vector<int> done(20);
    std::atomic<int> begun = 0;
    parallel_for(done.size(), threads, [&] {
      ++begun;
      return [&](size_t i) { ++done[i]; };
    });
    EXPECT_EQ(done, std::vector<int>(20, 1)) << threads;
    EXPECT_EQ(begun, std::clamp(threads, 1, 20));
  }
}

TEST(ParallelFor, NothingToDo) {
  parallel_for(0, 4, [] { return [](size_t) { FAIL(); }; });
}

TEST(ParallelFor, AFailureEndsTheWorkAndIsThrown) {
  std::atomic<int> calls = 0;
  const auto run = [&] {
    parallel_for(1000000, 2, [&] {
      return [&](size_t i) {
        ++calls;
        if (i == 3) throw std::runtime_error("the fourth");
      };
    });
  };
  try {
    run();
    FAIL() << "no failure";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "the fourth");
  }
  EXPECT_LT(calls, 1000000);
}

}  // namespace
}  // namespace fovea
