// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() : folder_(std::filesystem::temp_directory_path() / ("fovea_checkpoint_test_" + std::to_string(::getpid()))) {
    make_folder(folder_);
  }
  ~CheckpointTest() override { std::filesystem::remove_all(folder_); }

  static Checkpoint at_step(int64_t step) {
    Checkpoint checkpoint;
    checkpoint.state = {.epoch = 1,
                        .batch = 2,
                        .step = step,
                        .loss_sum = 0.1 + 0.2,
                        .correct = 5,
                        .images = 7,
                        .seconds = 1.5,
                        .best_top1 = 0.25,
                        .best_epoch = 1};
    checkpoint.recipe = "epochs = 3\n";
    checkpoint.tensors["conv1.weight"] = Tensor::of<float>({2, 2}, {1, 2, 3, static_cast<float>(step)});
    checkpoint.tensors["momentum.conv1.weight"] = Tensor::of<float>({1}, {-1});
    return checkpoint;
  }

  std::string failure() const {
    try {
      load_checkpoint(folder_);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  std::filesystem::path folder_;
};

TEST_F(CheckpointTest, ComesBackToTheLastBit) {
  const Checkpoint saved = at_step(12);
  EXPECT_FALSE(has_checkpoint(folder_));
  save_checkpoint(folder_, saved);
  const Checkpoint loaded = load_checkpoint(folder_);
  EXPECT_EQ(loaded.state.step, 12);
  EXPECT_EQ(loaded.state.epoch, 1);
  EXPECT_EQ(loaded.state.batch, 2);
  EXPECT_EQ(loaded.state.loss_sum, saved.state.loss_sum);  // exactly equal
  EXPECT_EQ(loaded.state.correct, 5);
  EXPECT_EQ(loaded.state.images, 7);
  EXPECT_EQ(loaded.recipe, saved.recipe);
  ASSERT_EQ(loaded.tensors.size(), 2u);
  EXPECT_EQ(loaded.tensors.at("conv1.weight").data<float>()[3], 12);
}

TEST_F(CheckpointTest, LeavesOnlyTheLastPair) {
  save_checkpoint(folder_, at_step(1));
  save_checkpoint(folder_, at_step(2));
  EXPECT_EQ(files(), (std::vector<std::string>{"checkpoint-00000002.safetensors", "state.json"}));
}

TEST_F(CheckpointTest, KeepsAsManyAsItIsTold) {
  for (const int64_t step : {1, 2, 3, 12}) save_checkpoint(folder_, at_step(step), 3);
  write_text(folder_ / "checkpoint-00000099.safetensors", "later, of a run that was killed");
  write_text(folder_ / "checkpoint-00000012.safetensors.77.tmp", "half written");
  write_text(folder_ / "state.json.77.tmp", "half written");
  save_checkpoint(folder_, at_step(13), 3);
  EXPECT_EQ(files(), (std::vector<std::string>{"checkpoint-00000003.safetensors", "checkpoint-00000012.safetensors",
                                               "checkpoint-00000013.safetensors", "state.json"}));
}

// A kill between the two files leaves tensors that nothing refers to yet; the old pair must still be complete.
TEST_F(CheckpointTest, SurvivesAKillBetweenItsFiles) {
  save_checkpoint(folder_, at_step(1));
  const std::string old_state = read_text(folder_ / "state.json");
  const std::vector<std::byte> old_tensors = read_file(folder_ / "checkpoint-00000001.safetensors");
  save_checkpoint(folder_, at_step(2));
  write_text(folder_ / "state.json", old_state);
  write_file(folder_ / "checkpoint-00000001.safetensors", old_tensors);
  EXPECT_EQ(load_checkpoint(folder_).state.step, 1);
}

TEST_F(CheckpointTest, SaysWhatIsWrong) {
  const std::string path = (folder_ / "state.json").string();
  EXPECT_EQ(failure(), "cannot read " + path + ": No such file or directory");
  save_checkpoint(folder_, at_step(1));
  const std::string good = read_text(path);
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    write_text(path, text.replace(at, from.size(), to));
    return failure();
  };
  write_text(path, good.substr(0, good.size() / 2));
  EXPECT_EQ(failure(), path + " is damaged: not a JSON object");
  EXPECT_EQ(changed("\"step\": 1", "\"steq\": 1"), path + ": \"step\" is missing");
  EXPECT_EQ(changed("\"step\": 1", "\"step\": -1"), path + ": \"step\" must be a whole number, 0 or more");
  EXPECT_EQ(changed("\"step\": 1", "\"step\": 1.5"), path + ": \"step\" must be a whole number, 0 or more");
  EXPECT_EQ(changed("\"step\": 1", "\"step\": \"1\""), path + ": \"step\" must be a whole number, 0 or more");
  EXPECT_EQ(changed("\"format\": 1", "\"format\": 9"), path + ": format 9 is not 1, the one this program writes");
  EXPECT_NE(changed("checkpoint-00000001", "../../etc/checkpoint").find("not a checkpoint beside it"), std::string::npos);
  EXPECT_NE(changed("\"step\": 1", "\"step\": 2").find("belongs to step 1"), std::string::npos);
}

}  // namespace
}  // namespace fovea
