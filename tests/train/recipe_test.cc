// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/recipe.h"

#include <gtest/gtest.h>

#include <string>

#include "fovea/core/error.h"
#include "fovea/train/recipe_files.h"

namespace fovea {
namespace {

// The message of the Error that `act` must throw, with its exit status in front.
template <typename Act>
std::string refusal(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return std::string(error.code() == ErrorCode::invalid_argument ? "2 " : "1 ") + error.what();
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

TEST(Recipe, HasTheShortestDigitsThatReadBackAsTheSame) {
  Recipe recipe = default_recipe("cifar-cnn");
  recipe.width = 0.35;
  recipe.rate = 1;
  recipe.epsilon = 1e-8;
  recipe.mean = {0.1, 0.2, 3};
  recipe.deviation = {};
  recipe.crop_area = 0.1 + 0.2;
  const std::string text = to_toml(recipe);
  for (const char* line : {"width = 0.35\n", "peak = 1.0\n", "epsilon = 1e-08\n", "mean = [ 0.1, 0.2, 3.0 ]\n",
                           "deviation = []\n", "area = 0.30000000000000004\n"})
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  apply_setting(recipe, "group.bias.rate.peak=0.35");
  apply_setting(recipe, "group.bias.match=*.bias");
  EXPECT_NE(to_toml(recipe).find("rate.peak = 0.35\n"), std::string::npos) << to_toml(recipe);
}

// New runs rotate images by their EXIF data; runs from before there was the key saw them as they are stored.
TEST(Recipe, OrientationIsExifUnlessTheRunIsOlder) {
  EXPECT_EQ(default_recipe("resnet18").orientation, "exif");
  EXPECT_EQ(default_recipe("mnist-mlp").orientation, "exif");
  Recipe older;
  apply_recipe(older, "model = \"resnet18\"\n", "recipe.toml");
  EXPECT_EQ(older.orientation, "stored");
  Recipe laid_over = default_recipe("resnet18");
  apply_recipe(laid_over, "epochs = 3\n", "mine.toml");
  EXPECT_EQ(laid_over.orientation, "exif");
  apply_setting(laid_over, "input.orientation=stored");
  EXPECT_NE(to_toml(laid_over).find("orientation = 'stored'"), std::string::npos) << to_toml(laid_over);
  EXPECT_NE(refusal([&] { apply_setting(laid_over, "input.orientation=left"); }).find("left"), std::string::npos);
}

TEST(Recipe, SomethingIsTrained) {
  Recipe recipe;
  recipe.epochs = 0;
  EXPECT_NE(refusal([&] { check_recipe(recipe); }).find("nothing is trained"), std::string::npos);
  recipe.head_epochs = 3;
  EXPECT_EQ(refusal([&] { check_recipe(recipe); }), "no error");
  recipe.quantize_aware = true;
  recipe.weights = "run";
  EXPECT_NE(refusal([&] { check_recipe(recipe); }).find("head.epochs"), std::string::npos);
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

TEST(Recipe, IsSharedByTheModelsItLists) {
  EXPECT_EQ(default_recipe("resnet56").epochs, default_recipe("resnet20").epochs);
  EXPECT_EQ(default_recipe("resnet56").model, "resnet56");
}

TEST(Recipe, EveryRecipeInTheLibraryHoldsTogether) {
  for (const RecipeFile& file : recipe_files) {
    SCOPED_TRACE(file.name);
    Recipe recipe;
    apply_recipe(recipe, file.text, file.name);
    check_recipe(recipe);
    Recipe again;
    apply_recipe(again, to_toml(recipe), "x.toml");
    EXPECT_EQ(again, recipe);
    Recipe plain;
    plain.model = recipe.model;
    EXPECT_NE(recipe, plain);
  }
}

TEST(Recipe, GroupsSeeTheirOwnSettings) {
  Recipe recipe;
  apply_recipe(recipe,
               "epochs = 8\n[optimizer]\nmomentum = 0.85\n"
               "[group.shifts]\nmatch = \"*.bias\"\nrate.peak = 0.5\nepochs = 3\n"
               "[group.filters]\nmatch = \"*.weight\"\noptimizer.name = \"muon\"\noptimizer.momentum = 0.6\n",
               "x.toml");
  apply_setting(recipe, "group.shifts.rate.peak=0.25");
  ASSERT_EQ(recipe.groups.size(), 2u);
  EXPECT_EQ(recipe.groups[0].name, "shifts");  // in the order of the file
  EXPECT_EQ(recipe.groups[0].match, "*.bias");
  const Recipe shifts = recipe_of(recipe, recipe.groups[0]), filters = recipe_of(recipe, recipe.groups[1]);
  EXPECT_EQ(shifts.rate, 0.25);
  EXPECT_EQ(shifts.epochs, 3);
  EXPECT_EQ(shifts.momentum, 0.85);  // the run's value
  EXPECT_EQ(filters.optimizer, "muon");
  EXPECT_EQ(filters.momentum, 0.6);
  EXPECT_EQ(filters.epochs, 8);
  Recipe again;
  apply_recipe(again, to_toml(recipe), "x.toml");
  EXPECT_EQ(again, recipe);
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "group.shifts.optimizer.momentun=0.5"); }),
            "2 unknown recipe key \"group.shifts.optimizer.momentun\"; did you mean \"group.shifts.optimizer.momentum\"?");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "group.shifts.batch=3"); }).substr(0, 41),
            "2 unknown recipe key \"group.shifts.batch\"");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "group.shifts.rate.peak=-1"); }),
            "2 group shifts: rate.peak is -1; it must be above 0");
  apply_setting(recipe, "group.more.rate.peak=1");
  EXPECT_EQ(refusal([&] { check_recipe(recipe); }), "2 group.more.match is missing: which parameters?");
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
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "epochs=-1"); }), "2 epochs is -1; it must be at least 0 and at most 1000000");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "rate.peak=-1"); }), "2 rate.peak is -1; it must be above 0");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "rate.peak=0"); }), "2 rate.peak is 0; it must be above 0");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "rate.peak=nan"); }), "2 rate.peak is nan; it must be above 0");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "batch=1.5"); }), "2 batch must be a whole number");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "augment.flip=1"); }), "2 augment.flip must be true or false");
  EXPECT_EQ(refusal([&] { apply_setting(recipe, "batch"); }).substr(0, 2), "2 ");
  EXPECT_EQ(refusal([&] { apply_recipe(recipe, "epochs = = 3", "x.toml"); }).substr(0, 11), "2 x.toml:1:");
  recipe.accumulate = 3;
  EXPECT_EQ(refusal([&] { check_recipe(recipe); }), "2 a batch of 128 cannot be accumulated in 3 equal parts");
  recipe.accumulate = 1;
  recipe.warmup_epochs = 20;
  EXPECT_EQ(refusal([&] { check_recipe(recipe); }), "2 rate.warmup_epochs is 20, longer than the run of 10 epochs");
}

