// SPDX-License-Identifier: Apache-2.0
// The ranges of known distributions.
#include "fovea/quant/observer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/random.h"

namespace fovea {
namespace {

constexpr int64_t samples = 200'000;

std::vector<float> uniform(double low, double high) {
  Random random(1, 1);
  std::vector<float> values(samples);
  for (float& value : values) value = static_cast<float>(low + (high - low) * random.uniform());
  return values;
}

std::vector<float> normal() {
  Random random(1, 2);
  std::vector<float> values(samples);
  for (float& value : values) value = random.normal();
  return values;
}

Histogram histogram_of(const std::vector<float>& values) {
  const auto [least, most] = std::ranges::minmax(values);
  Histogram histogram({least, most});
  // In parts, as batches come.
  const std::span<const float> all(values);
  histogram.add(all.first(all.size() / 3));
  histogram.add(all.subspan(all.size() / 3));
  return histogram;
}

// The error of clipping to the range and rounding to 256 integers.
double squared_error(const std::vector<float>& values, Range range) {
  const double scale = (static_cast<double>(range.maximum) - range.minimum) / 255;
  double sum = 0;
  for (const float value : values) {
    const double clipped = std::clamp<double>(value, range.minimum, range.maximum);
    const double held = range.minimum + std::nearbyint((clipped - range.minimum) / scale) * scale;
    sum += (value - held) * (value - held);
  }
  return sum;
}

TEST(Histogram, CountsEverythingOnce) {
  const Histogram histogram = histogram_of(uniform(-1, 3));
  EXPECT_EQ(histogram.total(), samples);
  for (const int64_t count : histogram.counts()) EXPECT_NEAR(count, samples / 2048.0, 6 * std::sqrt(samples / 2048.0));
}

TEST(Ranges, MinmaxIsWhatWasSeen) {
  const std::vector<float> values = normal();
  const auto [least, most] = std::ranges::minmax(values);
  EXPECT_EQ(chosen_range(histogram_of(values), RangeMethod::minmax), (Range{least, most}));
}

TEST(Ranges, PercentileCutsEqualSharesOfBothEnds) {
  const Range range = percentile_range(histogram_of(uniform(-1, 3)), 90);
  EXPECT_NEAR(range.minimum, -0.8, 0.01);
  EXPECT_NEAR(range.maximum, 2.8, 0.01);
}

TEST(Ranges, PercentileLeavesTheZeroOfARelu) {
  const Range range = percentile_range(histogram_of(uniform(0, 2)), 90);
  EXPECT_NEAR(range.minimum, 0, 1e-4);
  EXPECT_NEAR(range.maximum, 1.8, 0.01);
}

TEST(Ranges, PercentileOfTheNormalDistribution) {
  const Range range = percentile_range(histogram_of(normal()));
  EXPECT_NEAR(range.maximum, 3.89, 0.15);  // 99.995% of a normal distribution are below
  EXPECT_NEAR(range.minimum, -3.89, 0.15);
}

// Uniform quantizers of a normal distribution: the best step with 256 levels is 0.0308 standard deviations (Max 1960), a range
// of +-3.93.
TEST(Ranges, MseOfTheNormalDistribution) {
  const std::vector<float> values = normal();
  const Range range = mse_range(histogram_of(values));
  EXPECT_NEAR(range.maximum, 3.93, 0.3);
  EXPECT_NEAR(range.minimum, -3.93, 0.3);
  double best = INFINITY;
  for (double threshold = 2; threshold < 5; threshold += 0.05) {
    best = std::min(best, squared_error(values, {static_cast<float>(-threshold), static_cast<float>(threshold)}));
  }
  EXPECT_LT(squared_error(values, range), 1.02 * best);
}

TEST(Ranges, MseGivesUpAFewFarNumbers) {
  std::vector<float> values = uniform(0, 1);
  values[7] = 40;
  const std::vector<float>& all = values;
  const Range range = mse_range(histogram_of(all));
  EXPECT_LT(range.maximum, 40);
  EXPECT_LT(squared_error(all, range), squared_error(all, {0, 40}));
}

TEST(Ranges, EntropyKeepsAUniformDistribution) {
  const Range range = entropy_range(histogram_of(uniform(-1, 1)));
  EXPECT_GT(range.maximum, 0.97);
  EXPECT_LT(range.minimum, -0.97);
}

TEST(Ranges, EntropyClipsFarNumbersAndKeepsTheBulk) {
  std::vector<float> values = normal();
  for (size_t i = 0; i < 20; ++i) values[i] = 60;
  const Range range = entropy_range(histogram_of(values));
  EXPECT_LT(range.maximum, 30);
  EXPECT_GT(range.maximum, 2.5);
}

TEST(Ranges, OfNothingButOneNumber) {
  const Histogram histogram = histogram_of(std::vector<float>(10, 0.5F));
  for (const RangeMethod method : {RangeMethod::percentile, RangeMethod::mse, RangeMethod::entropy}) {
    EXPECT_EQ(with_zero(chosen_range(histogram, method)), (Range{0, 0.5F}));
  }
}

TEST(Ranges, MethodsAreNamed) {
  EXPECT_EQ(range_method_named("mse"), RangeMethod::mse);
  EXPECT_THROW(range_method_named("entropi"), Error);
}

}  // namespace
}  // namespace fovea
