// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/tensor_places.h"

#include <gtest/gtest.h>

#include "fovea/core/error.h"

namespace fovea {
namespace {

using Place = KernelOperand::Place;

ProgramPlan plan_with_initializer() {
  ProgramPlan plan;
  plan.arguments = {{.name = "image", .shape = {3}}, {.name = "weight", .shape = {100}, .input = false}};
  plan.results = {{.name = "logits", .shape = {5}}, {.name = "weight", .shape = {100}}};
  plan.result_replaces = {-1, 1};
  plan.hoisted = {{.name = "packed", .shape = {7}}};
  plan.constants.emplace_back(Shape{2}, DType::i32);
  plan.arena_bytes = 1000;
  plan.calls.resize(3);
  plan.calls[1].operands.resize(70);
  auto initializer = std::make_shared<ProgramPlan>();
  initializer->arguments = {{.name = "weight", .shape = {100}}};
  initializer->results = {{.name = "packed", .shape = {7}}};
  initializer->result_replaces = {-1};
  initializer->arena_bytes = 5000;
  initializer->calls.resize(2);
  plan.initializer = initializer;
  return plan;
}

TEST(TensorPlaces, AreAlignedAndApart) {
  const ProgramPlan plan = plan_with_initializer();
  const TensorPlaces places(plan, 256);
  std::vector<TensorPlace> all{places.arguments()[0],
                               places.arguments()[1],
                               places.results()[0],
                               places.constants()[0],
                               places.operand({Place::hoisted, 0}, false, 28),
                               places.operand({Place::arena}, true, 5000),
                               places.tables()};
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].offset % 256, 0) << i;
    EXPECT_LE(all[i].offset + all[i].bytes, places.bytes()) << i;
    for (size_t j = 0; j < i; ++j)
      EXPECT_TRUE(all[i].offset >= all[j].offset + all[j].bytes || all[j].offset >= all[i].offset + all[i].bytes)
          << i << " " << j;
  }
  EXPECT_EQ(places.table_bytes(), 512);  // for 70 operands
  EXPECT_EQ(places.tables().bytes, 5 * 512);
}

TEST(TensorPlaces, ReplacedArgumentsAndTheInitializerShareMemory) {
  const ProgramPlan plan = plan_with_initializer();
  const TensorPlaces places(plan, 64);
  EXPECT_EQ(places.results()[1].offset, places.arguments()[1].offset);
  EXPECT_EQ(places.operand({Place::argument, 0}, true, 400).offset, places.arguments()[1].offset);
  EXPECT_EQ(places.operand({Place::result, 0}, true, 28).offset, places.operand({Place::hoisted, 0}, false, 28).offset);
  EXPECT_EQ(places.operand({Place::arena, 0, 64}, true, 4).offset, places.operand({Place::arena, 0, 64}, false, 4).offset);
  EXPECT_EQ(places.operand({Place::arena, 0, 64}, false, 4).offset, places.operand({Place::arena}, false, 4).offset + 64);
}

TEST(TensorPlaces, RefuseAnInitializerOfAnotherProgram) {
  ProgramPlan plan = plan_with_initializer();
  plan.arguments[1].name = "other";
  EXPECT_THROW(TensorPlaces(plan, 256), Error);
}

}  // namespace
}  // namespace fovea
