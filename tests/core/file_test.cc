#include "fovea/core/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "fovea/core/error.h"

namespace fovea {
namespace {

class FileTest : public testing::Test {
 protected:
  FileTest() : folder_(std::filesystem::temp_directory_path() / ("fovea_file_test_" + std::to_string(::getpid()))) {
    make_folder(folder_);
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(FileTest, ReadsBackWhatItWroteAndLeavesNothingBeside) {
  const std::string text("a\0b\n", 4);
  write_text(folder_ / "x", "old");
  write_text(folder_ / "x", text);
  EXPECT_EQ(read_text(folder_ / "x"), text);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, SaysWhatCannotBeReadAndWhy) {
  EXPECT_THROW(read_file(folder_), Error);
  try {
    read_file(folder_ / "missing");
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_status(), 1);
    EXPECT_EQ(std::string(error.what()), "cannot read " + (folder_ / "missing").string() + ": No such file or directory");
  }
}

TEST_F(FileTest, RefusesAFolderWhereAFileStands) {
  write_text(folder_ / "file", "");
  EXPECT_THROW(make_folder(folder_ / "file"), Error);
  EXPECT_THROW(write_text(folder_ / "file" / "below", ""), Error);
}

}  // namespace
}  // namespace fovea
