// SPDX-License-Identifier: Apache-2.0
// Class folders without parts: what is drawn for testing, what stays together, what the list keeps, and what is refused.
#include "fovea/data/sources/picture_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/bad_input.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class PictureSplits : public FolderTest {
 protected:
  void file(const std::string& path, const std::string& content) const {
    make_folder((folder_ / path).parent_path());
    write_text(folder_ / path, content);
  }
  // `count` files of different content.
  void pictures(const std::string& label, int count) const {
    for (int i = 0; i < count; ++i) file(fmt::format("{}/{}.jpg", label, i), fmt::format("{} {}", label, i));
  }
  PictureSplit split(uint64_t seed = 1) const { return divided(folder_, seed); }
  static std::map<std::string, int64_t> tested(const PictureSplit& split) {
    std::map<std::string, int64_t> counts;
    for (const std::string& name : split.classes) counts[name] = 0;
    for (const PictureSplit::Item& item : split.items)
      counts[split.classes[static_cast<size_t>(item.label)]] += item.part == Split::test;
    return counts;
  }
  static std::set<fs::path> tested_files(const PictureSplit& split) {
    std::set<fs::path> paths;
    for (const PictureSplit::Item& item : split.items)
      if (item.part == Split::test) paths.insert(item.path);
    return paths;
  }
};

TEST_F(PictureSplits, AFifthOfEachClass) {
  pictures("ant", 100);
  pictures("bee", 13);
  pictures("cat", 3);
  pictures("dog", 1);
  EXPECT_EQ(tested(split()), (std::map<std::string, int64_t>{{"ant", 20}, {"bee", 3}, {"cat", 1}, {"dog", 0}}));
}

TEST_F(PictureSplits, TheSeedDraws) {
  pictures("ant", 50);
  pictures("bee", 50);
  EXPECT_EQ(tested_files(split(1)), tested_files(split(1)));
  EXPECT_NE(tested_files(split(1)), tested_files(split(2)));
}

TEST_F(PictureSplits, WhatIsAddedMovesFewOthers) {
  pictures("ant", 100);
  pictures("bee", 100);
  const std::set<fs::path> before = tested_files(split());
  for (int i = 0; i < 5; ++i) file(fmt::format("ant/new{}.jpg", i), fmt::format("new {}", i));
  int64_t kept = 0;
  for (const fs::path& path : tested_files(split())) kept += before.contains(path) ? 1 : 0;
  EXPECT_GE(kept, 38);  // of 40; the first of the order stay
}

TEST_F(PictureSplits, CopiesStayTogether) {
  for (int i = 0; i < 40; ++i) {
    for (const char* copy : {"a", "b", "c"}) file(fmt::format("ant/{}{}.jpg", i, copy), fmt::format("picture {}", i));
  }
  pictures("bee", 40);
  const PictureSplit drawn = split();
  std::map<std::string, std::set<Split>> parts;
  for (const PictureSplit::Item& item : drawn.items) parts[read_text(folder_ / item.path)].insert(item.part);
  for (const auto& [content, sides] : parts) EXPECT_EQ(sides.size(), 1) << content;
  EXPECT_EQ(tested(drawn).at("ant"), 24);
  EXPECT_THAT(drawn.remark, HasSubstr("80 are copies"));
}

TEST_F(PictureSplits, APictureOfTwoClassesIsNotTestedOn) {
  pictures("ant", 5);
  pictures("bee", 5);
  for (int i = 0; i < 4; ++i) {
    file(fmt::format("ant/both{}.jpg", i), fmt::format("both {}", i));
    file(fmt::format("bee/both{}.jpg", i), fmt::format("both {}", i));
  }
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const PictureSplit drawn = split(seed);
    for (const fs::path& path : tested_files(drawn)) EXPECT_THAT(path.string(), Not(HasSubstr("both")));
    EXPECT_THAT(drawn.remark, HasSubstr("ant/both"));
  }
}

TEST_F(PictureSplits, TheListKeepsIt) {
  pictures("ant", 10);
  pictures("a,\"b\"", 10);
  file("ant/odd, name \"1\".jpg", "odd");
  const PictureSplit drawn = split(7);
  write_text(folder_ / "split.csv", split_text(drawn));
  const PictureSplit kept = read_split(folder_ / "split.csv");
  EXPECT_EQ(kept.classes, drawn.classes);
  ASSERT_EQ(kept.items.size(), drawn.items.size());
  for (size_t i = 0; i < kept.items.size(); ++i) {
    EXPECT_EQ(kept.items[i].path, drawn.items[i].path);
    EXPECT_EQ(kept.items[i].label, drawn.items[i].label);
    EXPECT_EQ(kept.items[i].part, drawn.items[i].part);
  }
  // What has come since is of no part, and what has gone is missed.
  pictures("cow", 4);
  const auto options = DatasetOptions{.split = std::make_shared<const PictureSplit>(kept)};
  const std::string spec = "images:" + folder_.string();
  EXPECT_EQ(open_dataset(spec, Split::train, options)->count() + open_dataset(spec, Split::test, options)->count(), 21);
  fs::remove(folder_ / "ant" / "0.jpg");
  const auto open_both = [&] {
    open_dataset(spec, Split::train, options);
    open_dataset(spec, Split::test, options);
  };
  expect_error(1, open_both, {"ant/0.jpg", "no longer there"});

  for (const auto& [line, message] : {std::pair{"a.jpg,cat", "a line is path,class,part"},
                                      {"a.jpg,cat,both", "train or test"},
                                      {"a.jpg,cat,test\na.jpg,cat,train", "listed twice"}}) {
    write_text(folder_ / "split.csv", fmt::format("path,class,part\n{}\n", line));
    expect_error(1, [&] { read_split(folder_ / "split.csv"); }, {"split.csv:", message});
  }
  write_text(folder_ / "split.csv", "");
  expect_error(1, [&] { read_split(folder_ / "split.csv"); }, {"no pictures"});
}

