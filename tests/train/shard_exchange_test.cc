// SPDX-License-Identifier: Apache-2.0
// Gradients that are exchanged while others are still computed have the bits of those that are exchanged afterwards. The
// processes are threads.
#include "fovea/train/shard_exchange.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "fovea/collective/buckets.h"
#include "tests/bad_input.h"
#include "tests/collective/thread_processes.h"

namespace fovea {
namespace {

constexpr int64_t large = bucket_bytes / 4 + 1;  // elements that fill a bucket

// A step on two large gradients, a small one and a running mean, which become final in this order.
class Step {
 public:
  Step(Communicator& processes, int64_t shards)
      : gradients_{{"a", Tensor({large}, DType::f32)}, {"b", Tensor({large}, DType::f32)}, {"c", Tensor({3}, DType::f32)}},
        kept_{{"mean", Tensor({5}, DType::f32)}},
        exchange_(processes, shards, gradients_, kept_) {
    std::vector<StepProfile::Gradient> tensors;
    for (size_t i = 0; const char* name : {"b", "a", "mean", "c"})
      tensors.push_back({name, static_cast<int64_t>(of(name).bytes()), i++});
    exchange_.plan_buckets(tensors);
  }

  // Computes the shards of this process; with `early`, the exchange begins after the first kernel of the last one.
  void run(int64_t step, bool early) {
    exchange_.begin_step();
    const ShardRun own = exchange_.own();
    for (int64_t shard = own.begin; shard < own.end; ++shard) {
      exchange_.begin_shard();
      size_t done = 0;
      for (const char* name : {"b", "a", "mean", "c"}) {
        uint32_t bits =
            static_cast<uint32_t>(8 * step + shard + 1);  // numbers of very different sizes, whose sum depends on the order
        for (float& value : of(name).values<float>()) {
          bits = bits * 1664525 + 1013904223;
          value += std::ldexp(static_cast<float>(bits >> 8), static_cast<int>(bits >> 4) % 16);
        }
        if (early && shard + 1 == own.end) exchange_.kernels_done(++done);
      }
      StepResult one{.loss_sum = 1, .correct = shard, .images = 2};
      exchange_.end_shard(shard, one);
    }
    exchange_.finish(result_, false);
  }

  Tensor& of(const std::string& name) { return name == "mean" ? kept_.at(name) : gradients_.at(name); }
  const StepResult& result() const { return result_; }

 private:
  TensorMap gradients_, kept_;
  ShardExchange exchange_;
  StepResult result_;
};

using Values = std::map<std::string, std::vector<float>>;

// Two steps, because the second one starts from what the first one left; the values at the last process.
Values values_after_steps(int count, int64_t shards, bool early) {
  Values values;
  run_as_processes(count, [&](Communicator& processes) {
    Step step(processes, shards);
    for (int64_t i = 0; i < 2; ++i) step.run(i, early);
    EXPECT_EQ(step.result().correct, shards * (shards - 1) / 2);
    EXPECT_EQ(step.result().images, 2 * shards);
    if (processes.rank() + 1 < count) return;
    for (const char* name : {"a", "b", "c", "mean"})
      values[name].assign(step.of(name).values<float>().begin(), step.of(name).values<float>().end());
  });
  return values;
}

TEST(ShardExchange, EarlyExchangeHasEqualBits) {
  const Values expected = values_after_steps(1, 4, false);
  for (const int count : {2, 3}) {
    for (const bool early : {false, true})
      EXPECT_EQ(values_after_steps(count, 4, early), expected) << count << " processes, early: " << early;
  }
}

// A process that cannot go on.
class FailingProcess : public ThreadProcess {
 public:
  using ThreadProcess::ThreadProcess;
  void exchange(std::span<const std::byte> sent, int to, std::span<std::byte> received, int from) override {
    if (sent.size() > 1000) fail(ErrorCode::unavailable, "the cable was cut");
    ThreadProcess::exchange(sent, to, received, from);
  }
};

TEST(ShardExchange, FailureOfTheOtherThreadIsThrown) {
  Mail mail;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank) {
    threads.emplace_back([&, rank] {
      FailingProcess process(mail, rank, 2);
      Step step(process, 2);
      expect_error(ErrorCode::unavailable, [&] { step.run(0, true); }, {"the cable was cut"});
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ShardExchange, EveryTensorNeedsAPlace) {
  const std::unique_ptr<Communicator> alone = single_process();
  ShardExchange exchange(*alone, 2, {{"a", Tensor({4}, DType::f32)}}, {});
  expect_error(ErrorCode::internal, [&] { exchange.plan_buckets({}); }, {"0 of 1 tensors"});
}

}  // namespace
}  // namespace fovea
