// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/lines.h"

#include <gtest/gtest.h>

#include "fovea/core/text.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

using Lines = std::vector<std::string>;

TEST(Lines, EndAsAnySystemEndsThem) {
  EXPECT_EQ(lines_of("", "a"), Lines{});
  EXPECT_EQ(lines_of("x", "a"), Lines{"x"});
  EXPECT_EQ(lines_of("x\ny\n", "a"), (Lines{"x", "y"}));
  EXPECT_EQ(lines_of("\xef\xbb\xbfx\r\n\r\ny", "a"), (Lines{"x", "", "y"}));
  EXPECT_EQ(lines_of("x\xef\xbb\xbf\n", "a"), Lines{"x\xef\xbb\xbf"});  // a byte order mark counts only at the beginning
}

TEST(Lines, AreText) {
  expect_error(1, [] { lines_of(std::string("x\ny\0z", 5), "a.txt"); }, {"a.txt:2", "not a text file"});
  expect_error(1, [] { lines_of(std::string("\xff\xfex\0", 4), "a.txt"); }, {"a.txt", "UTF-16"});
  EXPECT_EQ(lines_of("K\xe4"
                     "fer",
                     "a"),
            Lines{"K\xe4"
                  "fer"});
  expect_error(1,
               [] {
                 lines_of(
                     "x\nK\xe4"
                     "fer",
                     "a.txt", true);
               },
               {"a.txt:2",
                "K\\xe4"
                "fer",
                "UTF-8"});
}

TEST(Utf8, IsToldByTheTable) {
  for (const char* good : {"", "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x90\x88", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good));
  // Truncated, overlong, surrogates, beyond the last character, and a continuation byte without a start.
  for (const char* bad : {"\xc3", "\xe2\x82", "\xf0\x9f\x90", "\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xed\xa0\x80",
                          "\xf4\x90\x80\x80", "\x80", "\xff", "\xe4 "}) {
    EXPECT_FALSE(is_utf8(bad));
  }
  EXPECT_EQ(escaped("K\xe4"
                    "fer \xc3\xa4"),
            "K\\xe4"
            "fer \xc3\xa4");
}

}  // namespace
}  // namespace fovea
