// SPDX-License-Identifier: Apache-2.0
// A run that several processes share gives the bytes of a run of one process with the same shards. Here the processes are
// threads; tests/app/processes_test.sh starts real ones.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "fovea/core/file.h"
#include "fovea/train/trainer.h"
#include "tests/bad_input.h"
#include "tests/collective/thread_processes.h"

namespace fovea {
namespace {

// Batch norm, dropout, averages and pictures that are drawn, in shards of two parts each.
Recipe small_recipe() {
  Recipe recipe = default_recipe("mnist-cnn");
  recipe.data = "digits:160";
  recipe.batch = 32;
  recipe.shards = 4;
  recipe.accumulate = 2;
  recipe.epochs = 2;
  recipe.shift = 2;
  recipe.mixup = 0.2;
  recipe.average_decay = 0.9;
  recipe.optimizer = "adamw";
  recipe.rate = 0.001;
  return recipe;
}

class Processes : public FolderTest {
 protected:
  // Trains in `count` processes, and returns the metrics of the last one, which has to know the same as the first.
  Metrics train_in(int count, const Recipe& recipe, TrainOptions options) {
    std::optional<Metrics> last;
    run_as_processes(count, [&](Communicator& processes) {
      TrainOptions own = options;
      own.processes = &processes;
      own.quiet = true;
      own.threads = 1;
      const TrainResult result = train(processes.rank() == 0 ? recipe : Recipe(), own);
      if (processes.rank() == count - 1) last = result.evaluation;
    });
    return *last;
  }
  std::string model(const char* run) { return read_text(folder_ / run / "model.safetensors"); }
};

TEST_F(Processes, EqualBytesForAnyNumber) {
  const Recipe recipe = small_recipe();
  const TrainResult alone = train(recipe, {.folder = folder_ / "alone", .threads = 2, .quiet = true});
  for (const int count : {2, 3}) {
    const Metrics metrics = train_in(count, recipe, {.folder = folder_ / "shared", .overwrite = true});
    EXPECT_EQ(model("shared"), model("alone")) << count << " processes";
    EXPECT_EQ(metrics.loss(), alone.evaluation.loss()) << count << " processes";
    EXPECT_EQ(metrics.confusion(), alone.evaluation.confusion()) << count << " processes";
  }
}

TEST_F(Processes, ShardsChangeWhatIsComputed) {
  Recipe recipe = small_recipe();
  train(recipe, {.folder = folder_ / "four", .quiet = true});
  recipe.shards = 2;
  train(recipe, {.folder = folder_ / "two", .quiet = true});
  EXPECT_NE(model("four"), model("two"));
}

TEST_F(Processes, NumberMayChangeAtEveryResume) {
  const Recipe recipe = small_recipe();
  train(recipe, {.folder = folder_ / "alone", .threads = 1, .quiet = true});
  for (int count = 3; count > 0; --count) {
    run_as_processes(count, [&](Communicator& processes) {
      TrainOptions own{.folder = folder_ / "shared", .threads = 1, .quiet = true, .resume = count < 3, .processes = &processes};
      if (count == 1) {
        train(recipe, own);
        return;
      }
      int steps = 0;
      // Only the last process is asked to stop, and all do.
      own.stop = [&] { return std::string(++steps >= 2 && processes.rank() == count - 1 ? "a test" : ""); };
      expect_error(ErrorCode::cancelled, [&] { train(recipe, own); }, {"interrupted by a test"});
    });
  }
  EXPECT_EQ(model("shared"), model("alone"));
}

TEST_F(Processes, NumberOfShardsIsChosenAndKept) {
  Recipe recipe = small_recipe();
  recipe.shards = 0;
  recipe.epochs = 1;
  train_in(3, recipe, {.folder = folder_ / "shared"});
  EXPECT_NE(read_text(folder_ / "shared/recipe.toml").find("shards = 4\n"), std::string::npos);
  train(recipe, {.folder = folder_ / "alone", .quiet = true});
  EXPECT_NE(read_text(folder_ / "alone/recipe.toml").find("shards = 1\n"), std::string::npos);
}

TEST_F(Processes, DifferentOnesAreRefused) {
  run_as_processes(2, [&](Communicator& processes) {
    TrainOptions options{.folder = folder_ / "shared", .quiet = true, .processes = &processes};
    options.properties = {{"the processor", processes.rank() == 0 ? "old" : "new"}};
    expect_error(ErrorCode::failed_precondition, [&] { train(small_recipe(), options); },
                 {"the processor of process 1 of 2 is new, that of process 0 of 2 is old", "--mixed"});
  });
  run_as_processes(2, [&](Communicator& processes) {
    Recipe recipe = small_recipe();
    recipe.shards = 1;
    TrainOptions options{.folder = folder_ / "shared", .quiet = true, .processes = &processes};
    expect_error(ErrorCode::invalid_argument, [&] { train(recipe, options); },
                 {"2 processes are more than the 1 shards of the run", "--set shards=2"});
  });
}

TEST_F(Processes, ImpossibleShardsAreRefused) {
  Recipe recipe = small_recipe();
  recipe.shards = 3;
  expect_error(ErrorCode::invalid_argument, [&] { check_recipe(recipe); }, {"shards is 3, must be a power of two"});
  recipe.shards = 32;
  expect_error(ErrorCode::invalid_argument, [&] { check_recipe(recipe); },
               {"a batch of 32 cannot be cut into 32 equal shards, each of 2 parts"});
}

}  // namespace
}  // namespace fovea
