// SPDX-License-Identifier: Apache-2.0
// Data folders as users have them: hidden files, images in folders of folders, splits without some classes or labels.
#include <gtest/gtest.h>

#include "fovea/data/image/image.h"
#include "fovea/data/image/image_files.h"
#include "fovea/data/sources/dataset.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

class RealFolders : public FolderTest {
 protected:
  // Writes an image of one pixel; `path` is relative to the folder.
  void picture(const std::string& path) const {
    make_folder((folder_ / path).parent_path());
    write_png(folder_ / path, Image({1, 1, 3}));
  }
  void junk(const std::string& path) const {
    make_folder((folder_ / path).parent_path());
    write_text(folder_ / path, "junk");
  }
  std::string spec() const { return "images:" + folder_.string(); }
  std::shared_ptr<const Dataset> open(Split split = Split::train) const { return open_dataset(spec(), split); }
  std::vector<int64_t> counts(Split split = Split::train) const {
    const auto dataset = open(split);
    std::vector<int64_t> counts(dataset->class_names().size());
    for (int64_t i = 0; i < dataset->count(); ++i) ++counts[static_cast<size_t>(dataset->label(i))];
    return counts;
  }
};

TEST_F(RealFolders, WhatSystemsLeaveBehindIsNoData) {
  for (const char* split : {"train", "test"}) {
    for (const char* name : {"a", "b"}) {
      for (int i = 0; i < 3; ++i) picture(fmt::format("{}/{}/{}.png", split, name, i));
      for (const char* file : {".DS_Store", "._0.jpg", "Thumbs.db", "desktop.ini", ".hidden.png", "notes.txt", "x.json"}) {
        junk(fmt::format("{}/{}/{}", split, name, file));
      }
      picture(fmt::format("{}/{}/.ipynb_checkpoints/0-checkpoint.png", split, name));
      picture(fmt::format("{}/{}/@eaDir/0.png", split, name));
    }
    picture(fmt::format("{}/.ipynb_checkpoints/0-checkpoint.png", split));
    picture(fmt::format("{}/__MACOSX/a/._0.png", split));
    make_folder(folder_ / split / ".git");
    junk(fmt::format("{}/.DS_Store", split));
  }
  for (const Split split : {Split::train, Split::test}) {
    EXPECT_EQ(open(split)->class_names(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(counts(split), (std::vector<int64_t>{3, 3}));
  }
}

TEST_F(RealFolders, PicturesBelowAClassAreOfIt) {
  for (const char* path : {"train/a/1.png", "train/a/more/2.png", "train/a/more/deep/3.JPG", "train/a/4.jfif", "train/a/5.gif",
                           "train/a/6.webp", "train/a/7.bmp", "train/a/8.heic", "train/a/9.avif", "train/b/x/y/z/1.jpeg"}) {
    picture(path);
  }
  picture("train/a/no-ending");
  junk("train/a/neither");
  fs::create_directory_symlink(folder_ / "train" / "a", folder_ / "train" / "a" / "more" / "circle");
  picture("test/b/below/1.png");
  EXPECT_EQ(counts(), (std::vector<int64_t>{10, 1}));
  EXPECT_EQ(counts(Split::test), (std::vector<int64_t>{0, 1}));
}

TEST_F(RealFolders, ClassesAreFoundByName) {
  for (const char* name : {"a", "b", "c", "d"}) picture(fmt::format("train/{}/1.png", name));
  picture("val/d/1.png");
  picture("val/b/1.png");
  make_folder(folder_ / "val" / "c");  // the class is empty there
  const auto test = open(Split::test);
  EXPECT_EQ(test->class_names(), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(test->label(0), 1);
  EXPECT_EQ(test->label(1), 3);
  EXPECT_TRUE(test->remark().empty());
  picture("val/e/1.png");
  picture("val/f/1.png");
  expect_error(1, [&] { open(Split::test); }, {(folder_ / "val").string(), "\"e\", \"f\"", (folder_ / "train").string()});
}

TEST_F(RealFolders, ClassesAreRenumbered) {
  picture("train/b/1.png");
  picture("train/c/1.png");
  const auto dataset = renumbered(open(), {"a", "b", "c"}, {1, 2});
  EXPECT_EQ(dataset->class_names().size(), 3u);
  EXPECT_EQ(dataset->label(0), 1);
  EXPECT_EQ(dataset->label(1), 2);
  EXPECT_EQ(dataset->image_name(1), open()->image_name(1));
  expect_error(1, [&] { renumbered(open(), {"a"}, {0, 1}); }, {"class number 1"});
}

TEST_F(RealFolders, AnUnlabeledTestGivesWay) {
  picture("train/a/1.png");
  picture("train/b/1.png");
  for (const char* unlabeled : {"test/1.png", "test/unknown/1.png"}) {
    for (const char* labeled : {"val", "valid", "validation", "Val"}) {
      picture(unlabeled);
      expect_error(1, [&] { open(Split::test); }, {(folder_ / "test").string()});
      picture(std::string(labeled) + "/a/1.png");
      picture(std::string(labeled) + "/b/1.png");
      const auto test = open(Split::test);
      EXPECT_EQ(test->count(), 2);
      EXPECT_EQ(test->image_name(0), (folder_ / labeled / "a" / "1.png").string());
      EXPECT_NE(test->remark().find((folder_ / "test").string()), std::string::npos) << test->remark();
      EXPECT_NE(test->remark().find("1 pictures have no labels"), std::string::npos) << test->remark();
      fs::remove_all(folder_ / labeled);
      fs::remove_all(folder_ / "test");
    }
  }
  // A test folder with the classes takes precedence.
  picture("test/a/1.png");
  picture("val/b/1.png");
  EXPECT_EQ(open(Split::test)->label(0), 0);
}

TEST_F(RealFolders, NamesAreText) {
  picture(
      "train/K\xc3\xa4"
      "fer, rot/1.png");
  picture("train/it's \"<b>\\/1.png");
  EXPECT_EQ(open()->class_names(), (std::vector<std::string>{"K\xc3\xa4"
                                                             "fer, rot",
                                                             "it's \"<b>\\"}));
  picture(
      "train/K\xe4"
      "fer/1.png");
  expect_error(1, [&] { open(); },
               {(folder_ / "train").string(),
                "K\\xe4"
                "fer",
                "UTF-8"});
  fs::remove_all(folder_ / "train");
  picture("train/two\nlines/1.png");
  expect_error(1, [&] { open(); }, {"one line"});
}

TEST_F(RealFolders, ClassFoldersAreNeeded) {
  picture("train/1.png");
  picture("train/2.png");
  expect_error(1, [&] { open(); }, {(folder_ / "train").string(), "2 beside them", "CLASS"});
  picture("train/a/1.png");
  make_folder(folder_ / "train" / "b");
  expect_error(1, [&] { open(); }, {"train/b", "no pictures"});
}

TEST(HiddenFiles, AreKnownByName) {
  for (const char* name : {".a", "._1.jpg", "__MACOSX", "@eaDir", "Thumbs.db", "THUMBS.DB", "desktop.ini"})
    EXPECT_TRUE(is_hidden(name));
  for (const char* name : {"a.jpg", "_a.jpg", "Thumbs", "a.DS_Store", "x@eaDir"}) EXPECT_FALSE(is_hidden(name));
}

}  // namespace
}  // namespace fovea
