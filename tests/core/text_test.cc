#include "fovea/core/text.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace fovea
