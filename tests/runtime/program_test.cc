// SPDX-License-Identifier: Apache-2.0
#include "fovea/runtime/program.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "fovea/core/error.h"
#include "fovea/runtime/thread_pool.h"
#include "tests/support/refusal.h"

namespace fovea {
namespace {

using Place = KernelOperand::Place;
constexpr int64_t tile_size = 5;

// out[i] = a[i] + b[i], through the scratch memory.
void add(void* const* operands, int64_t begin, int64_t end, void* scratch) {
  const auto* a = static_cast<const float*>(operands[0]);
  const auto* b = static_cast<const float*>(operands[1]);
  auto* out = static_cast<float*>(operands[2]);
  auto* sum = static_cast<float*>(scratch);
  for (int64_t tile = begin; tile < end; ++tile) {
    for (int64_t i = 0; i < tile_size; ++i) sum[i] = a[tile * tile_size + i] + b[tile * tile_size + i];
    std::memcpy(out + tile * tile_size, sum, tile_size * sizeof(float));
  }
}

KernelCall call_of_add(std::vector<KernelOperand> operands, int64_t tiles) {
  return {.name = "add",
          .layer = "sum",
          .function = add,
          .operands = std::move(operands),
          .outputs = {{.operand = 2, .count = tiles * tile_size}},
          .tiles = tiles,
          .scratch_bytes = tile_size * 4};
}

// Arguments x (input), total (state); y = (x + c) + x, c = 0, 1, 2, ...; total += y.
ProgramPlan accumulate(int64_t tiles) {
  const Shape shape{tiles, tile_size};
  ProgramPlan plan;
  plan.arguments = {{"x", shape, DType::f32}, {"total", shape, DType::f32}};
  plan.results = {{"total", shape, DType::f32}, {"y", shape, DType::f32}};
  plan.result_replaces = {1, -1};
  Tensor constant(shape, DType::f32);
  for (int64_t i = 0; i < constant.size(); ++i) constant.data<float>()[i] = static_cast<float>(i);
  plan.constants = {constant};
  const int64_t offset = 64;
  plan.arena_bytes = offset + tiles * tile_size * 4;
  const KernelOperand x{Place::argument, 0, 0}, inner{Place::arena, 0, offset}, y{Place::result, 1, 0},
      total{Place::result, 0, 0};
  plan.calls = {call_of_add({x, {Place::constant, 0, 0}, inner}, tiles), call_of_add({inner, x, y}, tiles),
                call_of_add({total, y, total}, tiles)};
  return plan;
}

Tensor ramp(Shape shape, float start) {
  Tensor tensor(std::move(shape), DType::f32);
  for (int64_t i = 0; i < tensor.size(); ++i) tensor.data<float>()[i] = start - 0.25f * static_cast<float>(i);
  return tensor;
}

std::string message(const std::function<void()>& act) { return error_of(ErrorCode::failed_precondition, act); }

TEST(Program, ComputesWithAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5}) {
    for (const int64_t tiles : {1, 2, 301}) {
      ThreadPool pool(threads);
      Program program(accumulate(tiles));
      Tensor x = ramp({tiles, tile_size}, 3), total = ramp({tiles, tile_size}, 100), y({tiles, tile_size}, DType::f32);
      const Tensor before = total.clone();
      for (int run = 1; run <= 3; ++run) {
        program.run({&x, &total}, {&y}, pool);
        for (int64_t i = 0; i < y.size(); ++i) {
          ASSERT_EQ(y.data<float>()[i], 2 * x.data<float>()[i] + static_cast<float>(i));
          ASSERT_FLOAT_EQ(total.data<float>()[i], before.data<float>()[i] + static_cast<float>(run) * y.data<float>()[i]);
        }
      }
    }
  }
}

TEST(Program, FindsWhereNumbersStopBeingFinite) {
  constexpr float infinity = std::numeric_limits<float>::infinity(), large = 2e38f;
  struct Case {
    float x, total;
    const char* tensor;  // the first one that is not finite; null: none
    bool nan;
  };
  ThreadPool pool(2);
  Program program(accumulate(3));
  for (const Case& given : std::vector<Case>{{1, 2, nullptr, false},
                                             {large, 0, "y", false},          // x + x
                                             {1e38f, large, "total", false},  // total + y
                                             {infinity, 0, "", false},        // x + c, between the kernels
                                             {0, NAN, "total", true}}) {
    Tensor x({3, tile_size}, DType::f32), total({3, tile_size}, DType::f32), y({3, tile_size}, DType::f32);
    x.data<float>()[14] = given.x;
    total.data<float>()[14] = given.total;
    Tensor same = total.clone(), plain({3, tile_size}, DType::f32);
    const std::optional<NotFinite> found = program.run_checked({&x, &total}, {&y}, pool);
    ASSERT_EQ(found.has_value(), given.tensor != nullptr);
    if (found) {
      EXPECT_EQ(found->tensor, given.tensor);
      EXPECT_EQ(found->layer, "sum");
      EXPECT_EQ(found->nan, given.nan);
    }
    program.run({&x, &same}, {&plain}, pool);
    EXPECT_EQ(std::memcmp(total.raw(), same.raw(), total.bytes()), 0);
  }
}

