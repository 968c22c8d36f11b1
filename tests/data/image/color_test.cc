// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/color.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string>

namespace fovea {
namespace {

// Pillow judges every operation (tests/judges/compare_with_pillow.py); this tests what needs no judge.

Image noise(int64_t height, int64_t width, int64_t channels, uint32_t least = 0, uint32_t most = 255) {
  Image image({height, width, channels});
  Random random(1, 2);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(least + random.below(most - least + 1));
  return image;
}

TEST(Color, SharpnessOfZeroIsTheSmoothedPicture) {
  for (const int64_t channels : {1, 3}) {
    const Image image = noise(7, 9, channels);
    Image smooth = image;
    adjust_sharpness(smooth, 0);
    const auto at = [&](const Image& of, int64_t y, int64_t x, int64_t c) {
      return of.pixels[static_cast<size_t>((y * 9 + x) * channels + c)];
    };
    for (int64_t y = 0; y < 7; ++y) {
      for (int64_t x = 0; x < 9; ++x) {
        for (int64_t c = 0; c < channels; ++c) {
          double mean = 4.0 * at(image, y, x, c) / 13;
          const bool border = y == 0 || x == 0 || y == 6 || x == 8;
          for (int64_t i = 0; i < 9 && !border; ++i) mean += at(image, y - 1 + i / 3, x - 1 + i % 3, c) / 13.0;
          EXPECT_EQ(at(smooth, y, x, c), border ? at(image, y, x, c) : std::lround(mean)) << y << ' ' << x;
        }
      }
    }
  }
}

TEST(Color, AFactorOfOneChangesNothing) {
  for (const auto adjust : {adjust_color, adjust_contrast, adjust_brightness, adjust_sharpness}) {
    Image image = noise(8, 5, 3);
    const std::vector<uint8_t> before = image.pixels;
    adjust(image, 1);
    EXPECT_EQ(image.pixels, before);
  }
}

TEST(Color, AutocontrastAndEqualizeFillTheRange) {
  for (void (*const stretch)(Image&) : {autocontrast, equalize}) {
    Image image = noise(64, 64, 3, 90, 140);
    stretch(image);
    EXPECT_LE(*std::ranges::min_element(image.pixels), 2);
    EXPECT_GE(*std::ranges::max_element(image.pixels), 253);
  }
}

TEST(Color, InvolutionsUndoThemselves) {
  Image image = noise(6, 6, 3);
  const std::vector<uint8_t> before = image.pixels;
  invert(image);
  EXPECT_NE(image.pixels, before);
  solarize(image, 0);
  EXPECT_EQ(image.pixels, before);
  posterize(image, 8);
  solarize(image, 256);
  solarize_add(image, 0);
  EXPECT_EQ(image.pixels, before);
}

TEST(Color, JitterStaysInItsBoundsAndIsAFunctionOfTheStream) {
  std::set<std::string> different;
  for (uint64_t stream = 0; stream < 200; ++stream) {
    Image gray({1, 1, 3});
    gray.pixels = {100, 100, 100};
    Image again = gray;
    Random a(1, stream), b(1, stream);
    jitter(gray, {.brightness = 0.4}, a);
    jitter(again, {.brightness = 0.4}, b);
    EXPECT_EQ(gray.pixels, again.pixels);
    EXPECT_GE(gray.pixels[0], 60);
    EXPECT_LE(gray.pixels[0], 140);
    different.emplace(gray.pixels.begin(), gray.pixels.end());
  }
  EXPECT_GT(different.size(), 50u);
  Image untouched = noise(5, 5, 3);
  const std::vector<uint8_t> before = untouched.pixels;
  Random random(1, 1);
  jitter(untouched, {}, random);
  EXPECT_EQ(untouched.pixels, before);
}

TEST(Color, AThirdOfTheCircleTurnsRedIntoGreen) {
  Image image({1, 1, 3});
  image.pixels = {200, 10, 10};
  adjust_hue(image, 85.0 / 255);
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{10, 200, 10}));
}

}  // namespace
}  // namespace fovea
