// SPDX-License-Identifier: Apache-2.0
// A run with a limit of time: it ends in time, and what it chose is in its recipe.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "fovea/core/file.h"
#include "fovea/train/checkpoint.h"
#include "fovea/train/run.h"
#include "fovea/train/trainer.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

TimeLimit limit_of(double seconds, int64_t most_epochs) {
  return {.end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)),
          .most_epochs = most_epochs};
}

Recipe digits(int64_t epochs) {
  Recipe recipe = default_recipe("mnist-mlp");
  recipe.data = "digits:600";
  recipe.batch = 100;
  recipe.epochs = epochs;
  return recipe;
}

TEST(TimeBudget, CountsEpochsWithTheirTests) {
  TimeBudget budget(limit_of(1000, 50));
  EXPECT_NEAR(budget.left(), 990, 1);  // a hundredth is kept
  budget.set_test(10);
  budget.set_step(2);
  EXPECT_EQ(budget.epochs(40), 9);  // of 90 s, in nine tenths of the time
  EXPECT_EQ(budget.epochs(1), 50);
  EXPECT_EQ(budget.epochs(4000), 0);
  EXPECT_TRUE(budget.has_room_for_steps(490, true));
  EXPECT_FALSE(budget.has_room_for_steps(492, false));
  EXPECT_TRUE(budget.has_room_for(20, 0.1, 1900));
  EXPECT_FALSE(budget.has_room_for(50, 0.1, 1900));
  EXPECT_FALSE(budget.has_room_for(20, 0.1, 2500));
  EXPECT_LT(TimeBudget(limit_of(0.5, 0)).left(), 0);
}

TEST(Pace, LeavesOutWhatCompiles) {
  Pace pace;
  EXPECT_EQ(pace.seconds(), 0);
  pace.add(32);
  EXPECT_EQ(pace.measured(), 0);
  pace.add(16);
  EXPECT_EQ(pace.done(), 48);
  EXPECT_EQ(pace.measured(), 16);
  EXPECT_GT(pace.seconds(), 0);
}

class Limit : public FolderTest {};

TEST_F(Limit, ChosenEpochsAreInTheRecipeAndNothingElse) {
  const Clock::time_point start = Clock::now();
  const TrainResult result =
      train(digits(7), {.folder = folder_ / "limited", .threads = 2, .quiet = true, .limit = limit_of(60, 7)});
  EXPECT_EQ(result.epochs, 7);  // there is time for all
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(60));
  train(digits(7), {.folder = folder_ / "free", .threads = 1, .quiet = true});
  EXPECT_EQ(read_file(folder_ / "limited/model.safetensors"), read_file(folder_ / "free/model.safetensors"));
}

TEST_F(Limit, FewerEpochsEndAtTheLowRate) {
  const int64_t many = 100000;
  const TrainResult result =
      train(digits(many), {.folder = folder_ / "limited", .threads = 1, .quiet = true, .limit = limit_of(3, many)});
  const Recipe chosen = read_recipe(folder_ / "limited/recipe.toml");
  EXPECT_LT(chosen.epochs, many);
  EXPECT_LE(result.epochs, chosen.epochs);
  EXPECT_GE(result.epochs, 1);
}

TEST_F(Limit, EndsWithTheLastWholeEpoch) {
  const Clock::time_point start = Clock::now();
  const TrainResult result =
      train(digits(100000), {.folder = folder_ / "cut", .threads = 1, .quiet = true, .limit = limit_of(2.5, 0)});
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
  EXPECT_LT(result.epochs, 100000);
  const Checkpoint checkpoint = load_checkpoint(folder_ / "cut");
  EXPECT_EQ(checkpoint.state.epoch, result.epochs);
  EXPECT_EQ(checkpoint.state.batch, 0);
  EXPECT_EQ(parse_recipe(checkpoint.recipe, "state.json").epochs, 100000);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cut/model.safetensors"));
  expect_error(2,
               [&] { train(digits(1), {.folder = folder_ / "x", .quiet = true, .memory = 1 << 30, .limit = limit_of(2, 0)}); },
               {"--memory", "limit of time"});
}

}  // namespace
}  // namespace fovea
