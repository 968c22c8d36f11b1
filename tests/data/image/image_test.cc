// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/image.h"

#include <gtest/gtest.h>

#include <cmath>

#include "app/environment.h"
#include "fovea/core/random.h"
#include "fovea/data/image/resample.h"
#include "tests/bad_input.h"
#include "tests/data/image/jpeg_writer.h"

namespace fovea {
namespace {

Image random_image(int64_t height, int64_t width, int64_t channels, uint64_t seed = 1) {
  Image image({height, width, channels});
  Random random(seed, 0);
  for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(random.bits());
  return image;
}

// Slowly changing colors, which JPEG preserves.
Image smooth_image(int64_t height, int64_t width) {
  Image image({height, width, 3});
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      uint8_t* pixel = &image.pixels[static_cast<size_t>((y * width + x) * 3)];
      pixel[0] = static_cast<uint8_t>(40 + 4 * x);
      pixel[1] = static_cast<uint8_t>(200 - 5 * y);
      pixel[2] = 90;
    }
  }
  return image;
}

std::string as_text(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
std::vector<std::byte> as_bytes(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

using Picture = FolderTest;

TEST_F(Picture, PngComesBackAsItWas) {
  for (const int64_t channels : {1, 3}) {
    const Image image = random_image(7, 13, channels);
    write_png(folder_ / "a.png", image);
    const Image back = read_image(folder_ / "a.png", channels);
    EXPECT_EQ(back.shape, image.shape);
    EXPECT_EQ(back.pixels, image.pixels);
  }
}

TEST_F(Picture, GrayBecomesColorAndBack) {
  const Image gray = random_image(5, 4, 1);
  const Image color = decode_image(encode_png(gray), "gray", 3);
  ASSERT_EQ(color.shape, (ImageShape{5, 4, 3}));
  for (size_t i = 0; i < color.pixels.size(); ++i) EXPECT_EQ(color.pixels[i], gray.pixels[i / 3]);
  const Image mixed = random_image(5, 4, 3);
  const Image back = decode_image(encode_png(mixed), "mixed", 1);
  for (size_t i = 0; i < back.pixels.size(); ++i) {
    const double expected = 0.299 * mixed.pixels[3 * i] + 0.587 * mixed.pixels[3 * i + 1] + 0.114 * mixed.pixels[3 * i + 2];
    EXPECT_NEAR(back.pixels[i], expected, 0.51);
  }
}

TEST_F(Picture, JpegIsDecoded) {
  const Image image = smooth_image(24, 40);
  const Image back = decode_image(as_bytes(encode_jpeg(image.pixels.data(), 24, 40, 3, JCS_RGB)), "a.jpg");
  ASSERT_EQ(back.shape, image.shape);
  for (size_t i = 0; i < back.pixels.size(); ++i) EXPECT_NEAR(back.pixels[i], image.pixels[i], 6);
}

TEST_F(Picture, CmykJpegIsConverted) {
  // The inks are inverted, as Adobe stores them and libjpeg marks them.
  std::vector<uint8_t> inks(16 * 16 * 4);
  for (size_t i = 0; i < inks.size(); i += 4) {
    inks[i] = 255;
    inks[i + 1] = 100;
    inks[i + 2] = 50;
    inks[i + 3] = 200;
  }
  const Image back = decode_image(as_bytes(encode_jpeg(inks.data(), 16, 16, 4, JCS_CMYK)), "a.jpg");
  EXPECT_NEAR(back.pixels[0], 200, 2);
  EXPECT_NEAR(back.pixels[1], 100 * 200 / 255.0, 2);
  EXPECT_NEAR(back.pixels[2], 50 * 200 / 255.0, 2);
}

TEST_F(Picture, EveryTruncationIsNoticed) {
  const auto read = [](const auto& path) { read_image(path); };
  expect_truncations_fail("a.png", as_text(encode_png(random_image(6, 9, 3))), read);
  const Image image = smooth_image(20, 24);
  expect_truncations_fail("a.jpg", encode_jpeg(image.pixels.data(), 20, 24, 3, JCS_RGB), read);
}

TEST_F(Picture, AnyOneByteChangedIsAnErrorOrAPicture) {
  const std::string png = as_text(encode_png(random_image(6, 9, 3)));
  const Image image = smooth_image(20, 24);
  const std::string jpeg = encode_jpeg(image.pixels.data(), 20, 24, 3, JCS_RGB);
  for (const std::string& good : {png, jpeg}) {
    for (size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (at % 2 == 0 ? 0xff : 0x10));
      try {
        const Image back = decode_image(as_bytes(bad), "bad");
        EXPECT_EQ(back.pixels.size(), static_cast<size_t>(back.shape.size()));
      } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()).rfind("bad: ", 0), 0u) << error.what();
      }
    }
  }
}

