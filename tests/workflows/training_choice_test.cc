// SPDX-License-Identifier: Apache-2.0
// What is chosen where nobody said: by the images, the classes, the time.
#include "fovea/workflows/training_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fovea/train/phase.h"
#include "fovea/train/run.h"
#include "fovea/workflows/training_plan.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

using testing::HasSubstr;

TrainingFacts photographs(int64_t images, ImageShape shape = {375, 500, 3}) {
  return {.images = images, .classes = 2, .photographs = true, .shape = shape};
}

Recipe pretrained() {
  Recipe recipe = default_recipe("mobilenet-v2");
  recipe.weights = "theirs.safetensors";
  recipe.convention = "tensorflow";
  return recipe;
}

TEST(TrainingChoice, FewPicturesAreSeenMoreOften) {
  const auto choice = [](int64_t images) { return choose_fine_tuning(photographs(images), pretrained()).recipe; };
  EXPECT_GT(choice(200).head_epochs, choice(2000).head_epochs);
  EXPECT_GT(choice(200).epochs, choice(2000).epochs);
  EXPECT_GE(choice(1000000).epochs, 1);
  EXPECT_EQ(choice(2000).batch, 32);
  for (const int64_t images : {2, 4, 9, 40}) EXPECT_LE(choice(images).batch, images);
}

TEST(TrainingChoice, KeepsNetworkAndPreprocessing) {
  const TrainingChoice choice = choose_fine_tuning(photographs(2000), pretrained());
  EXPECT_EQ(choice.recipe.model, "mobilenet-v2");
  EXPECT_EQ(choice.recipe.convention, "tensorflow");
  EXPECT_EQ(choice.recipe.weights, "theirs.safetensors");
  EXPECT_TRUE(choice.recipe.freeze_norms);
  ASSERT_EQ(choice.reasons.size(), 2u);
  EXPECT_THAT(choice.reasons[0], HasSubstr("2,000 pictures to train on, 2 classes"));
  EXPECT_THAT(choice.reasons[1], HasSubstr("mobilenet-v2"));
  EXPECT_THAT(schedule_text(choice.recipe, 0), HasSubstr("the head for 32 epochs"));
  EXPECT_NO_THROW(check_recipe(choice.recipe));
}

// How many of them fit is measured by the run.
TEST(TrainingChoice, MinutesAllowMoreEpochs) {
  TrainingFacts facts = photographs(2000);
  const Recipe usual = choose_fine_tuning(facts, pretrained()).recipe;
  facts.minutes = 5;
  const Recipe most = choose_fine_tuning(facts, pretrained()).recipe;
  EXPECT_GT(most.epochs, usual.epochs);
  EXPECT_EQ(most.head_epochs, usual.head_epochs);
  EXPECT_THAT(schedule_text(most, 5),
              HasSubstr("the whole for at most 12 epochs at a rate of 0.0001, as many as 5 minutes allow"));
  EXPECT_THAT(schedule_text(usual, 0), HasSubstr("the whole for 4 epochs at a rate of 0.0001"));
}

// Without --minutes a choice is a function of the data alone: the same on every machine.
TEST(TrainingChoice, ThreadsMatterOnlyWithMinutes) {
  TrainingFacts facts = photographs(2000);
  const Recipe one = choose_training(facts).recipe;
  facts.threads = 64;
  EXPECT_EQ(choose_training(facts).recipe, one);
  facts.minutes = 5;
  const Recipe many = choose_training(facts).recipe;
  facts.threads = 1;
  const Recipe single = choose_training(facts).recipe;
  EXPECT_GT(many.size * many.size * many.epochs, single.size * single.size * single.epochs);
}

TEST(TrainingChoice, ANetworkThatFitsTheImages) {
  const auto model = [](const TrainingFacts& facts) { return choose_training(facts).recipe.model; };
  EXPECT_EQ(model({.images = 60000, .classes = 10, .shape = {28, 28, 1}}), "mnist-cnn");
  EXPECT_EQ(model({.images = 50000, .classes = 10, .shape = {32, 32, 3}}), "airbench94");
  EXPECT_EQ(model({.images = 5000, .classes = 10, .shape = {32, 32, 3}}), "resnet20");
  EXPECT_EQ(model(photographs(2000)), "resnet18");
  EXPECT_EQ(choose_training(photographs(2000)).recipe.size, 128);
  EXPECT_EQ(choose_training(photographs(2000, {64, 64, 3})).recipe.size, 64);  // nothing to see at 128
  expect_error(2,
               [] {
                 choose_training({.images = 10, .classes = 2, .shape = {13, 13, 1}});
               },
               {"13 x 13 x 1", "no network is chosen"});
}

