// SPDX-License-Identifier: Apache-2.0
// TFRecord shards, tar shards and lists of images, and the messages about bad ones.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

#include "fovea/core/record.h"
#include "fovea/data/image/image.h"
#include "fovea/data/sources/dataset.h"
#include "tests/bad_input.h"
#include "tests/support/deflated.h"

namespace fovea {
namespace {

std::string as_text(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// An image of one color.
std::string picture(uint8_t value) {
  Image image({6, 9, 3});
  std::fill(image.pixels.begin(), image.pixels.end(), value);
  return as_text(encode_png(image));
}

uint8_t color_at(const Dataset& dataset, int64_t index) {
  std::vector<std::byte> bytes;
  dataset.read_bytes(index, bytes);
  return decode_image(bytes, "picture").pixels[0];
}

std::string varint(uint64_t value) {
  std::string text;
  for (; value > 127; value >>= 7) text += static_cast<char>((value & 127) | 128);
  return text + static_cast<char>(value);
}

// A bytes field of a protocol buffer.
std::string field(int number, const std::string& value) {
  return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(value.size()) + value;
}

std::string example(int64_t label, const std::string& encoded, const std::string& text, bool packed = true) {
  const std::string number = varint(static_cast<uint64_t>(label));
  const std::string list = packed ? field(1, number) : varint(1 << 3) + number;
  const auto feature = [](const std::string& key, const std::string& value) {
    return field(1, field(1, key) + field(2, value));
  };
  return field(1, feature("image/class/label", field(3, list)) + feature("image/encoded", field(1, field(1, encoded))) +
                      feature("image/class/text", field(1, field(1, text))) +
                      feature("image/height", field(3, field(1, varint(6)))));
}

class Tfrecord : public FolderTest {
 protected:
  void write_both(const std::string& train) {
    write("train-00000-of-00001", train);
    write("validation-00000-of-00001", frame_record(example(2, picture(90), "dog")));
  }
  std::shared_ptr<const Dataset> open(Split split = Split::train) const {
    return open_dataset("tfrecord:" + folder_.string(), split);
  }
};

TEST_F(Tfrecord, IsReadByOffset) {
  write_both(frame_record(example(1, picture(10), "cat")) + frame_record(example(2, picture(20), "dog", false)) +
             frame_record(example(1, picture(30), "cat")));
  const auto dataset = open();
  EXPECT_EQ(dataset->class_names(), (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(dataset->count(), 3);
  for (const int64_t index : {2, 0, 1}) {
    EXPECT_EQ(color_at(*dataset, index), 10 * (index + 1));
    EXPECT_EQ(dataset->label(index), index == 1 ? 1 : 0);
  }
  const auto test = open(Split::test);
  EXPECT_EQ(test->label(0), 1);
  EXPECT_EQ(test->class_names().size(), 2u);
}

TEST_F(Tfrecord, ALabelOfZeroMeansThatNumbersStartThere) {
  write_both(frame_record(example(0, picture(10), "background")) + frame_record(example(2, picture(20), "dog")));
  EXPECT_EQ(open()->class_names(), (std::vector<std::string>{"background", "1", "dog"}));
  EXPECT_EQ(open(Split::test)->label(0), 2);
}

TEST_F(Tfrecord, DamageIsSaid) {
  const std::string good = frame_record(example(1, picture(10), "cat")) + frame_record(example(2, picture(20), "dog"));
  for (const size_t cut : {size_t{1}, size_t{3}, good.size() / 3, good.size() - 14}) {
    write_both(good.substr(0, good.size() - cut));
    expect_error(1, [&] { open(); }, {"train-00000-of-00001", "truncated shard"});
  }
  std::string bad = good;
  bad[9] = static_cast<char>(bad[9] ^ 1);
  write_both(bad);
  expect_error(1, [&] { open(); }, {"train-00000-of-00001", "checksum of its length"});
  bad = good;
  bad[bad.size() - 2] = static_cast<char>(bad[bad.size() - 2] ^ 1);
  write_both(bad);
  const auto dataset = open();
  EXPECT_EQ(color_at(*dataset, 0), 10);
  expect_error(1, [&] { color_at(*dataset, 1); }, {"train-00000-of-00001", "checksum is wrong"});
  write_both(frame_record("no example"));
  expect_error(1, [&] { open(); }, {"not a tf.train.Example"});
  write_both(frame_record(field(1, "")));
  expect_error(1, [&] { open(); }, {"without image/encoded or image/class/label"});
  std::filesystem::remove(folder_ / "train-00000-of-00001");
  expect_error(1, [&] { open(); }, {"no TFRecord shards of the train split"});
}

std::string tar_header(const std::string& name, size_t size, char type = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(100, 7, "0000644");
  header.replace(124, 11, fmt::format("{:011o}", size));
  header[156] = type;
  header.replace(257, 5, "ustar");
  header.replace(263, 2, "00");
  header.replace(148, 8, "        ");
  int sum = 0;
  for (const char letter : header) sum += static_cast<unsigned char>(letter);
  header.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  return header;
}

std::string tar_file(const std::string& name, const std::string& content, char type = '0') {
  return tar_header(name, content.size(), type) + content + std::string((512 - content.size() % 512) % 512, '\0');
}

const std::string tar_end(1024, '\0');

class Tar : public FolderTest {
 protected:
  void write_both(const std::string& train) {
    write("set-train-000.tar", train);
    write("set-val-000.tar", tar_file("v.png", picture(90)) + tar_file("v.cls", "1\n") + tar_end);
  }
  std::shared_ptr<const Dataset> open(Split split = Split::train) const {
    return open_dataset("tar:" + folder_.string(), split);
  }
};

TEST_F(Tar, SamplesAreFilesOfOneName) {
  const std::string long_name = std::string(120, 'n') + ".png";
  const std::string pax = fmt::format("{} path={}\n", long_name.size() + 10, long_name);
  write_both(tar_file("a/1.png", picture(10)) + tar_file("a/1.cls", "0") + tar_file("a/2.json", "{\"label\": 1}") +
             tar_file("a/2.png", picture(20)) + tar_file("pax", pax, 'x') + tar_file("short", picture(30)) +
             tar_file("pax", fmt::format("{} path={}.cls\n", long_name.size() + 10, std::string(120, 'n')), 'x') +
             tar_file("short", "1") + tar_end);
  const auto dataset = open();
  ASSERT_EQ(dataset->count(), 3);
  for (const int64_t index : {1, 2, 0}) {
    EXPECT_EQ(color_at(*dataset, index), 10 * (index + 1));
    EXPECT_EQ(dataset->label(index), index > 0);
  }
  EXPECT_EQ(open(Split::test)->label(0), 1);
  write("classes.txt", "cat\ndog\n");
  EXPECT_EQ(open()->class_names(), (std::vector<std::string>{"cat", "dog"}));
  write("classes.txt", "cat\n");
  expect_error(1, [&] { open(); }, {"classes.txt names 1 classes"});
}

TEST_F(Tar, DamageIsSaid) {
  const std::string one = tar_file("1.png", picture(10)) + tar_file("1.cls", "0");
  const std::string good = one + tar_end;
  for (size_t length = 512; length < one.size(); length += 100) {
    write_both(good.substr(0, length));
    expect_error(1, [&] { open(); }, {"set-train-000.tar", "truncated shard"});
  }
  write_both(one + one + tar_end);
  expect_error(1, [&] { open(); }, {"set-train-000.tar", "1.png", "twice"});
  write_both(one + tar_file("1.jpg", picture(10)) + tar_end);
  expect_error(1, [&] { open(); }, {"set-train-000.tar", "1.jpg", "second picture"});
  write_both(one + tar_file("2.png", picture(3)) + tar_file("2.cls", "0") + one + tar_end);
  expect_error(1, [&] { open(); }, {"set-train-000.tar: 1.png", "twice"});
  write_both(tar_file("1.png", picture(10)) + tar_file("1.cls", "cat") + tar_end);
  expect_error(1, [&] { open(); }, {"1.cls", "\"cat\" is not a number"});
  write_both(tar_file("1.png", picture(10)) + tar_file("1.json", "{\"name\": 3}") + tar_end);
  expect_error(1, [&] { open(); }, {"1.json", "not a number"});
  write_both(tar_file("1.png", picture(10)) + tar_end);
  expect_error(1, [&] { open(); }, {"neither .cls nor .json"});
  write_both(tar_file("1.cls", "0") + tar_end);
  expect_error(1, [&] { open(); }, {"no picture"});
  std::string bad = good;
  bad[3] = 'x';
  write_both(bad);
  expect_error(1, [&] { open(); }, {"set-train-000.tar", "checksum of a tar header"});
}

TEST_F(Tar, SidecarsAreNoSamples) {
  // A label comes from .cls, then .json, then .txt, whatever other files there are and in any order.
  write_both(tar_file("./a.json", "{\"width\": 640}") + tar_file("./a.txt", "a cat") + tar_file("./a.png", picture(10)) +
             tar_file("./a.cls", "1") + tar_file("b.png", picture(20)) + tar_file("b.txt", "a dog") +
             tar_file("b.json", "{\"label\": 0, \"width\": 3}") + tar_file("c.txt", " 1\r\n") + tar_file("c.PNG", picture(30)) +
             tar_file("._a.png", "fork") + tar_file("__MACOSX/._b.png", "fork") + tar_file(".DS_Store", "x") +
             tar_file("meta.json", "{\"label\": 9}") + tar_file("README", "words") + tar_end);
  write("set-train-000.tar.idx", "1\n");
  write("set-train-000.tar.index", "1\n");
  write("set-train-000_stats.json", "{}");
  write("._set-train-000.tar", "fork");
  const auto dataset = open();
  ASSERT_EQ(dataset->count(), 3);
  for (const int64_t index : {0, 1, 2}) {
    EXPECT_EQ(color_at(*dataset, index), 10 * (index + 1));
    EXPECT_EQ(dataset->label(index), index == 1 ? 0 : 1);
  }
}

TEST_F(Tar, NamesMayHaveDots) {
  write_both(tar_file("v1.0/p.1.png", picture(10)) + tar_file("v1.0/p.1.cls", "0") + tar_file("v1.0/p.2.png", picture(20)) +
             tar_file("v1.0/p.2.cls", "1") + tar_file("q.image.png", picture(30)) + tar_file("q.cls", "1") + tar_end);
  const auto dataset = open();
  ASSERT_EQ(dataset->count(), 3);
  for (const int64_t index : {0, 1, 2}) {
    EXPECT_EQ(color_at(*dataset, index), 10 * (index + 1));
    EXPECT_EQ(dataset->label(index), index > 0 ? 1 : 0);
  }
  // It is ambiguous which of two images a label belongs to.
  write_both(tar_file("p.1.png", picture(10)) + tar_file("p.2.png", picture(20)) + tar_file("p.cls", "0") + tar_end);
  expect_error(1, [&] { open(); }, {"p.1.png", "neither .cls nor .json"});
}

TEST_F(Tar, SplitsAreToldByWholeWords) {
  const std::string one = tar_file("1.png", picture(10)) + tar_file("1.cls", "0") + tar_end;
  write("retrieval-train-000.tar", one);
  write("retrieval-train-001.tar", tar_file("2.png", picture(10)) + tar_file("2.cls", "0") + tar_end);
  write("retrieval-val-000.tar", one);
  EXPECT_EQ(open()->count(), 2);
  EXPECT_EQ(open(Split::test)->count(), 1);
  // Shards without labels are skipped.
  write("retrieval-test-000.tar", tar_file("1.png", picture(10)) + tar_file("2.png", picture(10)) + tar_end);
  EXPECT_EQ(open(Split::test)->count(), 1);
  EXPECT_NE(open(Split::test)->remark().find("retrieval-test-000.tar"), std::string::npos);
  write("retrieval-train-001.tar", "\x1f\x8b\x08 packed");
  expect_error(1, [&] { open(); }, {"retrieval-train-001.tar", "gunzip"});
}

TEST_F(Tfrecord, MayBePacked) {
  const std::string first = frame_record(example(1, picture(10), "cat")) + frame_record(example(2, picture(20), "dog"));
  write_both(first);
  write("train-00000-of-00001.gz", gzip(first + frame_record(example(1, picture(30), "cat"))));
  write("train.tfrecord.idx", "0 100\n");
  write("train_labels.txt", "cat\n");
  write(".train-00001-of-00001.crc", "x");
  const auto dataset = open();
  ASSERT_EQ(dataset->count(), 5);
  for (const auto& [index, color] : {std::pair{4, 30}, {0, 10}, {3, 20}, {1, 20}}) EXPECT_EQ(color_at(*dataset, index), color);
  EXPECT_NE(dataset->image_name(4).find("train-00000-of-00001.gz"), std::string::npos);
  const std::string whole = gzip(first);
  for (const size_t length : {whole.size() - 1, whole.size() / 2}) {
    write("train-00000-of-00001.gz", whole.substr(0, length));
    expect_error(1, [&] { open(); }, {"train-00000-of-00001.gz", "truncated"});
  }
  write("train-00000-of-00001.gz", whole.substr(0, 40) + "damage" + whole.substr(46));
  expect_error(1, [&] { open(); }, {"train-00000-of-00001.gz", "damaged"});
}

TEST_F(Tfrecord, NamesOfClassesAreText) {
  write_both(frame_record(example(1, picture(10),
                                  "K\xe4"
                                  "fer")));
  expect_error(1, [&] { open(); },
               {"train-00000-of-00001",
                "K\\xe4"
                "fer",
                "UTF-8"});
}

class List : public FolderTest {
 protected:
  void write_list(const std::string& train) {
    write("1.png", picture(10));
    write("a, b.png", picture(20));
    write("train.csv", train);
    write("val.csv", "1.png,1\n");
  }
  std::shared_ptr<const Dataset> open(Split split = Split::train) const {
    return open_dataset("csv:" + (folder_ / "train.csv").string(), split);
  }
};

TEST_F(List, NamesPathsAndLabels) {
  write_list("path,label\r\n1.png,0\r\n\"a, b.png\",1\r\n");
  const auto dataset = open();
  ASSERT_EQ(dataset->count(), 2);
  EXPECT_EQ(color_at(*dataset, 1), 20);
  EXPECT_EQ(dataset->label(1), 1);
  EXPECT_EQ(open(Split::test)->label(0), 1);
}

TEST_F(List, IsReadAsSpreadsheetsWriteIt) {
  const std::string mark = "\xef\xbb\xbf";
  for (const std::string& start :
       {std::string(), mark, mark + "path,label\r\n", mark + "\"path\",\"label\"\n", std::string("Path,Label\n")}) {
    for (const std::string end : {"\n", "\r\n"}) {
      for (const std::string& last : {std::string(), end, end + end}) {
        write_list(start + "\"1.png\",\"0\"" + end + "\"a, b.png\", 1 " + last);
        const auto dataset = open();
        ASSERT_EQ(dataset->count(), 2);
        EXPECT_EQ(dataset->label(1), 1);
        EXPECT_EQ(color_at(*dataset, 0), 10);
      }
    }
  }
  write("classes.txt", mark + "cat\r\ndog\r\n");
  EXPECT_EQ(open()->class_names(), (std::vector<std::string>{"cat", "dog"}));
  write("classes.txt", "cat\n\ndog\n");
  expect_error(1, [&] { open(); }, {"classes.txt:2", "empty line"});
  write("classes.txt",
        "cat\nK\xe4"
        "fer\n");
  expect_error(1, [&] { open(); }, {"classes.txt:2", "UTF-8"});
}

TEST_F(List, WithoutLabelsGivesWay) {
  write_list("1.png,0\n\"a, b.png\",1\n");
  write("test.csv", "path\n1.png\n");
  const auto test = open(Split::test);
  EXPECT_EQ(test->count(), 1);
  EXPECT_EQ(test->label(0), 1);
  EXPECT_NE(test->remark().find("test.csv:2"), std::string::npos) << test->remark();
}

TEST_F(List, BadLinesAreNamed) {
  const auto expect = [&](const std::string& list, std::initializer_list<std::string> parts) {
    write_list(list);
    expect_error(
        1, [&] { open(); }, parts);
  };
  expect("1.png,0\nno.png,1\n", {"train.csv:2", "no.png"});
  expect("1.png,cat\n", {"train.csv:1", "\"cat\" is not a number"});
  expect("1.png,-1\n", {"train.csv:1", "label -1"});
  expect("1.png\n", {"train.csv:1", "1 cells"});
  expect("1.png,0\n\"a, b.png\",0\n1.png,1\n", {"train.csv:3", "1.png", "line 1"});
  expect("\"1.png,0\n", {"train.csv:1", "quote"});
  expect("path,label\n", {"no photographs"});
  expect("1.png;0\n", {"train.csv:1", "semicolons", "comma"});
  expect("path\tlabel\n1.png\t0\n", {"train.csv:1", "tabs"});
  expect("image,label\n1.png,0\n", {"train.csv:1", "heading path,label", "\"label\" is not a number"});
  expect(std::string("\xff\xfe"
                     "1\0",
                     4),
         {"train.csv", "UTF-16"});
  write_list("1.png,0\n");
  expect_error(1, [&] { open(Split::test); }, {"label 1", "0 to 0"});
  std::filesystem::remove(folder_ / "val.csv");
  expect_error(1, [&] { open(Split::test); }, {"train.csv", "test.csv or val.csv"});
}

}  // namespace
}  // namespace fovea
