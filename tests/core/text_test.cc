// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/text.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fovea {
namespace {

TEST(Text, SeparatesThousands) {
  EXPECT_EQ(with_separators(0), "0");
  EXPECT_EQ(with_separators(999), "999");
  EXPECT_EQ(with_separators(1513514), "1,513,514");
  EXPECT_EQ(with_separators(-100), "-100");
  EXPECT_EQ(with_separators(-123456), "-123,456");
}

TEST(Text, BytesInTheUnitThatFits) {
  EXPECT_EQ(bytes_text(512), "0.5 kB");
  EXPECT_EQ(bytes_text(12'300'000), "12.3 MB");
  EXPECT_EQ(bytes_text(4'560'000'000), "4.56 GB");
}

// The expected texts are those of Python's bytes.decode("utf-8", "replace").
TEST(Text, PiecesThatAreNotUtf8AreReplaced) {
  const std::string mark = "\xEF\xBF\xBD";
  for (const std::string whole : {"", "plain",
                                  "Stra\xC3\x9F"
                                  "e",
                                  "\xE2\x82\xAC", "\xF0\x9F\x90\xB1", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(whole));
    EXPECT_EQ(utf8_of(whole), whole);
  }
  const std::vector<std::pair<std::string, std::string>> broken = {
      {"caf\xE9", "caf" + mark},  // Latin-1
      {"\xC0\x80", mark + mark},  // overlong
      {"\xE0\x9F\xBF", mark + mark + mark},
      {"\xED\xA0\x80", mark + mark + mark},             // half of a surrogate pair
      {"\xF4\x90\x80\x80", mark + mark + mark + mark},  // beyond Unicode
      {"\xE2\x82", mark},                               // truncated: one piece
      {"\xE2\x82x", mark + "x"},
      {"\xF0\x9F\x90", mark},
      {"\xF0\x9F\xC3\xA4", mark + "\xC3\xA4"},
      {"\x80\xBF", mark + mark},
      {"\xFF\xFE", mark + mark}};
  for (const auto& [text, wanted] : broken) {
    EXPECT_FALSE(is_utf8(text));
    EXPECT_EQ(utf8_of(text), wanted);
  }
}

TEST(Text, AShareIsANumberOrAPercentage) {
  EXPECT_EQ(share_in("2%"), 0.02);
  EXPECT_EQ(share_in("0.02"), 0.02);
  EXPECT_EQ(share_in("-1%"), -0.01);
  for (const char* text : {"", "%", "2 %", "2%%", "two", "0.02x", " 2%"}) EXPECT_EQ(share_in(text), std::nullopt) << text;
}

}  // namespace
}  // namespace fovea
