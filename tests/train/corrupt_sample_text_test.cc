// SPDX-License-Identifier: Apache-2.0
// Corrupt samples survive the way from one process to another.
#include "fovea/train/corrupt_sample_text.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

TEST(CorruptSampleText, IsReadAsItWasWritten) {
  const std::vector<CorruptSample> samples{{7, "a \"quoted\"\nname.jpg: cut off"}, {int64_t{1} << 40, ""}};
  const std::vector<CorruptSample> read = corrupt_samples_in(text_of(samples));
  ASSERT_EQ(read.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(read[i].image, samples[i].image);
    EXPECT_EQ(read[i].message, samples[i].message);
  }
  EXPECT_TRUE(corrupt_samples_in(text_of(std::vector<CorruptSample>{})).empty());
}

// Names of files may have any bytes.
TEST(CorruptSampleText, TakesAnyBytes) {
  const std::vector<CorruptSample> read = corrupt_samples_in(text_of({{1, "\xff.jpg"}}));
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].message, "\xEF\xBF\xBD.jpg");
}

}  // namespace
}  // namespace fovea
