// SPDX-License-Identifier: Apache-2.0
// Images that are rotated by EXIF data, whole and in parts, and corrupt EXIF data.
#include "fovea/data/image/orientation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "fovea/core/random.h"
#include "fovea/data/augment/pipeline.h"
#include "fovea/data/loader.h"
#include "fovea/data/picture_statistics.h"
#include "tests/bad_input.h"
#include "tests/data/image/jpeg_writer.h"

namespace fovea {
namespace {

std::string number(uint32_t value, int size, bool big) {
  std::string text;
  for (int i = 0; i < size; ++i) text += static_cast<char>(value >> 8 * (big ? size - 1 - i : i));
  return text;
}

// A block with another tag before the orientation, whose value has the type `type` (1, 3 or 4).
std::string exif_block(uint32_t orientation, bool big, int type = 3) {
  const std::string value = number(orientation, type == 1 ? 1 : type == 3 ? 2 : 4, big);
  return (big ? "MM" : "II") + number(42, 2, big) + number(8, 4, big) + number(2, 2, big) +  //
         number(0x10f, 2, big) + number(2, 2, big) + number(4, 4, big) + std::string("me\0\0", 4) + number(0x112, 2, big) +
         number(static_cast<uint32_t>(type), 2, big) + number(1, 4, big) + value + std::string(4 - value.size(), '\0') +
         std::string(4, '\0');
}

// A JPEG with slowly changing colors and the block in an APP1 segment behind another one.
std::string photograph(int64_t height, int64_t width, const std::string& block) {
  Image image({height, width, 3});
  for (int64_t i = 0; i < height * width; ++i) {
    image.pixels[static_cast<size_t>(3 * i)] = static_cast<uint8_t>(20 + 3 * (i / width));
    image.pixels[static_cast<size_t>(3 * i + 1)] = static_cast<uint8_t>(230 - 4 * (i % width));
    image.pixels[static_cast<size_t>(3 * i + 2)] = 90;
  }
  const std::string jpeg = jpeg_of(image);
  const auto segment = [](const std::string& content) {
    return "\xff\xe1" + number(static_cast<uint32_t>(content.size() + 2), 2, true) + content;
  };
  return jpeg.substr(0, 2) + segment(std::string("http://ns.adobe.com/xap/1.0/\0<x/>", 33)) +
         segment(std::string("Exif\0\0", 6) + block) + jpeg.substr(2);
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text.data(), text.size())); }

// Rotates by the definition of the tag, one pixel at a time: which stored row is the visual top, and which column the visual
// left.
Image turned(const Image& stored, int orientation) {
  const auto [height, width, channels] = stored.shape;
  const bool sideways = orientation > 4;
  Image upright(sideways ? ImageShape{width, height, channels} : stored.shape);
  for (int64_t y = 0; y < upright.shape.height; ++y) {
    for (int64_t x = 0; x < upright.shape.width; ++x) {
      const std::array<std::pair<int64_t, int64_t>, 9> from{{{},
                                                             {y, x},
                                                             {y, width - 1 - x},
                                                             {height - 1 - y, width - 1 - x},
                                                             {height - 1 - y, x},
                                                             {x, y},
                                                             {height - 1 - x, y},
                                                             {height - 1 - x, width - 1 - y},
                                                             {x, width - 1 - y}}};
      const auto [row, column] = from[static_cast<size_t>(orientation)];
      std::memcpy(&upright.pixels[static_cast<size_t>((y * upright.shape.width + x) * 3)],
                  &stored.pixels[static_cast<size_t>((row * width + column) * 3)], 3);
    }
  }
  return upright;
}

Image cut(const Image& image, const Region& region) {
  Image part({region.height, region.width, 3});
  for (int64_t y = 0; y < region.height; ++y) {
    std::memcpy(&part.pixels[static_cast<size_t>(y * region.width * 3)],
                &image.pixels[static_cast<size_t>(((region.top + y) * image.shape.width + region.left) * 3)],
                static_cast<size_t>(region.width * 3));
  }
  return part;
}

TEST(Orientation, TurnsAWholePhotograph) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big : {false, true}) {
      for (const int type : {1, 3, 4}) {
        const std::string jpeg = photograph(40, 56, exif_block(static_cast<uint32_t>(orientation), big, type));
        const Image stored = decode_image(bytes_of(jpeg), "a", 3, Orientation::stored);
        EXPECT_EQ(stored.shape, (ImageShape{40, 56, 3}));
        const Image upright = decode_image(bytes_of(jpeg), "a"), wanted = turned(stored, orientation);
        EXPECT_EQ(upright.shape, wanted.shape) << orientation;
        EXPECT_EQ(upright.pixels, wanted.pixels) << orientation;
        EXPECT_EQ(picture_shape(bytes_of(jpeg), "a"), wanted.shape);
        EXPECT_EQ(picture_shape(bytes_of(jpeg), "a", Orientation::stored), stored.shape);
      }
    }
  }
}