TEST(Recipe, ShortensWarmUps) {
  Recipe recipe;
  recipe.epochs = 5;
  recipe.warmup_epochs = 5;
  EXPECT_TRUE(shorten_warmups(recipe).empty());
  recipe.epochs = 3;
  apply_setting(recipe, "group.own.match=*.bias");
  apply_setting(recipe, "group.own.rate.warmup_epochs=4");
  apply_setting(recipe, "group.short.match=*.weight");
  apply_setting(recipe, "group.short.epochs=2");
  const std::vector<std::string> notes = shorten_warmups(recipe);
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(notes[0], "rate.warmup_epochs is 5, longer than 3 epochs: it is made 0.3");
  EXPECT_EQ(notes[1], "group.own.rate.warmup_epochs is 4, longer than 3 epochs: it is made 0.3");
  EXPECT_EQ(recipe.warmup_epochs, 0.3);
  EXPECT_EQ(recipe_of(recipe, recipe.groups[0]).warmup_epochs, 0.3);
  check_recipe(recipe);
  EXPECT_TRUE(shorten_warmups(recipe).empty());
}

TEST(Recipe, TellsWhatChanged) {
  Recipe from;
  from.data = "digits";
  Recipe to = from;
  EXPECT_TRUE(changes_between(from, to).empty());
  apply_setting(to, "epochs=30");
  apply_setting(to, "optimizer.name=adam");
  apply_setting(to, "rate.milestones=[1, 2]");
  const std::vector<RecipeChange> changes = changes_between(from, to);
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].key + changes[0].from + changes[0].to, "epochs1030");
  EXPECT_EQ(changes[1].from + changes[1].to, "'sgd''adam'");
  EXPECT_EQ(changes[2].key, "rate.milestones");
  apply_setting(to, "group.a.match=*");
  EXPECT_EQ(changes_between(from, to).back().key, "group");
}

TEST(Recipe, RefusesTextThatCannotBeReadAgain) {
  Recipe recipe;
  recipe.data = "images:caf\xE9";
  EXPECT_EQ(refusal([&] { check_recipe(recipe); }),
            "2 data \"images:caf\xEF\xBF\xBD\" is not UTF-8; give it another name, e.g. by a link");
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
