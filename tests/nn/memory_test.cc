// SPDX-License-Identifier: Apache-2.0
// A training step with a memory limit: the same bits in less memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

Value block(Value x, int64_t filters) {
  const Value y = x | conv({.filters = filters, .kernel = 3, .padding = same}) | batch_norm() | relu | dropout({.rate = 0.1}) |
                  conv({.filters = filters, .kernel = 3, .padding = same}) | batch_norm();
  return relu(y + x);
}

Value residual_network(Value image) {
  Value x = image | conv({.filters = 8, .kernel = 3, .padding = same});
  for (int i = 0; i < 6; ++i) x = block(x, 8);
  return x | flatten() | dense({.units = 4});
}

Traced training_step() {
  const Network network{.name = "residual", .function = residual_network, .input = {12, 12, 3}, .classes = 4};
  return trace_training(network, 8, {.optimizer = sgd({.momentum = 0.9})});
}

void fill_inputs(Compiled& step) {
  Random random(5, 0);
  for (float& value : step.tensors.at("image").values<float>()) value = random.normal();
  for (int32_t& value : step.tensors.at("label").values<int32_t>()) value = static_cast<int32_t>(random.below(4));
  step.tensors.at("rate").data<float>()[0] = 0.05F;
}

int64_t repeated_calls(const Compiled& step) {
  const std::vector<KernelCall>& calls = step.plan().calls;
  return std::count_if(calls.begin(), calls.end(), [](const KernelCall& call) { return call.repeated; });
}

TEST(Memory, ComputedAgainIsTheSameBits) {
  const Traced traced = training_step();
  Compiled whole(traced, 1);
  const ProgramMemory all = whole.report.memory;
  EXPECT_EQ(all.repeated, 0);
  const ProgramMemory planned = memory_of(traced.graph);
  EXPECT_EQ(planned.bytes(), all.bytes());
  fill_inputs(whole);
  double cost = 0;
  for (const int64_t percent : {85, 60}) {
    SCOPED_TRACE(percent);
    const int64_t limit = all.bytes() - all.arena + all.arena * percent / 100;
    Compiled less(traced, 1, {.memory = limit});
    EXPECT_LE(less.report.memory.bytes(), limit);
    EXPECT_GT(less.report.memory.repeated, 0);
    EXPECT_GT(less.report.memory.extra_work, cost);
    EXPECT_EQ(repeated_calls(less), less.report.memory.repeated);
    cost = less.report.memory.extra_work;
    fill_inputs(less);
    if (percent == 85) {
      for (int step = 0; step < 3; ++step) {
        whole.tensors.at("step").data<int32_t>()[0] = step;
        whole.run();
      }
    }
    for (int step = 0; step < 3; ++step) {
      less.tensors.at("step").data<int32_t>()[0] = step;
      less.run(1);
    }
    for (const auto& [name, tensor] : whole.tensors) {
      EXPECT_EQ(std::memcmp(tensor.raw(), less.tensors.at(name).raw(), tensor.bytes()), 0) << name;
    }
    EXPECT_EQ(whole.outputs.at("loss").data<float>()[0], less.outputs.at("loss").data<float>()[0]);
  }
}

TEST(Memory, SaysTheLeastThatIsNeeded) {
  const Traced traced = training_step();
  try {
    memory_of(traced.graph, {.memory = 1000});
    FAIL() << "nothing fits 1000 bytes";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("takes at least"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace fovea
