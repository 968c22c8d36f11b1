#include "fovea/train/recipe.h"

#include <gtest/gtest.h>

#include <string>

#include "fovea/core/error.h"

namespace fovea {
namespace {

// The message of the Error that `act` must throw, with its exit status in front.
template <typename Act>
std::string refusal(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return std::to_string(error.exit_status()) + " " + error.what();
  }
  return "no error";
}

TEST(Recipe, SurvivesBeingWrittenAndRead) {
  Recipe recipe = default_recipe("cifar-cnn");
  recipe.data = "cifar10:/a \"quoted\" \\ folder";
  recipe.rate = 0.1 + 0.2;  // every digit must come back
  recipe.milestones = {30, 60.5};
  recipe.mean = {0.4914, 0.4822, 0.4465};
  recipe.deviation = {0.25, 0.25, 0.25};
  recipe.seed = 7;
  Recipe again;
  apply_recipe(again, to_toml(recipe), "x.toml");
  EXPECT_EQ(again, recipe);
}

TEST(Recipe, EveryModelOfTheLadderHasItsOwn) {
  for (const char* model : {"mnist-mlp", "mnist-cnn", "cifar-cnn"}) {
    Recipe plain;
    plain.model = model;
    EXPECT_NE(default_recipe(model), plain) << model;
    EXPECT_EQ(default_recipe(model).model, model);
  }
  EXPECT_TRUE(default_recipe("cifar-cnn").flip);
}

TEST(Recipe, NamesWhatItDoesNotKnow) {
  Recipe recipe;
  EXPECT_EQ(refusal([&] { apply_recipe(recipe, "epochs = 3\n[optimizer]\nmomentun = 0.9\n", "x.toml"); }),
            "2 unknown x.toml:3: recipe key \"optimizer.momentun\"; did you mean \"optimizer.momentum\"?");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "rate.schedule=cosin"); }),
            "2 unknown rate.schedule \"cosin\"; did you mean \"cosine\"?");
}

TEST(Recipe, RefusesImpossibleValues) {
  Recipe recipe;
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "epochs=0"); }), "2 epochs is 0; it must be at least 1 and at most 1000000");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "rate.peak=-1"); }), "2 rate.peak is -1; it must be above 0");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "rate.peak=0"); }), "2 rate.peak is 0; it must be above 0");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "rate.peak=nan"); }), "2 rate.peak is nan; it must be above 0");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "batch=1.5"); }), "2 batch must be a whole number");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "augment.flip=1"); }), "2 augment.flip must be true or false");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "batch"); }).substr(0, 2), "2 ");
  EXPECT_EQ(refusal([&] { apply_recipe(recipe, "epochs = = 3", "x.toml"); }).substr(0, 11), "2 x.toml:1:");
  recipe.warmup_epochs = 20;
  EXPECT_EQ(refusal([&] { check_recipe(recipe); }), "2 rate.warmup_epochs is 20, longer than the run of 10 epochs");
}

TEST(Recipe, ASettingChangesOneKey) {
  Recipe recipe, expected;
  expected.momentum = 0.5;
  apply_setting(recipe, "optimizer.momentum=0.5");
  EXPECT_EQ(recipe, expected);
  apply_setting(recipe, "optimizer.name=adamw");
  EXPECT_EQ(recipe.optimizer, "adamw");
  apply_setting(recipe, "rate.milestones=[1, 2.5]");
  EXPECT_EQ(recipe.milestones, (std::vector<double>{1, 2.5}));
}

}  // namespace
}  // namespace fovea