TEST_F(PictureSplits, PartsThatAreThereStand) {
  pictures("train/ant", 3);
  pictures("test/ant", 3);
  EXPECT_FALSE(is_undivided(folder_));
  EXPECT_EQ(open_dataset("images:" + folder_.string(), Split::test)->count(), 3);
}

TEST_F(PictureSplits, AClassMayBeCalledTrain) {
  pictures("train", 10);
  pictures("bus", 10);
  EXPECT_TRUE(is_undivided(folder_));
  EXPECT_EQ(split().classes, (std::vector<std::string>{"bus", "train"}));
}

// As competitions hand them out: pictures of no class.
TEST_F(PictureSplits, TrainAndTest1AreNoClasses) {
  pictures("train", 10);
  pictures("test1", 10);
  EXPECT_FALSE(is_undivided(folder_));
  expect_error(1, [&] { open_dataset("images:" + folder_.string(), Split::train); }, {"10 beside them"});
}

TEST_F(PictureSplits, WhatCannotBeDivided) {
  pictures("ant", 3);
  expect_error(1, [&] { split(); }, {"one class, \"ant\"", "at least two"});
  make_folder(folder_ / "bee");
  expect_error(1, [&] { split(); }, {"bee", "no pictures"});
  fs::remove(folder_ / "ant" / "0.jpg");
  fs::remove(folder_ / "ant" / "1.jpg");
  pictures("bee", 1);
  expect_error(1, [&] { split(); }, {"nothing is left to test on", "two different"});
  file("bee/line\nbreak.jpg", "x");
  expect_error(1, [&] { split(); }, {"one line of text"});
}

TEST_F(PictureSplits, TheKindIsTold) {
  const auto spec = [&](const std::string& place) { return dataset_spec((folder_ / place).string()); };
  pictures("flat/ant", 2);
  pictures("flat/bee", 2);
  EXPECT_EQ(spec("flat"), "images:" + (folder_ / "flat").string());
  EXPECT_EQ(spec("flat/"), "images:" + (folder_ / "flat").string());
  pictures("parts/train/ant", 2);
  EXPECT_EQ(spec("parts"), "images:" + (folder_ / "parts").string());
  file("digits/train-images-idx3-ubyte.gz", "");
  EXPECT_EQ(spec("digits"), "mnist:" + (folder_ / "digits").string());
  file("cifar/data_batch_1.bin", "");
  EXPECT_EQ(spec("cifar"), "cifar10:" + (folder_ / "cifar").string());
  file("shards/pets-train-0.tar", "");
  EXPECT_EQ(spec("shards"), "tar:" + (folder_ / "shards").string());
  file("records/train-00000-of-00002", "");
  EXPECT_EQ(spec("records"), "tfrecord:" + (folder_ / "records").string());
  file("lists/train.csv", "");
  EXPECT_EQ(spec("lists"), "csv:" + (folder_ / "lists" / "train.csv").string());
  EXPECT_EQ(spec("lists/train.csv"), "csv:" + (folder_ / "lists" / "train.csv").string());
  EXPECT_EQ(dataset_spec("digits:100"), "digits:100");
  EXPECT_TRUE(same_data(spec("flat"), "images:" + (folder_ / "parts" / ".." / "flat").string()));
  EXPECT_FALSE(same_data(spec("flat"), spec("parts")));

  make_folder(folder_ / "empty");
  expect_error(1, [&] { spec("empty"); }, {"empty folder", "DIR/CLASS"});
  file("loose/1.jpg", "");
  expect_error(1, [&] { spec("loose"); }, {"1 pictures side by side"});
  file("other/notes.txt", "");
  expect_error(1, [&] { spec("other"); }, {"no pictures"});
  expect_error(1, [&] { spec("other/notes.txt"); }, {"is a file"});
  expect_error(ErrorCode::not_found, [&] { spec("nowhere"); }, {"there is no folder"});
  expect_error(2, [&] { dataset_spec("imges:x"); }, {"images"});
}

}  // namespace
}  // namespace fovea
