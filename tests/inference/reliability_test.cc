// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/reliability.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/inference/classification_report.h"

namespace fovea {
namespace {

// Two classes; the answer of each image has this logarithm of odds, and is right or not.
Predictions answers(const std::vector<std::pair<float, bool>>& images) {
  Predictions predictions(2);
  for (const auto& [odds, right] : images) {
    const int32_t label = right ? 0 : 1;
    predictions.add(Tensor::of<float>({1, 2}, {odds, 0}), std::span(&label, 1));
  }
  return predictions;
}

float odds_of(double probability) { return static_cast<float>(std::log(probability / (1 - probability))); }

// Labels drawn with the probability that logits / `temperature` say.
Predictions overconfident(double temperature, int64_t count) {
  Predictions predictions(2);
  Random random(3, 0);
  for (int64_t i = 0; i < count; ++i) {
    const float odds = 3 * random.normal();
    const int32_t label = random.uniform() < 1 / (1 + std::exp(-odds)) ? 0 : 1;
    predictions.add(Tensor::of<float>({1, 2}, {static_cast<float>(odds * temperature), 0}), std::span(&label, 1));
  }
  return predictions;
}

TEST(Reliability, IsWhatPaperAndPencilGive) {
  const Predictions predictions =
      answers({{odds_of(0.95), true}, {odds_of(0.95), false}, {odds_of(0.65), true}, {odds_of(0.65), true}});
  const Reliability found = reliability(predictions, 1, 10);
  EXPECT_EQ(found.bins[9].count, 2);
  EXPECT_NEAR(found.bins[9].confidence, 0.95, 1e-6);
  EXPECT_DOUBLE_EQ(found.bins[9].accuracy, 0.5);
  EXPECT_DOUBLE_EQ(found.bins[6].accuracy, 1);
  EXPECT_NEAR(found.ece, (0.45 + 0.35) / 2, 1e-6);
}

TEST(Reliability, FindsTheTemperatureThatProbabilitiesWereMadeWith) {
  const Predictions predictions = overconfident(2.5, 20000);
  const double temperature = fitted_temperature(predictions);
  EXPECT_NEAR(temperature, 2.5, 0.1);
  EXPECT_LT(reliability(predictions, temperature).ece, 0.01);
  EXPECT_GT(reliability(predictions).ece, 0.05);
  EXPECT_LT(metrics_of(predictions, temperature).loss(), metrics_of(predictions, 1).loss());
  EXPECT_EQ(metrics_of(predictions, temperature).confusion(), metrics_of(predictions, 1).confusion());
}

TEST(Reliability, KeepsBackWhatIsNeededForTheWantedError) {
  // Of ten answers the seventh and the tenth, by how sure they are, are wrong.
  std::vector<std::pair<float, bool>> images;
  for (int i = 0; i < 10; ++i) images.emplace_back(odds_of(0.99 - 0.04 * i), i != 6 && i != 9);
  const Predictions predictions = answers(images);
  const auto all = chosen_rejection(predictions, 1, 0.2);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->unknown, 0);
  EXPECT_DOUBLE_EQ(all->unknown_below, 0);
  const auto some = chosen_rejection(predictions, 1, 0.12);
  ASSERT_TRUE(some);
  EXPECT_EQ(some->answered, 9);
  EXPECT_EQ(some->wrong, 1);
  EXPECT_NEAR(some->unknown_below, 0.65, 1e-6);
  const auto none_wrong = chosen_rejection(predictions, 1, 0.05);
  ASSERT_TRUE(none_wrong);
  EXPECT_EQ(none_wrong->answered, 6);
  const Rejection again = rejection(predictions, {.unknown_below = none_wrong->unknown_below});
  EXPECT_EQ(again.answered, 6);
  EXPECT_EQ(again.wrong, 0);
}

TEST(Reliability, IsToldOfImagesItWasNotChosenBy) {
  const Predictions predictions = overconfident(2, 4000);
  const ConfidenceFit fit = fit_confidence(predictions, 0.05);
  EXPECT_NEAR(fit.confidence.temperature, 2, 0.15);
  EXPECT_LE(fit.chosen.error(), 0.05);
  EXPECT_NEAR(fit.held_out.error(), 0.05, 0.015);
  EXPECT_EQ(fit.held_out.answered + fit.held_out.unknown, 4000);
  EXPECT_LT(fit.held_out_ece, fit.ece);
  EXPECT_FALSE(fit_confidence(predictions, std::nullopt).confidence.unknown_below > 0);
}

TEST(Reliability, RefusesWhatCannotBeShown) {
  EXPECT_THROW(fit_confidence(answers({{1, true}}), std::nullopt), Error);
  EXPECT_THROW(fit_confidence(overconfident(1, 100), 2.0), Error);
  std::vector<std::pair<float, bool>> images(30, {1, true});
  images.emplace_back(9, false);  // the surest
  EXPECT_THROW(fit_confidence(answers(images), 0.01), Error);
}

TEST(ClassificationReport, HasWilsonsIntervals) {
  // Newcombe 1998, table I: 81 of 263 and 0 of 20.
  const Share share = wilson(81, 263);
  EXPECT_NEAR(share.low, 0.2553, 5e-5);
  EXPECT_NEAR(share.high, 0.3662, 5e-5);
  EXPECT_NEAR(wilson(0, 20).high, 0.1611, 5e-5);
  EXPECT_DOUBLE_EQ(wilson(0, 20).low, 0);
  EXPECT_DOUBLE_EQ(wilson(7, 7).high, 1);
  EXPECT_DOUBLE_EQ(wilson(0, 0).high, 1);
}

TEST(ClassificationReport, CountsByRowAndColumn) {
  const std::vector<int64_t> confusion = {8, 2, 0, 1, 5, 0, 0, 0, 0};
  const std::vector<ClassReport> report = classification_report(confusion, 3);
  EXPECT_DOUBLE_EQ(report[0].precision.value, 8.0 / 9);
  EXPECT_DOUBLE_EQ(report[0].recall.value, 0.8);
  EXPECT_NEAR(report[0].f1.value, 2 * (8.0 / 9) * 0.8 / (8.0 / 9 + 0.8), 1e-12);
  EXPECT_LT(report[0].f1.low, report[0].f1.value);
  EXPECT_EQ(report[1].answers, 7);
  EXPECT_EQ(report[2].images, 0);
  EXPECT_NEAR(macro_f1(report), (report[0].f1.value + report[1].f1.value) / 2, 1e-12);
}

}  // namespace
}  // namespace fovea
