// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <future>
#include <string>

#include "fovea/core/error.h"
#include "fovea/core/output_file.h"

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
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_EQ(std::string(error.what()), "cannot read " + (folder_ / "missing").string() + ": No such file or directory");
  }
}

TEST_F(FileTest, RefusesAFolderWhereAFileStands) {
  write_text(folder_ / "file", "");
  EXPECT_THROW(make_folder(folder_ / "file"), Error);
  EXPECT_THROW(write_text(folder_ / "file" / "below", ""), Error);
}

std::string failure(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(FileTest, ALinkStaysAndItsFileIsReplaced) {
  make_folder(folder_ / "elsewhere");
  write_text(folder_ / "elsewhere" / "file", "old");
  std::filesystem::create_symlink("elsewhere/file", folder_ / "near");
  std::filesystem::create_symlink(folder_ / "near", folder_ / "far");
  std::filesystem::create_symlink("elsewhere/new", folder_ / "dangling");
  write_text(folder_ / "far", "new");
  write_text(folder_ / "dangling", "made");
  for (const char* name : {"near", "far", "dangling"}) EXPECT_TRUE(std::filesystem::is_symlink(folder_ / name)) << name;
  EXPECT_EQ(read_text(folder_ / "elsewhere" / "file"), "new");
  EXPECT_EQ(read_text(folder_ / "elsewhere" / "new"), "made");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "elsewhere"), {}), 2);
  std::filesystem::create_symlink("round", folder_ / "round");
  EXPECT_EQ(failure([&] { write_text(folder_ / "round", ""); }),
            "cannot write " + (folder_ / "round").string() + ": Too many levels of symbolic links");
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "round"));
}

TEST_F(FileTest, APipeIsWrittenTo) {
  const std::filesystem::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string text(1 << 20, 'x');  // more than the pipe holds
  auto reader = std::async(std::launch::async, [&] { return read_text(pipe); });
  write_text(pipe, text);
  EXPECT_EQ(reader.get(), text);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));

  // Nobody reads to the end, which must be an error like any other and not end the process.
  auto quitter = std::async(std::launch::async, [&] { ::close(::open(pipe.c_str(), O_RDONLY)); });
  EXPECT_EQ(failure([&] { write_text(pipe, text); }), "cannot write " + pipe.string() + ": Broken pipe");
}

TEST_F(FileTest, ADeviceIsWrittenTo) {
  const std::filesystem::path null = folder_ / "null", full = folder_ / "full";
  if (::mknod(null.c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0 || ::mknod(full.c_str(), S_IFCHR | 0600, makedev(1, 7)) != 0)
    GTEST_SKIP() << "devices are made by root alone";
  const int opened = ::open(null.c_str(), O_WRONLY);
  if (opened < 0) GTEST_SKIP() << "devices are not opened here";
  ::close(opened);
  write_text(null, "gone");
  EXPECT_EQ(failure([&] { write_text(full, "gone"); }), "cannot write " + full.string() + ": No space left on device");
  for (const auto& device : {null, full}) EXPECT_TRUE(std::filesystem::is_character_file(device));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
}

TEST_F(FileTest, DescriptorsAreWrittenTo) {
  const int file = ::open((folder_ / "opened").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  const std::string name = "/dev/fd/" + std::to_string(file);
  ASSERT_EQ(::write(file, "before ", 7), 7);
  write_text(name, "through it");
  std::filesystem::create_symlink(name, folder_ / "link");
  write_text(folder_ / "link", ", and a link");
  EXPECT_EQ(read_text(folder_ / "opened"), "before through it, and a link");
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
  EXPECT_FALSE(standard_output_taken());
  ::close(file);
}

TEST_F(FileTest, NamesMayBeAsLongAsTheFileSystemTakes) {
  for (const size_t length : {200u, 240u, 250u, 255u}) {
    std::string name;
    while (name.size() + 2 <= length) name += "ä";
    name.resize(length, 'n');
    write_text(folder_ / name, "one");
    write_text(folder_ / name, "two");
    EXPECT_EQ(read_text(folder_ / name), "two");
    std::filesystem::remove(folder_ / name);
  }
  EXPECT_EQ(failure([&] { write_text(folder_ / std::string(256, 'n'), ""); }).substr(0, 12), "cannot write");
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  std::filesystem::path deep = folder_;
  while (deep.string().size() < 3500) deep /= std::string(70, 'd') + " ä";
  make_folder(deep);
  write_text(deep / std::string(250, 'n'), "deep");
  EXPECT_EQ(read_text(deep / std::string(250, 'n')), "deep");
}

TEST_F(FileTest, WhatIsNotFinishedLeavesTheOldFile) {
  write_text(folder_ / "x", "old");
  {
    OutputFile file(folder_ / "x");
    file.write(std::as_bytes(std::span("half", 4)));
    EXPECT_EQ(read_text(folder_ / "x"), "old");
  }
  EXPECT_EQ(read_text(folder_ / "x"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, ThePermissionsStay) {
  using std::filesystem::perms;
  write_text(folder_ / "private", "old");
  std::filesystem::permissions(folder_ / "private", perms::owner_read | perms::owner_write);
  write_text(folder_ / "private", "new");
  EXPECT_EQ(std::filesystem::status(folder_ / "private").permissions(), perms::owner_read | perms::owner_write);
  write_file(folder_ / "program", {}, true);
  EXPECT_NE(std::filesystem::status(folder_ / "program").permissions() & perms::owner_exec, perms::none);
}

}  // namespace
}  // namespace fovea
