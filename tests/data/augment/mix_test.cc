// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/augment/mix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/bad_input.h"

namespace fovea {
namespace {

constexpr ImageShape shape{8, 12, 2};
constexpr size_t size = 8 * 12 * 2;

TEST(Mix, BetaHasItsMoments) {
  for (const double alpha : {0.1, 0.2, 1.0, 3.0}) {
    Random random(1, 5);
    double sum = 0, squares = 0;
    constexpr int count = 20000;
    for (int i = 0; i < count; ++i) {
      const double value = draw_beta(alpha, random);
      ASSERT_GE(value, 0);
      ASSERT_LE(value, 1);
      sum += value;
      squares += value * value;
    }
    const double mean = sum / count, variance = squares / count - mean * mean;
    EXPECT_NEAR(mean, 0.5, 0.02) << alpha;
    EXPECT_NEAR(variance, 1 / (4 * (2 * alpha + 1)), 0.005) << alpha;
  }
}

// Images whose values are all their index, so that a mixed value tells how much of each is in it.
std::vector<float> numbered(size_t count) {
  std::vector<float> images(count * size);
  for (size_t i = 0; i < images.size(); ++i) images[i] = static_cast<float>(i / size);
  return images;
}

TEST(Mix, WeightsAreTheSharesOfTheLabels) {
  int cuts = 0, blends = 0;
  for (uint64_t stream = 0; stream < 300; ++stream) {
    Random random(2, stream);
    const Mixture mixture = draw_mixture(shape, {.mixup = 0.4, .cutmix = 1}, random);
    (mixture.cut ? cuts : blends) += 1;
    constexpr size_t count = 5;
    std::vector<float> images = numbered(count), weights(count);
    const std::vector<int32_t> labels{7, 3, 9, 1, 4};
    std::vector<int32_t> second(count);
    mix_batch(images, shape, labels, second, weights, mixture);
    EXPECT_EQ(second, (std::vector<int32_t>{4, 1, 9, 3, 7}));
    for (size_t i = 0; i < count; ++i) {
      const double own = weights[i];
      EXPECT_GE(own, 0.5);
      double mean = 0;
      for (size_t j = 0; j < size; ++j) {
        const double value = images[i * size + j];
        mean += value / size;
        EXPECT_TRUE(!mixture.cut || value == static_cast<double>(i) || value == static_cast<double>(count - 1 - i));
      }
      EXPECT_NEAR(mean, own * static_cast<double>(i) + (1 - own) * static_cast<double>(count - 1 - i), 1e-5);
    }
  }
  EXPECT_NEAR(cuts, 150, 40);
  EXPECT_EQ(cuts + blends, 300);
}

TEST(Mix, CutmixTakesARectangle) {
  for (uint64_t stream = 0; stream < 100; ++stream) {
    Random random(3, stream);
    const Mixture mixture = draw_mixture(shape, {.cutmix = 1}, random);
    std::vector<float> images = numbered(2), weights(2);
    std::vector<int32_t> second(2);
    mix_batch(images, shape, std::vector<int32_t>{0, 1}, second, weights, mixture);
    const float inside = mixture.swapped ? 0.0f : 1.0f;
    for (int64_t y = 0; y < shape.height; ++y) {
      for (int64_t x = 0; x < shape.width; ++x) {
        const bool in_box = y >= mixture.top && y < mixture.bottom && x >= mixture.left && x < mixture.right;
        const auto at = static_cast<size_t>((y * shape.width + x) * shape.channels);
        EXPECT_EQ(images[at], in_box ? inside : 1 - inside);
        EXPECT_EQ(images[at + 1], images[at]);
        EXPECT_EQ(images[size + at], 1 - images[at]);
      }
    }
  }
}

TEST(Mix, NothingAskedForIsNothingDone) {
  Random random(4, 0);
  const Mixture mixture = draw_mixture(shape, {}, random);
  std::vector<float> images = numbered(4), weights(4);
  const std::vector<float> before = images;
  std::vector<int32_t> second(4);
  mix_batch(images, shape, std::vector<int32_t>{0, 1, 2, 3}, second, weights, mixture);
  EXPECT_EQ(images, before);
  EXPECT_EQ(weights, std::vector<float>(4, 1.0f));
  expect_error(2, [&] { draw_mixture(shape, {.mixup = -1}, random); }, {"mixup -1"});
  expect_error(1, [&] { mix_batch(images, shape, std::vector<int32_t>{0}, second, weights, mixture); }, {"1 images"});
}

TEST(Erase, ARectangleOfTheAreaDrawn) {
  const ImageShape large{64, 48, 3};
  std::vector<double> areas;
  int erased = 0;
  for (uint64_t stream = 0; stream < 400; ++stream) {
    std::vector<float> values(static_cast<size_t>(large.size()), 1.0f);
    Random random(5, stream);
    erase(values, large, {.probability = 0.25}, random);
    int64_t top = 64, bottom = -1, left = 48, right = -1, count = 0;
    for (int64_t i = 0; i < 64 * 48; ++i) {
      if (values[static_cast<size_t>(3 * i)] != 0) continue;
      ++count;
      top = std::min(top, i / 48);
      bottom = std::max(bottom, i / 48);
      left = std::min(left, i % 48);
      right = std::max(right, i % 48);
    }
    if (count == 0) continue;
    ++erased;
    EXPECT_EQ(count, (bottom - top + 1) * (right - left + 1));
    const double share = static_cast<double>(count) / (64 * 48),
                 aspect = static_cast<double>(bottom - top + 1) / (right - left + 1);
    EXPECT_GT(share, 0.015);
    EXPECT_LT(share, 0.36);
    EXPECT_GT(aspect, 0.25);
    EXPECT_LT(aspect, 4);
  }
  EXPECT_NEAR(erased, 100, 30);
}

TEST(Light, ShiftsHaveTheCovarianceOfTheColors) {
  // The covariance of the paper's shift: the sum over components of (0.1 eigenvalue)^2 times the outer product of the vector.
  const double vectors[3][3] = {{-0.5675, 0.7192, 0.4009}, {-0.5808, -0.0045, -0.8140}, {-0.5836, -0.6948, 0.4203}};
  const double values[3] = {0.2175, 0.0188, 0.0045};
  const std::vector<float> deviation{0.5f, 0.25f, 1.0f};
  double sums[3][3] = {};
  constexpr int count = 20000;
  for (int stream = 0; stream < count; ++stream) {
    std::vector<float> image{1, 2, 3, 1, 2, 3};
    Random random(8, static_cast<uint64_t>(stream));
    light(image, deviation, 0.1, random);
    for (size_t a = 0; a < 3; ++a) {
      EXPECT_FLOAT_EQ(image[a], image[a + 3]);
      for (size_t b = 0; b < 3; ++b) {
        sums[a][b] +=
            (image[a] - static_cast<float>(a + 1)) * (image[b] - static_cast<float>(b + 1)) * deviation[a] * deviation[b];
      }
    }
  }
  for (size_t a = 0; a < 3; ++a) {
    for (size_t b = 0; b < 3; ++b) {
      double wanted = 0;
      for (size_t k = 0; k < 3; ++k) wanted += 0.01 * values[k] * values[k] * vectors[a][k] * vectors[b][k];
      EXPECT_NEAR(sums[a][b] / count, wanted, 1e-5) << a << ' ' << b;
    }
  }
}

TEST(Erase, NoiseIsNormal) {
  const ImageShape large{64, 64, 3};
  double sum = 0, squares = 0, count = 0;
  for (uint64_t stream = 0; stream < 20; ++stream) {
    std::vector<float> values(static_cast<size_t>(large.size()), 100.0f);
    Random random(6, stream);
    erase(values, large, {.probability = 1, .noise = true}, random);
    for (const float value : values) {
      if (value == 100.0f) continue;
      sum += value;
      squares += static_cast<double>(value) * value;
      ++count;
    }
  }
  ASSERT_GT(count, 10000);
  EXPECT_NEAR(sum / count, 0, 0.05);
  EXPECT_NEAR(squares / count, 1, 0.05);
}

}  // namespace
}  // namespace fovea