TEST(TrainingChoice, APhaseForTheHeadAndOneForAll) {
  Recipe recipe = choose_fine_tuning(photographs(2000), pretrained()).recipe;
  recipe.classes = 2;
  recipe.epochs = 3;
  recipe.head_epochs = 5;
  const Network network = real_network_of(recipe);
  const auto digits = open_dataset("digits:640", Split::train);
  const std::vector<Phase> phases = phases_of(recipe, network, *digits, 1 << 30);
  ASSERT_EQ(phases.size(), 2u);
  EXPECT_TRUE(phases[0].of_head && phases[0].cut);
  EXPECT_EQ(phases[0].cut->features, (Shape{1280}));
  EXPECT_EQ(phases[0].end(), 5);
  EXPECT_EQ(phases[1].first_epoch, 5);
  EXPECT_EQ(phases[1].first_step, 5 * 20);
  EXPECT_EQ(phases[1].end(), 8);
  EXPECT_FALSE(phases[1].cut);
  recipe.epochs = 0;
  EXPECT_EQ(phases_of(recipe, network, *digits, 1 << 30).size(), 1u);
}

TEST(TrainingChoice, FeaturesAreStoredWhereThereIsRoomForThem) {
  Recipe recipe = default_recipe("lenet5");
  recipe.freeze = {"conv*"};
  recipe.flip = false;
  recipe.shift = 0;
  const Network network = real_network_of(recipe);
  const auto digits = open_dataset("digits:640", Split::train);
  const auto cut = [&](int64_t bytes) { return phases_of(recipe, network, *digits, bytes).at(0).cut; };
  ASSERT_TRUE(cut(1 << 30));
  const int64_t bytes = 640 * 4 * element_count(cut(1 << 30)->features);
  EXPECT_TRUE(cut(bytes));
  EXPECT_FALSE(cut(bytes - 1));
  EXPECT_FALSE(cut(0));
}

TEST(TrainingPlan, SaysWhatIsMissing) {
  const auto plan = [](TrainingRequest request) {
    request.changes = [](Recipe&) {};
    return [request] { plan_training(request); };
  };
  expect_error(2, plan({}), {"train on what?"});
  expect_error(2, plan({.model = "resnet18"}), {"train on what?"});
  expect_error(2, plan({.data = "digits:100", .weights = "nowhere"}), {"nowhere", "neither a file"});
  expect_error(2, plan({.model = "vgg16-bnn", .data = "digits:100"}), {"vgg16-bn"});
}

TEST(TrainingPlan, EpochsThatAreNamedAreNotChosen) {
  TrainingRequest request{.model = "mnist-mlp", .data = "digits:100", .minutes = 1};
  EXPECT_EQ(plan_training(request).most_epochs, plan_training(request).recipe.epochs);
  request.changes = [](Recipe& recipe) { recipe.epochs = 77; };
  EXPECT_EQ(plan_training(request).most_epochs, 0);
  request.changes = [](Recipe& recipe) { recipe.schedule = "step"; };  // milestones would not be reached
  EXPECT_EQ(plan_training(request).most_epochs, 0);
  EXPECT_EQ(plan_training({.model = "mnist-mlp", .data = "digits:100"}).most_epochs, 0);
}

TEST(TrainingPlan, ARecipeKnowsItsModel) {
  EXPECT_EQ(model_written_for("recipes/efficientnet-edgetpu-s.toml"), "efficientnet-edgetpu-s");
  EXPECT_EQ(model_written_for("recipes/mobilenet-v2.toml"), "mobilenet-v2");
  EXPECT_EQ(model_written_for("recipes/resnet18-photos.toml"), "resnet18");
  EXPECT_EQ(model_written_for("recipes/resnet-cifar.toml"), "resnet20");
  EXPECT_EQ(model_written_for("recipes/fine-tune.toml"), "");
}

TEST(TrainingPlan, ARunHasAFolder) {
  EXPECT_EQ(default_folder({.data = "images:/a/photos"}), "runs/photos");
  EXPECT_EQ(default_folder({.data = "digits:100"}), "runs/digits");
  EXPECT_EQ(default_folder({.model = "resnet18", .data = "digits:100"}), "runs/resnet18");
  EXPECT_EQ(default_folder({}), "");
}

}  // namespace
}  // namespace fovea