// Training decodes a part, reduced where that is enough, which must be the part of the upright image.
TEST(Orientation, TurnsParts) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string jpeg = photograph(64, 48, exif_block(static_cast<uint32_t>(orientation), true));
    const Image upright = decode_image(bytes_of(jpeg), "a");
    const int64_t height = upright.shape.height, width = upright.shape.width;
    for (const Region region : {Region{0, 0, height, width}, Region{3, 9, 20, 31}, Region{17, 1, 30, 7}}) {
      Excerpt excerpt;
      decode_region(excerpt, bytes_of(jpeg), "a", region, 0, 0);
      const Region inside{std::llround(excerpt.top), std::llround(excerpt.left), region.height, region.width};
      ASSERT_LE(inside.top + inside.height, excerpt.image.shape.height);
      ASSERT_LE(inside.left + inside.width, excerpt.image.shape.width);
      EXPECT_EQ(cut(excerpt.image, inside).pixels, cut(upright, region).pixels) << orientation;
    }
    Excerpt half;
    decode_region(half, bytes_of(jpeg), "a", {0, 0, height, width}, height / 2, width / 2);
    EXPECT_EQ(half.image.shape, (ImageShape{height / 2, width / 2, 3}));
    EXPECT_NEAR(half.image.pixels[0], upright.pixels[0], 6);
    EXPECT_NEAR(half.image.pixels[half.image.pixels.size() - 3], upright.pixels[upright.pixels.size() - 3], 6);
  }
}

class Turned : public FolderTest {
 protected:
  std::shared_ptr<const Dataset> open() const {
    for (const char* split : {"train", "test"}) {
      make_folder(folder_ / split / "a");
      write_text(folder_ / split / "a" / "1.jpg", photograph(40, 64, exif_block(6, false)));
    }
    return open_dataset("images:" + folder_.string(), Split::train);
  }
};

TEST_F(Turned, ADataSetSeesWhatItIsAskedTo) {
  const auto dataset = open();
  Pipeline::Workspace upright, stored;
  Pipeline(dataset, {20, 20, 3}, {.resize = 20}, 0).make_pixels(0, 0, upright);
  Pipeline(dataset, {20, 20, 3}, {.resize = 20, .orientation = Orientation::stored}, 0).make_pixels(0, 0, stored);
  const Image wanted = turned(stored.image, 6);
  for (size_t i = 0; i < wanted.pixels.size(); ++i) EXPECT_NEAR(upright.image.pixels[i], wanted.pixels[i], 1);  // rounded twice
  const auto ignore = [](int64_t) {};
  EXPECT_EQ(picture_statistics(*dataset, 1, Orientation::exif, ignore).heights, std::vector<int64_t>{64});
  EXPECT_EQ(picture_statistics(*dataset, 1, Orientation::stored, ignore).heights, std::vector<int64_t>{40});
}

TEST(Orientation, WhatIsNoOrientationIsNone) {
  const auto told = [](const std::string& block) {
    return fovea_exif_orientation(reinterpret_cast<const uint8_t*>(block.data()), block.size());
  };
  const std::string good = exif_block(6, false);
  EXPECT_EQ(told(good), 6);
  for (const uint32_t value : {0U, 9U, 255U, 65535U}) EXPECT_EQ(told(exif_block(value, true)), 1) << value;
  EXPECT_EQ(told(exif_block(6, false, 4)), 6);
  for (size_t length = 0; length + 10 < good.size(); ++length) EXPECT_EQ(told(good.substr(0, length)), 1) << length;
  std::string mixed = good;
  mixed[1] = 'M';
  EXPECT_EQ(told(mixed), 1);
  std::string far = good;
  far.replace(4, 4, "\xff\xff\xff\xff");
  EXPECT_EQ(told(far), 1);
  std::string many = good;
  many.replace(8, 2, "\xff\xff");  // more tags than the block has
  EXPECT_EQ(told(many), 6);
}

// The image is read whatever the segment contains.
TEST(Orientation, HostileDataIsHarmless) {
  Random random(5, 0);
  for (int i = 0; i < 3000; ++i) {
    std::string block = exif_block(1 + random.below(8), random.below(2) == 1);
    for (uint32_t changes = 1 + random.below(4); changes > 0; --changes) {
      block[random.below(static_cast<uint32_t>(block.size()))] = static_cast<char>(random.below(256));
    }
    block.resize(random.below(static_cast<uint32_t>(block.size() + 1)));
    const int told = fovea_exif_orientation(reinterpret_cast<const uint8_t*>(block.data()), block.size());
    ASSERT_TRUE(told >= 1 && told <= 8);
    if (i % 30 != 0) continue;
    const ImageShape shape = decode_image(bytes_of(photograph(16, 24, block)), "a").shape;
    EXPECT_EQ(shape, (told > 4 ? ImageShape{24, 16, 3} : ImageShape{16, 24, 3}));
  }
}

}  // namespace
}  // namespace fovea
