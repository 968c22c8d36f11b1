// SPDX-License-Identifier: Apache-2.0
// HEIC and AVIF. The files were made without loss from pixels that a formula gives; libheif's conversion to RGB rounds them by
// one level at most.
#include <gtest/gtest.h>

#include <cstdlib>

#include "fovea/core/file.h"
#include "fovea/data/image/image.h"
#include "fovea/data/image/image_bytes.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

constexpr int64_t height = 10, width = 14;

std::vector<std::byte> stored(const std::string& name) { return read_file("fuzz/corpus/picture/" + name); }

// Decoders may be packages of their own, which need not be installed.
class Heif : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    try {
      decode_image(stored(std::string("plain.") + GetParam()), "plain");
    } catch (const Error& error) {
      if (error.code() == ErrorCode::failed_precondition) GTEST_SKIP() << error.what();
      throw;
    }
  }

  static std::vector<std::byte> file(const char* name) { return stored(std::string(name) + "." + GetParam()); }
};

uint8_t level(int64_t y, int64_t x, int64_t channel) {
  return static_cast<uint8_t>(channel == 0 ? 18 * x : channel == 1 ? 25 * y : (7 * x + 11 * y) % 256);
}

void expect_near(const Image& image, int64_t y, int64_t x, int64_t channel, uint8_t wanted) {
  const uint8_t found = image.pixels[static_cast<size_t>((y * image.shape.width + x) * 3 + channel)];
  EXPECT_LE(std::abs(found - wanted), 1) << "at " << y << ", " << x << ", " << channel;
}

template <typename Wanted>
void expect_pixels(const Image& image, const Wanted& wanted) {
  for (int64_t y = 0; y < image.shape.height; ++y)
    for (int64_t x = 0; x < image.shape.width; ++x)
      for (int64_t c = 0; c < 3; ++c) expect_near(image, y, x, c, wanted(y, x, c));
}

TEST_P(Heif, PixelsAreThoseThatWereStored) {
  const Image image = decode_image(file("plain"), "plain");
  ASSERT_EQ(image.shape, (ImageShape{height, width, 3}));
  EXPECT_EQ(picture_shape(file("plain"), "plain"), image.shape);
  expect_pixels(image, level);
}

// The file says to rotate its pixels by a quarter counterclockwise.
TEST_P(Heif, RotationsOfTheFileAreApplied) {
  const Image image = decode_image(file("turned"), "turned");
  ASSERT_EQ(image.shape, (ImageShape{width, height, 3}));
  EXPECT_EQ(picture_shape(file("turned"), "turned"), image.shape);
  expect_pixels(image, [](int64_t y, int64_t x, int64_t c) { return level(x, width - 1 - y, c); });
}

TEST_P(Heif, PartsAreThoseOfTheWhole) {
  const Region region{.top = 2, .left = 3, .height = 5, .width = 6};
  Excerpt excerpt;
  decode_region(excerpt, file("turned"), "turned", region, 2, 2);
  const Image whole = decode_image(file("turned"), "turned");
  EXPECT_EQ(excerpt.image.pixels, whole.pixels);
  EXPECT_EQ(excerpt.top, 2.0);
  EXPECT_EQ(excerpt.width, 6.0);
}

TEST_P(Heif, FilesThatAreCutOffAreRefused) {
  const std::vector<std::byte> whole = file("plain");
  for (size_t size = 12; size < whole.size(); ++size)
    expect_error(ErrorCode::data_loss, [&] { decode_image({whole.data(), size}, "cut"); }, {"cut: "});
}

TEST_P(Heif, ChangedBytesGiveAnErrorOrAnImage) {
  const std::vector<std::byte> whole = file("plain");
  for (size_t at = 12; at < whole.size(); ++at) {
    std::vector<std::byte> changed = whole;
    changed[at] ^= std::byte{0xff};
    try {
      const Image image = decode_image(changed, "changed");
      EXPECT_EQ(image.pixels.size(), static_cast<size_t>(image.shape.size()));
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).rfind("changed: ", 0), 0u) << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Heif, testing::Values("heic", "avif"),
                         [](const auto& info) { return std::string(info.param); });

TEST(HeifAlpha, IsBlendedOverBlack) {
  Image image;
  try {
    image = decode_image(stored("alpha.heic"), "alpha");
  } catch (const Error& error) {
    if (error.code() == ErrorCode::failed_precondition) GTEST_SKIP() << error.what();
    throw;
  }
  ASSERT_EQ(image.shape, (ImageShape{height, width, 3}));
  expect_pixels(image, [](int64_t y, int64_t x, int64_t c) {
    return fovea_over_black(level(y, x, c), static_cast<uint8_t>((x + y) * 10));
  });
}

}  // namespace
}  // namespace fovea
