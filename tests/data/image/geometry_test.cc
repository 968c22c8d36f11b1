// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/geometry.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

// Pillow judges every operation (tests/judges/compare_with_pillow.py); this tests what needs no judge.

Image numbered(int64_t height, int64_t width, int64_t channels) {
  Image image({height, width, channels});
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i);
  return image;
}

TEST(Geometry, WholeTranslationsMovePixels) {
  for (const Interpolation interpolation : {Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic}) {
    const Image image = numbered(5, 7, 3);
    Image moved = image;
    translate_x(moved, 2, {.interpolation = interpolation, .fill = 99});
    translate_y(moved, -1, {.interpolation = interpolation, .fill = 99});
    for (int64_t y = 0; y < 5; ++y) {
      for (int64_t x = 0; x < 7; ++x) {
        for (int64_t c = 0; c < 3; ++c) {
          const bool inside = x + 2 < 7 && y - 1 >= 0;
          const int wanted = inside ? image.pixels[static_cast<size_t>(((y - 1) * 7 + x + 2) * 3 + c)] : 99;
          EXPECT_EQ(moved.pixels[static_cast<size_t>((y * 7 + x) * 3 + c)], wanted) << y << ' ' << x;
        }
      }
    }
  }
}

TEST(Geometry, FourQuarterTurnsAreNone) {
  for (const double degrees : {90.0, -90.0, 270.0}) {
    const Image image = numbered(6, 6, 1);
    Image turned = image;
    rotate(turned, degrees);
    EXPECT_NE(turned.pixels, image.pixels);
    for (int i = 0; i < 3; ++i) rotate(turned, degrees);
    EXPECT_EQ(turned.pixels, image.pixels);
  }
  Image wide = numbered(3, 5, 3);
  const std::vector<uint8_t> before = wide.pixels;
  rotate(wide, 180);
  EXPECT_EQ(wide.pixels[0], before[before.size() - 3]);
  rotate(wide, -180);
  EXPECT_EQ(wide.pixels, before);
}

TEST(Geometry, OppositeShearsBringBackTheMiddle) {
  const Image image = numbered(8, 16, 1);
  Image sheared = image;
  shear_x(sheared, 0.5);
  EXPECT_NE(sheared.pixels, image.pixels);
  shear_x(sheared, -0.5);
  for (size_t y = 0; y < 8; ++y) {
    for (size_t x = 5; x < 11; ++x) EXPECT_NEAR(sheared.pixels[y * 16 + x], image.pixels[y * 16 + x], 1);
  }
}

TEST(Geometry, CutoutFillsASquare) {
  for (uint64_t stream = 0; stream < 100; ++stream) {
    Image image = numbered(20, 20, 1);
    for (uint8_t& value : image.pixels) value = 7;
    Random random(3, stream);
    cutout(image, 3, 128, random);
    int64_t filled = 0, top = 20, bottom = -1, left = 20, right = -1;
    for (int64_t i = 0; i < 400; ++i) {
      if (image.pixels[static_cast<size_t>(i)] != 128) continue;
      ++filled;
      top = std::min(top, i / 20);
      bottom = std::max(bottom, i / 20);
      left = std::min(left, i % 20);
      right = std::max(right, i % 20);
    }
    EXPECT_EQ(filled, (bottom - top + 1) * (right - left + 1));
    EXPECT_LE(filled, 36);
    EXPECT_GE(filled, 9);
  }
}

}  // namespace
}  // namespace fovea
