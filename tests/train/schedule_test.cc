// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

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

// TensorFlow's exponential_decay as in EfficientNet's recipe: a step every 2.4 epochs, counted from step 0.
TEST(Schedule, ExponentialFallsBySteps) {
  Recipe recipe = recipe_with("exponential");
  recipe.gamma = 0.97;
  recipe.decay_epochs = 2.4;
  recipe.staircase = true;
  recipe.warmup_epochs = 1;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 4, per_epoch), 0.4);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 23, per_epoch), 0.8);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 24, per_epoch), 0.8 * 0.97);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 71, per_epoch), 0.8 * 0.97 * 0.97);
  recipe.staircase = false;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 12, per_epoch), 0.8 * std::sqrt(0.97));
}

TEST(Schedule, InverseAndPolynomial) {
  Recipe recipe = recipe_with("inverse");
  recipe.decay_per_step = 0.25;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 4, per_epoch), 0.4);
  recipe = recipe_with("polynomial");
  EXPECT_DOUBLE_EQ(rate_at(recipe, 20, per_epoch), 0.2);
  recipe.power = 1;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 20, per_epoch), rate_at(recipe_with("linear"), 20, per_epoch));
}

TEST(Schedule, RatesGrowWithTheBatchWhereTheyAreSaidToBe) {
  Recipe recipe = recipe_with("linear");
  recipe.final_rate = 0.2;
  recipe.per_images = 256;
  recipe.batch = 1024;
  EXPECT_DOUBLE_EQ(rate_at(recipe, 0, per_epoch), 3.2);
  EXPECT_DOUBLE_EQ(rate_at(recipe, 40, per_epoch), 0.8);
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
  // At a sixth of the way the cosine is sqrt(3)/2, at a third 1/2.
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
