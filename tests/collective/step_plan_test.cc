// SPDX-License-Identifier: Apache-2.0
// Plans of training steps: closed forms of what the exchange takes, and profiles as JSON.
#include "fovea/collective/step_plan.h"

#include <gtest/gtest.h>

#include <limits>
#include <mutex>

#include "fovea/collective/buckets.h"
#include "fovea/collective/shard_sum.h"
#include "fovea/collective/shards.h"
#include "tests/bad_input.h"
#include "tests/collective/thread_processes.h"

namespace fovea {
namespace {

constexpr double at_once = std::numeric_limits<double>::infinity();

StepProfile small_profile() {
  StepProfile profile;
  profile.model = "net";
  profile.dtype = "f32";
  profile.threads = 2;
  profile.shard_images = 16;
  profile.parts = 2;
  profile.kernels = {{"forward", "conv", 0.010}, {"backward", "conv", 0.020}};
  profile.gradients = {{"conv.weight", 4000, 1}, {"norm.mean", 96, 0}};
  profile.packing_seconds = 0.004;
  profile.adding_rate = 1e9;
  profile.update_seconds = 0.005;
  profile.memory_bytes = 1'000'000;
  return profile;
}

// 2 (P - 1) / P of the bytes, and 2 log2 P messages, one after another.
TEST(StepPlan, HalvingAndDoubling) {
  const Link link{.bytes_per_second = 1e8, .latency = 1e-3};
  EXPECT_EQ(exchange_seconds(link, 1, 8, 1'000'000, at_once), 0);
  for (const int processes : {2, 4, 8, 4096}) {
    const double expected = 2 * std::log2(processes) * 1e-3 + 2 * (processes - 1) * 1e6 / processes / 1e8;
    EXPECT_NEAR(exchange_seconds(link, processes, 4096, 1'000'000, at_once), expected, 1e-9) << processes;
  }
  // What arrives is added, (P - 1) / P of the bytes in all.
  EXPECT_NEAR(exchange_seconds(link, 4, 4, 1'000'000, 1e6) - exchange_seconds(link, 4, 4, 1'000'000, at_once), 0.75, 1e-9);
}

// Three processes have the shards 0 1 | 2 3 4 | 5 6 7: one, two and two nodes of the tree.
TEST(StepPlan, PairwiseExchange) {
  const Link link{.bytes_per_second = 1e8, .latency = 1e-3};
  EXPECT_NEAR(exchange_seconds(link, 3, 8, 3'000'000, at_once), 2 * 3 * (1e-3 + 0.01), 1e-9);
  EXPECT_NEAR(exchange_seconds(link, 3, 8, 3'000'000, 1e6) - exchange_seconds(link, 3, 8, 3'000'000, at_once), 4.0, 1e-9);
}

// Counts what it sends.
class CountingProcess : public ThreadProcess {
 public:
  using ThreadProcess::ThreadProcess;
  void exchange(std::span<const std::byte> sent, int to, std::span<std::byte> received, int from) override {
    bytes_sent += static_cast<int64_t>(sent.size());
    ThreadProcess::exchange(sent, to, received, from);
  }
  int64_t bytes_sent = 0;
};

TEST(StepPlan, BytesAreThoseThatTravel) {
  constexpr int64_t shards = 8, length = 840;  // which 1 to 8 divide
  for (int count = 1; count <= shards; ++count) {
    Mail mail;
    std::mutex mutex;
    int64_t most = 0;
    std::vector<std::thread> threads;
    for (int rank = 0; rank < count; ++rank) {
      threads.emplace_back([&, rank] {
        CountingProcess process(mail, rank, count);
        ShardSum<float> sum(process, shards, length);
        const std::vector<float> ones(length, 1);
        const ShardRun own = shards_of(shards, rank, count);
        for (int64_t shard = own.begin; shard < own.end; ++shard) sum.add(shard, ones);
        sum.finish();
        const std::lock_guard lock(mutex);
        most = std::max(most, process.bytes_sent);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(exchanged_bytes(count, shards, length * 4), most) << count << " processes";
  }
}

TEST(StepPlan, StepsAddUp) {
  const StepProfile profile = small_profile();
  const Link link{.bytes_per_second = 1e6, .latency = 1e-3};
  const StepPlan alone = plan_step(profile, link, 1, 4);
  EXPECT_NEAR(profile.shard_seconds(), 0.064, 1e-12);
  EXPECT_NEAR(alone.seconds(), 4 * 0.064 + 0.005, 1e-12);
  EXPECT_EQ(alone.images, 64);
  EXPECT_EQ(alone.bytes_sent, 0);
  EXPECT_EQ(efficiency(alone, alone), 1);

  const StepPlan two = plan_step(profile, link, 2, 4);
  EXPECT_NEAR(two.computing, 2 * 0.064, 1e-12);
  EXPECT_EQ(two.bytes_sent, 4096);
  // One bucket, which is complete after the last kernel: 4 ms of its exchange are hidden behind packing. And what they ask each
  // other.
  EXPECT_NEAR(two.hidden, 0.004, 1e-12);
  EXPECT_NEAR(two.exchanging, 2e-3 + 4096e-6 + 2048e-9 - two.hidden + 2e-3, 1e-12);
  EXPECT_NEAR(efficiency(two, alone), alone.seconds() / two.seconds() / 2, 1e-12);

  // The process with two of the four shards determines the time.
  EXPECT_NEAR(plan_step(profile, link, 3, 4).computing, 2 * 0.064, 1e-12);
  EXPECT_GT(two.bytes_in_memory, profile.memory_bytes + 4096);
  expect_error(ErrorCode::invalid_argument, [&] { plan_step(profile, link, 5, 4); }, {"5 processes are more than 4 shards"});
  expect_error(ErrorCode::invalid_argument, [&] { plan_step(profile, link, 2, 6); }, {"6 shards are no power of two"});
}

// Each bucket waits for its last kernel and for the bucket before it.
TEST(StepPlan, ExchangeBehindTheBackwardPass) {
  StepProfile profile = small_profile();
  profile.kernels = {{"forward", "", 1}, {"backward", "", 1}, {"backward", "", 1}, {"backward", "", 1}};
  profile.gradients = {{"first", 4000, 3}, {"middle", bucket_bytes, 2}, {"last", 2 * bucket_bytes, 1}};
  profile.packing_seconds = 0;
  profile.adding_rate = at_once;
  const auto plan = [&](double seconds) {  // of a bucket of the least size between two processes
    return plan_step(profile, {.bytes_per_second = static_cast<double>(bucket_bytes) / seconds}, 2, 2);
  };
  const double tail = 4000.0 / static_cast<double>(bucket_bytes);
  // At a quarter of a second, all but the small bucket is exchanged before the end.
  EXPECT_NEAR(plan(0.25).exchanging, 0.25 * tail, 1e-9);
  EXPECT_NEAR(plan(0.25).hidden, 0.75, 1e-9);
  // At two seconds, it begins after 2 and takes 6 and the rest, of which 2 are hidden.
  EXPECT_NEAR(plan(2).exchanging, 4 + 2 * tail, 1e-9);
  EXPECT_NEAR(plan(2).hidden, 2, 1e-9);
}

TEST(StepPlan, BucketsInTheOrderOfTheirKernels) {
  const std::vector<StepProfile::Gradient> tensors = {{"a", 1, 9}, {"b", bucket_bytes - 1, 4}, {"c", 2, 4},
                                                      {"d", 3, 2}, {"e", 5 * bucket_bytes, 7}, {"f", 1, 7}};
  const std::vector<Bucket> buckets = buckets_of(tensors);
  ASSERT_EQ(buckets.size(), 3U);
  EXPECT_EQ(buckets[0].members, (std::vector<size_t>{3, 1}));
  EXPECT_EQ(buckets[0].kernel, 4U);
  EXPECT_EQ(buckets[1].members, (std::vector<size_t>{2, 4}));
  EXPECT_EQ(buckets[1].bytes, 2 + 5 * bucket_bytes);
  EXPECT_EQ(buckets[1].kernel, 7U);
  EXPECT_EQ(buckets[2].members, (std::vector<size_t>{5, 0}));
  EXPECT_EQ(buckets[2].kernel, 9U);
  EXPECT_TRUE(buckets_of({}).empty());
}

TEST(StepPlan, FasterProcessorsOnTheSameNetwork) {
  const Link link{.bytes_per_second = 1e6, .latency = 1e-3};
  const StepPlan slow = plan_step(small_profile(), link, 2, 4), fast = plan_step(faster(small_profile(), 10), link, 2, 4);
  EXPECT_NEAR(fast.computing, slow.computing / 10, 1e-12);
  EXPECT_NEAR(fast.updating, slow.updating / 10, 1e-12);
  EXPECT_NEAR(slow.exchanging + slow.hidden - fast.exchanging - fast.hidden, 0.9 * 2048e-9, 1e-12);  // what is added
}

TEST(StepPlan, ProfilesAreReadBack) {
  const std::string text = to_json(small_profile());
  const StepProfile read = step_profile_of(text, "step.json");
  EXPECT_EQ(to_json(read), text);
  EXPECT_EQ(read.gradients[1].name, "norm.mean");
  EXPECT_EQ(read.kernels[1].seconds, 0.020);
  expect_error(ErrorCode::invalid_argument, [] { step_profile_of("{}", "step.json"); }, {"step.json is no profile"});
  StepProfile wrong = small_profile();
  wrong.gradients[0].kernel = 2;
  expect_error(ErrorCode::invalid_argument, [&] { step_profile_of(to_json(wrong), "step.json"); }, {"step.json", "impossible"});
  wrong = small_profile();
  wrong.adding_rate = 0;
  expect_error(ErrorCode::invalid_argument, [&] { step_profile_of(to_json(wrong), "step.json"); }, {"step.json", "impossible"});
}

}  // namespace
}  // namespace fovea
