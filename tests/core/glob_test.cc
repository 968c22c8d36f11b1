// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/glob.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

TEST(Glob, APatternOfANameFitsItAlone) {
  for (const std::string name : {"conv1", "a[0]/b*?;c", "back\\slash", "[", "]", "*", ""}) {
    EXPECT_TRUE(fits_pattern(name, pattern_of(name))) << name;
    EXPECT_FALSE(fits_pattern(name + "x", pattern_of(name))) << name;
  }
  EXPECT_FALSE(fits_pattern("ab", pattern_of("a*")));
  EXPECT_FALSE(fits_pattern("a", pattern_of("[a]")));
  EXPECT_TRUE(fits_pattern("ab", "a*"));
}

}  // namespace
}  // namespace fovea
