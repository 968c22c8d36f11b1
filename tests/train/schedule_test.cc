#include "fovea/train/schedule.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

constexpr int64_t per_epoch = 10;

Recipe recipe_with(const char* schedule) {
  Recipe recipe;
  recipe.schedule = schedule;
  recipe.rate = 0.8;
  recipe.epochs = 4;
  return recipe;
}

TEST(Schedule, ConstantStays) {
  for (const int64_t step : {0, 1, 39}) EXPECT_EQ(rate_at(recipe_with("constant"), step, per_epoch), 0.8);
}

TEST(Schedule, WarmUpRisesInEqualSteps) {
  Recipe recipe = recipe_with("constant");
  recipe.warmup_epochs = 1;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 0, per_epoch), 0.08);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 4, per_epoch), 0.4);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 9, per_epoch), 0.8);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 10, per_epoch), 0.8);
}

TEST(Schedule, StepFallsAfterEachMilestone) {
  Recipe recipe = recipe_with("step");
  recipe.milestones = {1, 2.5};
  recipe.gamma = 0.5;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 9, per_epoch), 0.8);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 10, per_epoch), 0.4);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 24, per_epoch), 0.4);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 25, per_epoch), 0.2);
}

TEST(Schedule, CosineIsHalfWayInTheMiddleAndEndsAtTheFinalRate) {
  Recipe recipe = recipe_with("cosine");
  recipe.final_rate = 0.2;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 0, per_epoch), 0.8);
  EXPECT_NEAR(rate_at(recipe, 20, per_epoch), 0.5, 1e-12);
  EXPECT_NEAR(rate_at(recipe, 40, per_epoch), 0.2, 1e-12);
  // A sixth of the way cos is sqrt(3)/2, a third of it 1/2.
  recipe.epochs = 3;
  EXPECT_NEAR(rate_at(recipe, 10, per_epoch), 0.2 + 0.6 * 0.75, 1e-12);
}

TEST(Schedule, LinearFallsInAStraightLineAfterTheWarmUp) {
  Recipe recipe = recipe_with("linear");
  recipe.warmup_epochs = 2;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 20, per_epoch), 0.8);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 30, per_epoch), 0.4);
  EXPECT_NEAR(rate_at(recipe, 39, per_epoch), 0.04, 1e-12);
}

}  // namespace
}  // namespace fovea
