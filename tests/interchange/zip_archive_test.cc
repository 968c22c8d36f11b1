// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/zip_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "fovea/core/error.h"

namespace fovea {
namespace {

struct ZipFile {
  std::string name, content;
  bool deflated = false;
};

void put(std::string& to, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> 8 * i & 255);
}

std::string deflated(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

std::vector<std::byte> archive_of(const std::string& before, const std::vector<ZipFile>& files, const std::string& comment) {
  std::string body, directory;
  for (const ZipFile& file : files) {
    const std::string stored = file.deflated ? deflated(file.content) : file.content;
    const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(file.content.data()), static_cast<uInt>(file.content.size()));
    std::string common;
    put(common, 20, 2), put(common, 0, 2), put(common, file.deflated ? 8 : 0, 2), put(common, 0, 4), put(common, checksum, 4);
    put(common, stored.size(), 4), put(common, file.content.size(), 4), put(common, file.name.size(), 2), put(common, 0, 2);
    put(directory, 0x02014b50, 4), put(directory, 20, 2);
    directory += common;
    put(directory, 0, 6), put(directory, 0, 4), put(directory, body.size(), 4);
    directory += file.name;
    put(body, 0x04034b50, 4);
    body += common + file.name + stored;
  }
  std::string end;
  put(end, 0x06054b50, 4), put(end, 0, 4), put(end, files.size(), 2), put(end, files.size(), 2);
  put(end, directory.size(), 4), put(end, body.size(), 4), put(end, comment.size(), 2);
  const std::string all = before + body + directory + end + comment;
  const auto* start = reinterpret_cast<const std::byte*>(all.data());
  return {start, start + all.size()};
}

const std::vector<ZipFile> files{{"labels.txt", "cat\ndog\n"}, {"empty", ""}, {"long.txt", std::string(5000, 'x') + "y", true}};

TEST(ZipArchive, FilesAreReadAfterAnythingElse) {
  for (const std::string& before : {std::string(), std::string(100, '\7')}) {
    for (const char* comment : {"", "a comment"}) {
      const std::vector<std::byte> bytes = archive_of(before, files, comment);
      const auto archive = ZipArchive::find(bytes, "test");
      ASSERT_TRUE(archive);
      EXPECT_THAT(archive->names(), testing::ElementsAre("empty", "labels.txt", "long.txt"));
      for (const ZipFile& file : files) {
        const std::vector<std::byte> content = archive->read(file.name, 10000);
        EXPECT_EQ(std::string(reinterpret_cast<const char*>(content.data()), content.size()), file.content);
      }
      EXPECT_THROW(archive->read("long.txt", 5000), Error);
      EXPECT_THROW(archive->read("absent", 5000), Error);
    }
  }
  EXPECT_FALSE(ZipArchive::find(std::vector<std::byte>(300), "test"));
}

// Changes every byte in turn and tries every length: the archive is read correctly or refused.
TEST(ZipArchive, DamageIsFound) {
  const std::vector<std::byte> good = archive_of("before", {{"a", "one two three"}, {"b", std::string(300, 'x'), true}}, "");
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
