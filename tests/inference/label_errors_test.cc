// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/label_errors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "fovea/core/random.h"

namespace fovea {
namespace {

Tensor logits_of(const std::vector<double>& probabilities) {
  Tensor row({1, std::ssize(probabilities)}, DType::f32);
  std::ranges::transform(probabilities, row.data<float>(), [](double p) { return static_cast<float>(std::log(p)); });
  return row;
}

TEST(LabelErrors, AreRankedByTheMarginAndCountedByThresholds) {
  Predictions predictions(3);
  const auto add = [&](int32_t label, const std::vector<double>& probabilities) {
    predictions.add(logits_of(probabilities), std::span(&label, 1));
  };
  add(0, {0.9, 0.05, 0.05});
  add(0, {0.6, 0.3, 0.1});
  add(0, {0.1, 0.85, 0.05});  // reaches the threshold of class 1, (0.8 + 0.6) / 2
  add(1, {0.1, 0.8, 0.1});
  add(1, {0.1, 0.6, 0.3});
  add(2, {0.35, 0.33, 0.32});  // is least likely 2, and none reaches its threshold
  const std::vector<LabelSuspicion> found = label_suspicions(predictions);
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found[0].image, 2);
  EXPECT_EQ(found[0].likelier, 1);
  EXPECT_NEAR(found[0].margin, -0.75, 1e-6);
  EXPECT_TRUE(found[0].confident);
  EXPECT_EQ(found[1].image, 5);
  EXPECT_FALSE(found[1].confident);
  EXPECT_EQ(std::ranges::count_if(found, &LabelSuspicion::confident), 1);
}

TEST(LabelErrors, ThatWereMadeComeFirst) {
  Random random(9, 0);
  Predictions predictions(10);
  std::set<int64_t> wrong;
  for (int64_t image = 0; image < 2000; ++image) {
    const auto truth = static_cast<int32_t>(random.below(10));
    Tensor row({1, 10}, DType::f32);
    for (float& logit : row.values<float>()) logit = random.normal();
    row.data<float>()[truth] += 5;
    int32_t label = truth;
    if (random.below(20) == 0) {
      label = static_cast<int32_t>((truth + 1 + random.below(9)) % 10);
      wrong.insert(image);
    }
    predictions.add(row, std::span(&label, 1));
  }
  const std::vector<LabelSuspicion> found = label_suspicions(predictions);
  const auto listed = std::ranges::count_if(std::span(found).first(wrong.size()),
                                            [&](const LabelSuspicion& each) { return wrong.contains(each.image); });
  EXPECT_GT(static_cast<double>(listed), 0.95 * static_cast<double>(wrong.size()));
  // Thresholds are means, so that what is only just likelier is not counted.
  const auto confident = static_cast<double>(std::ranges::count_if(found, &LabelSuspicion::confident));
  EXPECT_GT(confident, 0.6 * static_cast<double>(wrong.size()));
  EXPECT_LT(confident, 1.1 * static_cast<double>(wrong.size()));
}

}  // namespace
}  // namespace fovea
