// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/memory/rematerialization.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace fovea {
namespace {

int add_tensor(CallList& list, int64_t bytes, CallTensor::Home home = CallTensor::Home::arena, int64_t index = 0) {
  list.tensors.push_back({.bytes = bytes, .home = home, .index = index});
  return static_cast<int>(list.tensors.size()) - 1;
}

// A call with one result of `bytes`.
int add_call(CallList& list, std::vector<int> operands, int64_t bytes, double multiply_adds, int in_place = -1) {
  const int result = add_tensor(list, bytes);
  list.steps.push_back({.call = static_cast<int>(list.traits.size()), .operands = std::move(operands), .results = {result}});
  list.traits.push_back({.in_place = {in_place}, .multiply_adds = multiply_adds, .bytes = static_cast<double>(bytes)});
  return result;
}

// A chain of `layers` forward and backward, in which layer i backward reads what layer i forward read.
CallList chain(int layers, int64_t bytes, double multiply_adds) {
  CallList list;
  std::vector<int> forward{add_tensor(list, bytes, CallTensor::Home::argument)};
  for (int i = 0; i < layers; ++i) forward.push_back(add_call(list, {forward.back()}, bytes, multiply_adds));
  int gradient = forward.back();
  for (int i = layers - 1; i >= 0; --i) gradient = add_call(list, {gradient, forward[i]}, bytes, 2 * multiply_adds);
  list.tensors[gradient].home = CallTensor::Home::result;
  return list;
}

// Runs the list in memory as planned: each call writes a hash of what it reads. Returns what each call wrote first.
std::vector<size_t> run(const CallList& list) {
  const Lifetimes lifetimes = lifetimes_of(list);
  const MemoryPlan plan = plan_memory(lifetimes.blocks);
  std::map<int64_t, size_t> arena;  // by the offset of every 64 bytes
  std::map<std::pair<int, int64_t>, size_t> outside;
  const auto each_place = [&](int tensor, const auto& visit) {
    if (lifetimes.block[tensor] < 0) {
      const CallTensor& home = lifetimes.storage[tensor];
      visit(outside.try_emplace({static_cast<int>(home.home), home.index}, 1000 + home.index).first->second);
      return;
    }
    const int64_t start = plan.offsets[lifetimes.block[tensor]];
    for (int64_t at = 0; at < list.tensors[tensor].bytes; at += memory_alignment) visit(arena[start + at]);
  };
  std::vector<size_t> written(list.traits.size(), 0);
  for (const CallStep& step : list.steps) {
    size_t hash = 77 * (step.call + 1);
    for (size_t i = 0; i < step.operands.size(); ++i) {
      each_place(step.operands[i], [&](size_t value) { hash = hash * 1099511628211U + value * (i + 3); });
    }
    for (int result : step.results) each_place(result, [&](size_t& place) { place = hash; });
    size_t& known = written[step.call];
    EXPECT_TRUE(known == 0 || known == hash) << "call " << step.call << " computes something else when it is repeated";
    known = hash;
  }
  return written;
}

TEST(Rematerialization, NothingIsRepeatedWhereAllFits) {
  const CallList list = chain(20, 1 << 20, 1e9);
  const Rematerialization chosen = choose_rematerialization(list, int64_t{1} << 40);
  EXPECT_TRUE(chosen.fits);
  EXPECT_EQ(chosen.repeated, 0);
  EXPECT_EQ(chosen.bytes, chosen.bytes_before);
}

// Chen et al.: segments whose length is the square root need about twice the square root, for at most one more forward pass.
TEST(Rematerialization, ChainFitsTwiceTheSquareRoot) {
  constexpr int layers = 100;
  constexpr int64_t bytes = 1 << 20;
  const CallList list = chain(layers, bytes, 1e9);
  const Rematerialization chosen = choose_rematerialization(list, 24 * bytes);
  ASSERT_TRUE(chosen.fits);
  EXPECT_GE(chosen.bytes_before, layers * bytes);
  EXPECT_LE(chosen.bytes, 24 * bytes);
  EXPECT_LE(chosen.extra_multiply_adds, layers * 1e9);
  EXPECT_EQ(run(chosen.list), run(list));
}

TEST(Rematerialization, SaysTheLeast) {
  constexpr int64_t bytes = 1 << 20;
  const CallList list = chain(100, bytes, 1e9);
  const Rematerialization chosen = choose_rematerialization(list, 3 * bytes);
  EXPECT_FALSE(chosen.fits);
  EXPECT_LE(chosen.bytes, 24 * bytes);
  EXPECT_TRUE(choose_rematerialization(list, chosen.bytes).fits);
}

TEST(Rematerialization, CheapWorkGoesFirst) {
  constexpr int64_t bytes = 1 << 20;
  CallList list;
  std::vector<int> forward{add_tensor(list, bytes, CallTensor::Home::argument)};
  for (int i = 0; i < 40; ++i) forward.push_back(add_call(list, {forward.back()}, bytes, i % 2 == 0 ? 1e10 : 0));
  int gradient = forward.back();
  for (int i = 39; i >= 0; --i) gradient = add_call(list, {gradient, forward[i]}, bytes, 1e10);
  list.tensors[gradient].home = CallTensor::Home::result;
  const Rematerialization chosen = choose_rematerialization(list, 26 * bytes);
  ASSERT_TRUE(chosen.fits);
  EXPECT_GT(chosen.repeated, 0);
  EXPECT_EQ(chosen.extra_multiply_adds, 0);
}

// When a parameter has its new value before the last call that would read the old one again, what was computed from it must be
// kept.
TEST(Rematerialization, NothingIsMadeFromAnArgumentThatWasReplaced) {
  constexpr int64_t bytes = 1 << 20;
  CallList list;
  const int weight = add_tensor(list, bytes, CallTensor::Home::argument);
  const int kept = add_call(list, {weight}, bytes, 0);
  int last = kept;
  for (int i = 0; i < 12; ++i) last = add_call(list, {last}, bytes, 1e9);
  const int update = add_call(list, {weight, last}, bytes, 0);
  list.tensors[update] = {.bytes = bytes, .home = CallTensor::Home::argument, .index = 0};
  const int result = add_call(list, {last, kept}, bytes, 0);
  list.tensors[result].home = CallTensor::Home::result;
  const Rematerialization chosen = choose_rematerialization(list, 1);
  EXPECT_FALSE(chosen.fits);
  EXPECT_EQ(run(chosen.list), run(list));
}

// Random calls, some written over their first operand, some replacing arguments: whatever is repeated, every call reads what it
// read before.
TEST(Rematerialization, RandomListsComputeTheSame) {
  std::mt19937 random(3);
  int repeated = 0;
  for (int round = 0; round < 150; ++round) {
    CallList list;
    std::vector<int> readable;
    for (int i = 0; i < 3; ++i) readable.push_back(add_tensor(list, 64 * (1 + random() % 20), CallTensor::Home::argument, i));
    for (int call = 0; call < 60; ++call) {
      std::vector<int> operands;
      for (size_t i = 0; i < 1 + random() % 3; ++i) {
        const size_t near = std::min<size_t>(readable.size(), random() % 3 == 0 ? readable.size() : 6);
        operands.push_back(readable[readable.size() - 1 - random() % near]);
      }
      const int first = operands.front();
      const bool alone = std::ranges::count(operands, first) == 1 && list.tensors[first].home == CallTensor::Home::arena;
      const bool in_place = alone && random() % 6 == 0;
      const int64_t bytes = in_place ? list.tensors[first].bytes : static_cast<int64_t>(64 * (1 + random() % 20));
      readable.push_back(add_call(list, operands, bytes, static_cast<double>(random() % 3) * 1e4, in_place ? 0 : -1));
      if (in_place) std::erase(readable, first);
    }
    list.tensors[list.steps.back().results.front()].home = CallTensor::Home::result;
    const Rematerialization all = choose_rematerialization(list, int64_t{1} << 40);
    const Rematerialization chosen = choose_rematerialization(list, all.bytes * static_cast<int64_t>(50 + random() % 50) / 100);
    repeated += chosen.repeated;
    EXPECT_EQ(run(chosen.list), run(list)) << "round " << round;
    EXPECT_LE(chosen.bytes, all.bytes);
  }
  EXPECT_GT(repeated, 100);
}

}  // namespace
}  // namespace fovea
