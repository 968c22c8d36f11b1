// SPDX-License-Identifier: Apache-2.0
// What all processes do together, for every number of them up to nine.
#include "fovea/collective/exchange.h"

#include <gtest/gtest.h>

#include "tests/collective/thread_processes.h"

namespace fovea {
namespace {

TEST(Exchange, TextsOfAllReachAll) {
  for (int count = 1; count <= 9; ++count) {
    run_as_processes(count, [&](Communicator& processes) {
      const std::string own(static_cast<size_t>(processes.rank()) * 3, static_cast<char>('a' + processes.rank()));
      const std::vector<std::string> all = gather(processes, own);
      ASSERT_EQ(all.size(), static_cast<size_t>(count));
      for (int rank = 0; rank < count; ++rank) {
        EXPECT_EQ(all[static_cast<size_t>(rank)], std::string(static_cast<size_t>(rank) * 3, static_cast<char>('a' + rank)));
      }
    });
  }
}

TEST(Exchange, BroadcastIsOfTheFirst) {
  for (int count = 1; count <= 9; ++count) {
    run_as_processes(count, [&](Communicator& processes) {
      std::string text = processes.rank() == 0 ? std::string(3'000'000, 'x') + "end" : "other";
      broadcast(processes, text);
      EXPECT_EQ(text.size(), 3'000'003U);
      EXPECT_TRUE(text.ends_with("end"));
    });
  }
}

TEST(Exchange, AnyBitOfAnyProcess) {
  for (int count = 1; count <= 9; ++count) {
    for (int who = 0; who < count; ++who) {
      run_as_processes(count, [&](Communicator& processes) {
        EXPECT_EQ(any_of(processes, processes.rank() == who ? 2U : 0U), 2U);
        EXPECT_EQ(any_of(processes, uint64_t{1} << processes.rank()), (uint64_t{1} << count) - 1);
        EXPECT_EQ(any_of(processes, 0), 0U);
      });
    }
  }
}

}  // namespace
}  // namespace fovea
