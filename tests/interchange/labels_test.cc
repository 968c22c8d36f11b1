// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/labels.h"

#include <gtest/gtest.h>

#include "app/environment.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

using Labels = FolderTest;

TEST_F(Labels, ALineIsAClass) {
  EXPECT_EQ(read_labels(write("a", "cat\ndog\n")), (std::vector<std::string>{"cat", "dog"}));
  EXPECT_EQ(read_labels(write("a",
                              "\xef\xbb\xbf"
                              "cat\r\ntabby cat, Zürich\r\n\r\n")),
            (std::vector<std::string>{"cat", "tabby cat, Zürich"}));
  const std::vector<std::string> labels{"0", "one", "a b"};
  write_labels(folder_ / "b", labels);
  EXPECT_EQ(read_labels(folder_ / "b"), labels);
}

TEST_F(Labels, NumbersOfLinesAreNoPartOfNames) {
  EXPECT_EQ(read_labels(write("a", "0  cat\n1:dog\n2 2 fish\n")), (std::vector<std::string>{"cat", "dog", "2 fish"}));
  // Not numbered: names that are or start with numbers.
  for (const std::vector<std::string>& labels : {std::vector<std::string>{"0", "1"}, {"0 cat", "dog"}, {"1 cat", "2 dogs"}}) {
    write_labels(folder_ / "b", labels);
    EXPECT_EQ(read_labels(folder_ / "b"), labels);
  }
}

// A run's own labels come back letter for letter.
TEST_F(Labels, NumbersMayBeKept) {
  const std::vector<std::string> labels{"0 cat", "1 dog"};
  write_labels(folder_ / "a", labels);
  EXPECT_EQ(read_labels(folder_ / "a", LabelNumbers::keep), labels);
}

TEST_F(Labels, WhatIsNotAListIsSaid) {
  expect_error(1,
               [&] {
                 read_labels(write("a.txt",
                                   "cat\nK\xe4"
                                   "fer\n"));
               },
               {"a.txt:2", "UTF-8"});
  expect_error(1, [&] { read_labels(write("a.txt", "")); }, {"a.txt", "no labels"});
  expect_error(1, [&] { read_labels(write("a.txt", "\n\n")); }, {"a.txt", "no labels"});
  expect_error(1, [&] { read_labels(write("a.txt", "cat\n\ndog\n")); }, {"a.txt:2", "empty line"});
  expect_error(1, [&] { read_labels(write("a.txt", std::string("cat\nd\0g\n", 8))); }, {"a.txt:2", "not a text file"});
  expect_error(1, [&] { read_labels(folder_ / "absent"); }, {"absent"});
  expect_error(2, [&] { write_labels(folder_ / "a", {"two\nlines"}); }, {"one line"});
}

TEST_F(Labels, ReadsThePublishedList) {
  const std::filesystem::path path = test_data() / "tflite" / "imagenet_labels.txt";
  if (test_data().empty() || !std::filesystem::exists(path)) GTEST_SKIP() << "no test data: set FOVEA_DATA";
  const auto labels = read_labels(path);
  EXPECT_EQ(labels.size(), 1001u);
  EXPECT_EQ(labels[0], "background");
}

}  // namespace
}  // namespace fovea
