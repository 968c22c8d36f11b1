// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fovea {
namespace {

// The known-answer vectors of Random123 (kat_vectors, philox4x32 with 10 rounds).
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, HasTheMomentsItPromises) {
  Random random(7, 1);
  constexpr int count = 100000;
  double uniform = 0, normal = 0, square = 0;
  for (int i = 0; i < count; ++i) {
    uniform += random.uniform();
    const double z = random.normal();
    normal += z;
    square += z * z;
  }
  EXPECT_NEAR(uniform / count, 0.5, 0.005);
  EXPECT_NEAR(normal / count, 0, 0.015);
  EXPECT_NEAR(square / count, 1, 0.02);
}

TEST(Random, IsAFunctionOfSeedAndStream) {
  EXPECT_EQ(Random(7, 1).bits(), Random(7, 1).bits());
  EXPECT_NE(Random(7, 1).bits(), Random(7, 2).bits());
  EXPECT_NE(Random(7, 1).bits(), Random(8, 1).bits());
  Random random(3, 4);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(7), 7u);
}

TEST(Random, HashIsFnv1a) {  // the reference vectors of the algorithm's authors
  EXPECT_EQ(hash_of(""), 0xcbf29ce484222325u);
  EXPECT_EQ(hash_of("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(hash_of("foobar"), 0x85944171f73967e8u);
}

}  // namespace
}  // namespace fovea
