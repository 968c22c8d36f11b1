// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/augment/augment.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/bad_input.h"

namespace fovea {
namespace {

// Every pixel tells where it comes from: its row in the first channel, its column in the second.
std::vector<uint8_t> positions(int64_t height, int64_t width) {
  std::vector<uint8_t> pixels;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) pixels.insert(pixels.end(), {static_cast<uint8_t>(y + 1), static_cast<uint8_t>(x + 1)});
  }
  return pixels;
}

std::vector<float> augmented(const Augmentation& augmentation, ImageShape shape, const std::vector<uint8_t>& pixels,
                             int64_t epoch, int64_t index, uint64_t seed = 5) {
  std::vector<float> values(static_cast<size_t>(shape.size()), -7);
  Augmenter(shape, augmentation).apply(pixels, values, seed, epoch, index);
  return values;
}

TEST(Augment, Normalizes) {
  const ImageShape shape{1, 2, 2};
  const std::vector<uint8_t> pixels{0, 255, 51, 102};
  const auto plain = augmented({}, shape, pixels, 0, 0);
  for (size_t i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(plain[i], pixels[i] / 255.0f);
  const auto scaled = augmented({.mean = {0.5f, 0.25f}, .deviation = {0.25f, 2}}, shape, pixels, 0, 0);
  EXPECT_FLOAT_EQ(scaled[0], -2);
  EXPECT_FLOAT_EQ(scaled[1], 0.375f);
  EXPECT_FLOAT_EQ(scaled[2], (0.2f - 0.5f) * 4);
  EXPECT_FLOAT_EQ(scaled[3], (0.4f - 0.25f) / 2);
}

// Finds the flip and shift that explain one pixel of a result, then expects all other pixels to agree.
void expect_flip_and_shift(Border border, std::set<std::tuple<bool, int64_t, int64_t>>& seen, int64_t index) {
  const int64_t height = 6, width = 7, most = 2;
  const auto values =
      augmented({.flip = true, .shift = most, .border = border}, {height, width, 2}, positions(height, width), 1, index);
  const auto at = [&](int64_t y, int64_t x, int64_t c) {
    return std::lround(values[static_cast<size_t>((y * width + x) * 2 + c)] * 255);
  };
  const int64_t down = at(3, 3, 0) - 1 - 3;
  const bool flip = at(3, 4, 1) < at(3, 3, 1);
  const int64_t right = at(3, 3, 1) - 1 - (flip ? width - 1 - 3 : 3);
  EXPECT_LE(std::abs(down), most);
  EXPECT_LE(std::abs(right), most);
  seen.insert({flip, down, right});
  const auto source = [&](int64_t position, int64_t extent) -> int64_t {
    if (position >= 0 && position < extent) return position + 1;
    if (border == Border::zero) return 0;
    return (position < 0 ? -position : 2 * (extent - 1) - position) + 1;
  };
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t row = source(y + down, height), column = source((flip ? width - 1 - x : x) + right, width);
      EXPECT_EQ(at(y, x, 0), row != 0 && column != 0 ? row : 0) << y << ' ' << x;
      EXPECT_EQ(at(y, x, 1), row != 0 && column != 0 ? column : 0) << y << ' ' << x;
    }
  }
}

TEST(Augment, FlipsAndShifts) {
  for (const Border border : {Border::zero, Border::reflect}) {
    std::set<std::tuple<bool, int64_t, int64_t>> seen;
    for (int64_t index = 0; index < 1000; ++index) expect_flip_and_shift(border, seen, index);
    EXPECT_EQ(seen.size(), 2u * 5 * 5);  // every choice occurs
  }
}

TEST(Augment, AlternatingFlipsTurnOverEveryEpoch) {
  const ImageShape shape{1, 2, 1};
  const std::vector<uint8_t> pixels{10, 20};
  int flipped = 0;
  for (int64_t index = 0; index < 200; ++index) {
    const auto at = [&](int64_t epoch) {
      return augmented({.flip = true, .alternating = true}, shape, pixels, epoch, index)[0];
    };
    EXPECT_NE(at(0), at(1));
    EXPECT_EQ(at(0), at(2));
    EXPECT_EQ(at(1), at(7));
    flipped += at(0) > at(1);
  }
  EXPECT_GT(flipped, 60);
  EXPECT_LT(flipped, 140);
}