TEST(Program, FollowsTensorsThatMove) {
  ThreadPool pool(2);
  Program program(accumulate(4));
  Tensor total({4, tile_size}, DType::f32);
  for (const float start : {1.0f, 2.0f, 1.0f}) {
    Tensor x = ramp({4, tile_size}, start), y({4, tile_size}, DType::f32);
    program.run({&x, &total}, {&y}, pool);
    EXPECT_EQ(y.data<float>()[0], 2 * start);
  }
  EXPECT_EQ(total.data<float>()[0], 8);
}

TEST(Program, ScratchFollowsLargerPools) {
  Program program(accumulate(64));
  Tensor x = ramp({64, tile_size}, 1), total({64, tile_size}, DType::f32), y({64, tile_size}, DType::f32);
  for (const int threads : {1, 4, 2, 8}) {
    ThreadPool pool(threads);
    program.run({&x, &total}, {&y}, pool);
    EXPECT_EQ(y.data<float>()[319], 2 * x.data<float>()[319] + 319);
  }
  EXPECT_EQ(program.memory_bytes(2) - program.memory_bytes(1), 128);  // one thread's scratch memory, in whole lines
  EXPECT_GE(program.memory_bytes(1), program.plan().arena_bytes);
}

TEST(Program, NoCallsLeaveEverythingAsItWas) {
  ProgramPlan plan = accumulate(2);
  plan.calls.clear();
  Program program(std::move(plan));
  ThreadPool pool(2);
  Tensor x = ramp({2, tile_size}, 1), total = ramp({2, tile_size}, 7), y({2, tile_size}, DType::f32);
  program.run({&x, &total}, {&y}, pool);
  EXPECT_EQ(total.data<float>()[0], 7);
  EXPECT_EQ(y.data<float>()[0], 0);
}

TEST(Program, ProfileCountsEveryCall) {
  Program program(accumulate(1000));
  ThreadPool pool(2);
  Tensor x = ramp({1000, tile_size}, 1), total({1000, tile_size}, DType::f32), y({1000, tile_size}, DType::f32);
  std::vector<double> seconds;
  program.profile({&x, &total}, {&y}, pool, seconds);
  ASSERT_EQ(seconds.size(), 3u);
  const std::vector<double> once = seconds;
  program.profile({&x, &total}, {&y}, pool, seconds);
  for (size_t i = 0; i < 3; ++i) EXPECT_GT(seconds[i], once[i]);
  EXPECT_EQ(y.data<float>()[7], 2 * x.data<float>()[7] + 7);
}

TEST(Program, RefusesTensorsThatDoNotFit) {
  Program program(accumulate(2));
  ThreadPool pool(1);
  Tensor x({2, tile_size}, DType::f32), total = x.clone(), y = x.clone(), wide({2, 6}, DType::f32),
                                        whole({2, tile_size}, DType::i32);
  const auto run = [&](std::vector<Tensor*> arguments, std::vector<Tensor*> results) {
    return message([&] { program.run(arguments, results, pool); });
  };
  EXPECT_EQ(run({&x}, {&y}), "program: 1 arguments given, must be 2");
  EXPECT_EQ(run({&x, &total}, {}), "program: 0 results given, must be 1");
  EXPECT_EQ(run({&wide, &total}, {&y}), "program: argument 0 \"x\" is [2, 6] f32, must be [2, 5] f32");
  EXPECT_EQ(run({&x, &total}, {&whole}), "program: result 0 \"y\" is [2, 5] i32, must be [2, 5] f32");
  EXPECT_EQ(run({&x, nullptr}, {&y}), "program: argument 1 \"total\" has no tensor");
  EXPECT_EQ(run({&x, &x}, {&y}), "program: \"x\" and \"total\" share memory, and one of them is written");
  EXPECT_NE(run({&x, &total}, {&x}).find("share memory"), std::string::npos);
  EXPECT_EQ(run({&x, &total}, {&y}), "no error");
}