TEST_F(Picture, NotAPicture) {
  expect_error(ErrorCode::not_found, [&] { read_image(folder_ / "absent.png"); }, {"absent.png", "No such file"});
  expect_error(1, [&] { read_image(folder_); }, {folder_.string(), "folder"});
  expect_error(1, [&] { read_image(write("empty.png", "")); }, {"empty.png", "empty"});
  expect_error(ErrorCode::data_loss, [&] { read_image(write("text.jpg", "hello, this is text")); },
               {"text.jpg", "not a JPEG, PNG, WebP, GIF, BMP, HEIC or AVIF"});
  expect_error(2, [&] { decode_image(encode_png(random_image(2, 2, 1)), "a", 4); }, {"1 or 3 channels"});
}

TEST_F(Picture, AbsurdPngSize) {
  std::string png = as_text(encode_png(random_image(6, 9, 3)));
  // Another width with a right checksum: the header is valid, but it lies.
  png.replace(16, 4, std::string("\x00\x0f\x00\x00", 4));
  uint32_t sum = 0xFFFFFFFF;
  for (size_t i = 12; i < 29; ++i) {
    sum ^= static_cast<unsigned char>(png[i]);
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1) != 0 ? sum >> 1 ^ 0xEDB88320 : sum >> 1;
  }
  sum = ~sum;
  for (int i = 0; i < 4; ++i) png[static_cast<size_t>(29 + i)] = static_cast<char>(sum >> (24 - 8 * i));
  expect_error(1, [&] { read_image(write("a.png", png)); }, {"a.png", "983040x6", "cannot hold"});
}

TEST_F(Picture, UnwritableOutput) {
  const Image image = random_image(2, 2, 3);
  expect_error(1, [&] { write_png(folder_ / "no" / "such" / "a.png", image); }, {"cannot write", "a.png"});
  expect_error(1, [&] { encode_png(Image({2, 2, 2})); }, {"1 or 3 channels"});
  expect_error(1, [&] { encode_png(Image({0, 2, 3})); }, {"2x0"});
}

// The rule of resampling, one output value at a time in double precision.
double resampled(const Image& image, int64_t y, int64_t x, int64_t c, int64_t height, int64_t width) {
  const auto weights = [](int64_t i, int64_t from, int64_t to) {
    const double scale = static_cast<double>(from) / static_cast<double>(to), reach = std::max(1.0, scale);
    std::vector<double> all(static_cast<size_t>(from));
    double sum = 0;
    for (int64_t j = 0; j < from; ++j) {
      const double distance = (j + 0.5 - (i + 0.5) * scale) / reach;
      all[static_cast<size_t>(j)] = std::max(0.0, 1 - std::abs(distance));
      sum += all[static_cast<size_t>(j)];
    }
    for (double& weight : all) weight /= sum;
    return all;
  };
  const auto rows = weights(y, image.shape.height, height), columns = weights(x, image.shape.width, width);
  double value = 0;
  for (int64_t i = 0; i < image.shape.height; ++i) {
    for (int64_t j = 0; j < image.shape.width; ++j) {
      value += rows[static_cast<size_t>(i)] * columns[static_cast<size_t>(j)] *
               image.pixels[static_cast<size_t>((i * image.shape.width + j) * image.shape.channels + c)];
    }
  }
  return value;
}

TEST(Resize, AgreesWithTheRule) {
  const Image image = random_image(11, 17, 3);
  for (const auto& [height, width] : {std::pair{11, 17}, {5, 8}, {1, 1}, {23, 40}, {12, 3}, {3, 50}}) {
    const Image result = resize(image, height, width);
    ASSERT_EQ(result.shape, (ImageShape{height, width, 3}));
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        for (int64_t c = 0; c < 3; ++c) {
          EXPECT_NEAR(result.pixels[static_cast<size_t>((y * width + x) * 3 + c)], resampled(image, y, x, c, height, width),
                      1.01);
        }
      }
    }
  }
  expect_error(2, [&] { resize(image, 0, 4); }, {"0x4"});
}

TEST(Crop, TakesTheMiddle) {
  const Image image = random_image(9, 12, 1);
  const Image middle = center_crop(image, 3, 4);
  for (int64_t y = 0; y < 3; ++y) {
    for (int64_t x = 0; x < 4; ++x) {
      EXPECT_EQ(middle.pixels[static_cast<size_t>(y * 4 + x)], image.pixels[static_cast<size_t>((y + 3) * 12 + x + 4)]);
    }
  }
  expect_error(2, [&] { center_crop(image, 10, 4); }, {"10x4", "9x12"});
}

TEST(Photographs, AreReadFromTheirFiles) {
  const std::filesystem::path folder = test_data() / "imagenet-sample";
  if (test_data().empty() || !std::filesystem::exists(folder)) GTEST_SKIP() << "no test data: set FOVEA_DATA";
  const Image image = read_image(folder / "n01443537_goldfish.JPEG");
  EXPECT_EQ(std::min(image.shape.height, image.shape.width), 256);
  // A goldfish is more red than blue.
  int64_t red = 0, blue = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    red += image.pixels[i];
    blue += image.pixels[i + 2];
  }
  EXPECT_GT(red, blue);
}

}  // namespace
}  // namespace fovea
