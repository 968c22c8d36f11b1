// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/zip_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "fovea/core/error.h"
#include "tests/support/deflated.h"
#include "tests/support/zip.h"

namespace fovea {
namespace {

ZipEntry packed(const std::string& name, const std::string& contents) {
  return {name, contents, 8, deflated(contents, -MAX_WBITS)};
}

std::vector<std::byte> archive_of(const std::string& before, const std::vector<ZipEntry>& entries, const std::string& comment) {
  const std::string all = before + zip(entries, /*wide=*/false, comment);
  const auto* start = reinterpret_cast<const std::byte*>(all.data());
  return {start, start + all.size()};
}

const std::vector<ZipEntry> files{
    {"labels.txt", "cat\ndog\n"}, {"empty", ""}, packed("long.txt", std::string(5000, 'x') + "y")};

TEST(ZipArchive, FilesAreReadAfterAnythingElse) {
  for (const std::string& before : {std::string(), std::string(100, '\7')}) {
    for (const char* comment : {"", "a comment"}) {
      const std::vector<std::byte> bytes = archive_of(before, files, comment);
      const auto archive = ZipArchive::find(bytes, "test");
      ASSERT_TRUE(archive);
      EXPECT_THAT(archive->names(), testing::ElementsAre("empty", "labels.txt", "long.txt"));
      for (const ZipEntry& file : files) {
        const std::vector<std::byte> content = archive->read(file.name, 10000);
        EXPECT_EQ(std::string(reinterpret_cast<const char*>(content.data()), content.size()), file.contents);
      }
      EXPECT_THROW(archive->read("long.txt", 5000), Error);
      EXPECT_THROW(archive->read("absent", 5000), Error);
    }
  }
  EXPECT_FALSE(ZipArchive::find(std::vector<std::byte>(300), "test"));
}

// Changes every byte in turn and tries every length: the archive is read correctly or refused.
TEST(ZipArchive, DamageIsFound) {
  const std::vector<std::byte> good = archive_of("before", {{"a", "one two three"}, packed("b", std::string(300, 'x'))}, "");
  int refused = 0;
  const auto read_all = [&](const std::vector<std::byte>& bytes) {
    try {
      const auto archive = ZipArchive::find(bytes, "test");
      if (!archive) return;
      for (const std::string& name : archive->names()) {
        const std::vector<std::byte> content = archive->read(name, 1000);
        EXPECT_TRUE(content.size() == 13 || content.size() == 300) << content.size();
      }
    } catch (const Error&) {
      ++refused;
    }
  };
  for (size_t place = 0; place < good.size(); ++place) {
    for (const unsigned other : {0x80U, 0xffU, 0x01U, 0x10U}) {
      std::vector<std::byte> bytes = good;
      bytes[place] ^= static_cast<std::byte>(other);
      read_all(bytes);
    }
  }
  for (size_t length = 0; length < good.size(); ++length) read_all({good.begin(), good.begin() + static_cast<int64_t>(length)});
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace fovea