TEST(Program, RefusesPlansThatReachOutside) {
  const auto refused = [](const std::function<void(ProgramPlan&)>& spoil) {
    ProgramPlan plan = accumulate(2);
    spoil(plan);
    return message([&] { Program program(std::move(plan)); });
  };
  EXPECT_EQ(refused([](ProgramPlan& plan) { plan.calls[1].function = nullptr; }), "program: kernel \"add\" has no code");
  EXPECT_NE(refused([](ProgramPlan& plan) { plan.calls[0].operands[0].index = 2; }).find("outside"), std::string::npos);
  EXPECT_NE(refused([](ProgramPlan& plan) { plan.calls[0].operands[0].index = -1; }).find("outside"), std::string::npos);
  EXPECT_NE(refused([](ProgramPlan& plan) { plan.calls[0].operands[2].offset = 1000; }).find("outside"), std::string::npos);
  EXPECT_NE(refused([](ProgramPlan& plan) { plan.result_replaces = {2, -1}; }).find("replaces"), std::string::npos);
  EXPECT_NE(refused([](ProgramPlan& plan) { plan.result_replaces = {1}; }).find("replace"), std::string::npos);
}

// y = x + (w + w), with the sum of w hoisted.
ProgramPlan with_initializer(int64_t tiles) {
  const Shape shape{tiles, tile_size};
  ProgramPlan initializer;
  initializer.arguments = {{"w", shape, DType::f32}};
  initializer.results = {{"hoisted.0", shape, DType::f32}};
  initializer.result_replaces = {-1};
  initializer.calls = {call_of_add({{Place::argument, 0, 0}, {Place::argument, 0, 0}, {Place::result, 0, 0}}, tiles)};
  ProgramPlan plan;
  plan.arguments = {{"x", shape, DType::f32}, {"w", shape, DType::f32}};
  plan.results = {{"y", shape, DType::f32}};
  plan.result_replaces = {-1};
  plan.calls = {call_of_add({{Place::argument, 0, 0}, {Place::hoisted, 0, 0}, {Place::result, 0, 0}}, tiles)};
  plan.hoisted = initializer.results;
  plan.initializer = std::make_shared<ProgramPlan>(initializer);
  return plan;
}

TEST(Preparation, RunsOnceUntilValuesChange) {
  constexpr int64_t tiles = 3;
  Program program(with_initializer(tiles));
  ThreadPool threads(2);
  Tensor x = ramp({tiles, tile_size}, 1), w = ramp({tiles, tile_size}, 7), y({tiles, tile_size}, DType::f32);
  const auto answer = [&](Tensor& weights) {
    program.run({&x, &weights}, {&y}, threads);
    return y.data<float>()[0];
  };
  EXPECT_TRUE(program.hoisted().empty());
  EXPECT_EQ(answer(w), 15);
  ASSERT_EQ(program.hoisted().size(), 1u);
  EXPECT_EQ(program.hoisted()[0].data<float>()[0], 14);
  w.data<float>()[0] = 10;
  EXPECT_EQ(answer(w), 15) << "what is shared is read when it is said to have changed";
  program.values_changed();
  EXPECT_EQ(answer(w), 21);
  Tensor other = ramp({tiles, tile_size}, 2);
  EXPECT_EQ(answer(other), 5) << "another tensor is seen by itself";
  other.data<float>()[0] = 3;
  program.initialize({&x, &other}, threads);
  EXPECT_EQ(answer(other), 7);
  EXPECT_FALSE(program.initializer_reads(0));
  EXPECT_TRUE(program.initializer_reads(1));
  EXPECT_GE(program.memory_bytes(1), tiles * tile_size * 4);
}

TEST(Preparation, SealedItNeedsNoParameters) {
  constexpr int64_t tiles = 3;
  Program program(with_initializer(tiles));
  ThreadPool threads(2);
  Tensor x = ramp({tiles, tile_size}, 1), w = ramp({tiles, tile_size}, 7), y({tiles, tile_size}, DType::f32), none;
  EXPECT_FALSE(program.is_released(1));
  program.release_hoisted_weights({&x, &w}, threads);
  EXPECT_FALSE(program.is_released(0));
  EXPECT_TRUE(program.is_released(1));
  EXPECT_TRUE(w.empty());
  program.run({&x, &none}, {&y}, threads);
  EXPECT_EQ(y.data<float>()[0], 15);
  EXPECT_THROW(program.values_changed(), Error);
  EXPECT_THROW(program.run({&none, &none}, {&y}, threads), Error);
}

TEST(Preparation, RefusesPlansThatDoNotFit) {
  ProgramPlan plan = with_initializer(2);
  plan.hoisted[0].shape = {3, tile_size};
  EXPECT_THROW(Program{plan}, Error);
  plan = with_initializer(2);
  plan.arguments[1].name = "v";
  EXPECT_THROW(Program{plan}, Error);
  plan = with_initializer(2);
  plan.initializer = nullptr;
  EXPECT_THROW(Program{plan}, Error);
  plan = with_initializer(2);
  plan.calls[0].operands[1].index = 1;
  EXPECT_THROW(Program{plan}, Error);
}

}  // namespace
}  // namespace fovea