TEST(Augment, IsAFunctionOfSeedEpochAndIndex) {
  const Augmentation augmentation{.flip = true, .shift = 2, .cutout = 3};
  const ImageShape shape{8, 8, 2};
  const auto pixels = positions(8, 8);
  const Augmenter augmenter(shape, augmentation);
  std::map<int64_t, std::vector<float>> first;
  for (int64_t index = 0; index < 50; ++index) first[index] = augmented(augmentation, shape, pixels, 3, index);
  std::vector<float> values(pixels.size());
  for (int64_t index = 49; index >= 0; --index) {
    augmenter.apply(pixels, values, 5, 3, index);
    EXPECT_EQ(values, first[index]);
  }
  const auto differing = [&](int64_t epoch, uint64_t seed) {
    int64_t count = 0;
    for (int64_t index = 0; index < 50; ++index)
      count += augmented(augmentation, shape, pixels, epoch, index, seed) != first[index];
    return count;
  };
  EXPECT_GT(differing(4, 5), 40);
  EXPECT_GT(differing(3, 6), 40);
}

TEST(Augment, CutsOutASquare) {
  const int64_t side = 10;
  const std::vector<uint8_t> pixels(static_cast<size_t>(side * side), 255);
  std::set<int64_t> areas;
  for (int64_t index = 0; index < 400; ++index) {
    const auto values = augmented({.cutout = 4}, {side, side, 1}, pixels, 0, index);
    int64_t top = side, bottom = -1, left = side, right = -1, area = 0;
    for (int64_t i = 0; i < side * side; ++i) {
      if (values[static_cast<size_t>(i)] != 0) continue;
      ++area;
      top = std::min(top, i / side);
      bottom = std::max(bottom, i / side);
      left = std::min(left, i % side);
      right = std::max(right, i % side);
    }
    EXPECT_EQ(area, (bottom - top + 1) * (right - left + 1));
    areas.insert(area);
  }
  EXPECT_EQ(*areas.rbegin(), 16);
  EXPECT_EQ(*areas.begin(), 4);  // centered on a corner
}

TEST(Augment, PoliciesAndErasingAreFunctionsOfSeedEpochAndIndex) {
  const ImageShape shape{16, 16, 3};
  std::vector<uint8_t> pixels(static_cast<size_t>(shape.size()));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 37);
  const auto differing = [&](const Augmentation& augmentation) {
    int64_t different = 0;
    for (int64_t index = 0; index < 100; ++index) {
      const auto values = augmented(augmentation, shape, pixels, 2, index);
      EXPECT_EQ(values, augmented(augmentation, shape, pixels, 2, index));
      different += values != augmented({}, shape, pixels, 2, index);
    }
    return different;
  };
  EXPECT_GT(differing({.policy = rand_augment(2, 9)}), 90);
  EXPECT_EQ(differing({.jitter = {.brightness = 0.4}}), 100);
  EXPECT_EQ(differing({.lighting = 0.1}), 100);
  const int64_t erased = differing({.erasing = {.probability = 0.5}});
  EXPECT_GT(erased, 30);
  EXPECT_LT(erased, 70);
}

TEST(Augment, WhatDoesNotFitIsRefused) {
  const ImageShape shape{8, 6, 3};
  const auto make = [&](const Augmentation& augmentation) { return [=] { Augmenter(shape, augmentation); }; };
  expect_error(2, make({.shift = 6}), {"shift of 6", "8x6"});
  expect_error(2, make({.shift = -1}), {"-1"});
  expect_error(2, [] { Augmenter({8, 8, 1}, {.lighting = 0.1}); }, {"lighting", "3 channels, not 1"});
  expect_error(2, make({.cutout = 9}), {"cutout of 9", "8x6"});
  expect_error(2, make({.mean = {0.5f}}), {"1 means", "3 channels"});
  expect_error(2, make({.deviation = {1, 1}}), {"2 deviations", "3 channels"});
  expect_error(2, make({.deviation = {1, 0, 1}}), {"deviation of 0", "channel 1"});
  std::vector<float> values(3);
  expect_error(1, [&] { Augmenter(shape, {}).apply(std::vector<uint8_t>(144), values, 0, 0, 0); }, {"144"});
}

}  // namespace
}  // namespace fovea
