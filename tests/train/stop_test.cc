// SPDX-License-Identifier: Apache-2.0
// A run that its caller stops leaves a checkpoint, from which it becomes the network of a run that was not stopped.
#include <gtest/gtest.h>

#include <string>

#include "fovea/core/file.h"
#include "fovea/train/trainer.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

class Stop : public FolderTest {};

TEST_F(Stop, SavesAndCanBeResumed) {
  Recipe recipe = default_recipe("mnist-mlp");
  recipe.data = "digits:600";
  recipe.batch = 100;
  recipe.epochs = 2;
  train(recipe, {.folder = folder_ / "whole", .threads = 2, .quiet = true});
  int asked = 0;
  const auto stop = [&] { return std::string(++asked == 4 ? "a test" : ""); };
  expect_error(ErrorCode::cancelled,
               [&] { train(recipe, {.folder = folder_ / "stopped", .threads = 1, .quiet = true, .stop = stop}); },
               {"interrupted by a test at step 4", "--resume"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "stopped/model.safetensors"));
  train({}, {.folder = folder_ / "stopped", .threads = 2, .quiet = true, .resume = true});
  EXPECT_EQ(read_file(folder_ / "stopped/model.safetensors"), read_file(folder_ / "whole/model.safetensors"));
}

}  // namespace
}  // namespace fovea
