// SPDX-License-Identifier: Apache-2.0
// Names of frame formats, and pixels of each as red, green and blue.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/data/frames/frame_source.h"

namespace fovea {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    frame_format_named(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "nothing was refused";
}

TEST(FrameFormat, HasFfmpegsNames) {
  for (const char* text : {"mjpeg", "rgb24:640x480", "bgr24:1x1", "gray:5x3", "yuyv422:640x480", "nv12:3x5", "yuv420p:7x7"})
    EXPECT_EQ(text_of(frame_format_named(text)), text);
  EXPECT_EQ(text_of(frame_format_named("gray8:8x8")), "gray:8x8");
  for (const char* text :
       {"", "mjpg", "rgb24", "rgb24:", "rgb24:640", "rgb24:640x", "rgb24:x480", "rgb24:0x480", "rgb24:640x480 ", "rgb24:-1x4",
        "rgb24:65536x4", "rgb24:99999999999999999999x4", "rgb24:640X480", "rgb2:640x480", ":4x4"})
    EXPECT_THAT(refusal(text), HasSubstr("rgb24:640x480")) << text;
  EXPECT_THAT(refusal("yuyv422:641x480"), HasSubstr("even width"));
  EXPECT_THAT(refusal("rgb24:65535x65535"), HasSubstr("fewer pixels"));
}

// The definition: BT.601 with levels from 16 to 235 and 16 to 240.
std::array<double, 3> colors_of(double y, double cb, double cr) {
  const double light = (y - 16) / 219, blue = (cb - 128) / 224, red = (cr - 128) / 224;
  const double r = light + 1.402 * red, b = light + 1.772 * blue, g = (light - 0.299 * r - 0.114 * b) / 0.587;
  std::array<double, 3> result{r, g, b};
  for (double& level : result) level = std::clamp(level * 255, 0.0, 255.0);
  return result;
}

TEST(FrameFormat, ColorsAreThoseOfTheStandard) {
  for (int y = 0; y < 256; y += 3) {
    for (int cb = 0; cb < 256; cb += 5) {
      for (int cr = 0; cr < 256; cr += 5) {
        uint8_t rgb[3];
        fovea_from_ycbcr(y, cb, cr, rgb);
        const std::array<double, 3> wanted = colors_of(y, cb, cr);
        for (size_t c = 0; c < 3; ++c) ASSERT_NEAR(rgb[c], wanted[c], 0.51) << y << " " << cb << " " << cr;
      }
    }
  }
}

// The planes of a frame, by its definition and not by the code that reads it.
struct Samples {
  int64_t height, width;
  std::vector<uint8_t> y, cb, cr;  // chroma of [ceil(height / 2), ceil(width / 2)]
};
Samples random_samples(int64_t height, int64_t width) {
  std::mt19937 random(7);
  Samples samples{height, width, {}, {}, {}};
  for (int64_t i = 0; i < height * width; ++i) samples.y.push_back(static_cast<uint8_t>(random()));
  for (int64_t i = 0; i < (height + 1) / 2 * ((width + 1) / 2); ++i) {
    samples.cb.push_back(static_cast<uint8_t>(random()));
    samples.cr.push_back(static_cast<uint8_t>(random()));
  }
  return samples;
}

// Appends a row and what stands between rows, which must not be read.
void append(std::vector<uint8_t>& bytes, const std::vector<uint8_t>& row, int64_t stride) {
  bytes.insert(bytes.end(), row.begin(), row.end());
  bytes.insert(bytes.end(), static_cast<size_t>(stride) - row.size(), 255);
}

std::vector<uint8_t> planar(const Samples& samples, int64_t stride, bool interleaved) {
  std::vector<uint8_t> bytes;
  const int64_t rows = (samples.height + 1) / 2, columns = (samples.width + 1) / 2;
  for (int64_t y = 0; y < samples.height; ++y)
    append(bytes, {samples.y.begin() + y * samples.width, samples.y.begin() + (y + 1) * samples.width}, stride);
  const auto row_of = [&](const std::vector<uint8_t>& plane, int64_t y) {
    return std::vector<uint8_t>(plane.begin() + y * columns, plane.begin() + (y + 1) * columns);
  };
  if (!interleaved) {
    for (const auto* plane : {&samples.cb, &samples.cr})
      for (int64_t y = 0; y < rows; ++y) append(bytes, row_of(*plane, y), (stride + 1) / 2);
    return bytes;
  }
  for (int64_t y = 0; y < rows; ++y) {
    std::vector<uint8_t> row;
    for (int64_t x = 0; x < columns; ++x)
      row.insert(row.end(), {row_of(samples.cb, y)[static_cast<size_t>(x)], row_of(samples.cr, y)[static_cast<size_t>(x)]});
    append(bytes, row, stride + stride % 2);
  }
  return bytes;
}

Image read(const std::string& format, const std::vector<uint8_t>& bytes, int64_t stride, int64_t channels = 3) {
  const fovea_frame_format named = frame_format_named(format);
  EXPECT_EQ(fovea_frame_bytes(&named, stride), std::ssize(bytes)) << format << " " << stride;
  return image_of({.bytes = std::as_bytes(std::span(bytes)), .format = named, .stride = stride}, "x", channels);
}

TEST(FrameFormat, PlanesMayHaveOddSizesAndGaps) {
  for (const auto& [height, width] : {std::pair(2, 2), std::pair(5, 3), std::pair(4, 7), std::pair(1, 1), std::pair(6, 8)}) {
    const Samples samples = random_samples(height, width);
    Image wanted({height, width, 3});
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const auto chroma = static_cast<size_t>(y / 2 * ((width + 1) / 2) + x / 2);
        fovea_from_ycbcr(samples.y[static_cast<size_t>(y * width + x)], samples.cb[chroma], samples.cr[chroma],
                         &wanted.pixels[static_cast<size_t>(3 * (y * width + x))]);
      }
    }
    for (const int64_t gap : {0, 1, 6}) {
      const int64_t stride = width + gap;
      EXPECT_EQ(read(fmt::format("nv12:{}x{}", width, height), planar(samples, stride, true), stride).pixels, wanted.pixels);
      EXPECT_EQ(read(fmt::format("yuv420p:{}x{}", width, height), planar(samples, stride, false), stride).pixels,
                wanted.pixels);
    }
  }
}

TEST(FrameFormat, PackedPixels) {
  const std::vector<uint8_t> six{1, 2, 3, 4, 5, 6};
  EXPECT_THAT(read("rgb24:2x1", six, 6).pixels, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(read("bgr24:2x1", six, 6).pixels, ElementsAre(3, 2, 1, 6, 5, 4));
  EXPECT_THAT(read("bgr24:1x2", {1, 2, 3, 0, 4, 5, 6, 0}, 4).pixels, ElementsAre(3, 2, 1, 6, 5, 4));
  EXPECT_THAT(read("gray:2x1", {7, 9}, 2).pixels, ElementsAre(7, 7, 7, 9, 9, 9));
  EXPECT_THAT(read("gray:2x1", {7, 9}, 2, 1).pixels, ElementsAre(7, 9));
  uint8_t wanted[6];
  fovea_from_ycbcr(50, 90, 200, wanted);
  fovea_from_ycbcr(180, 90, 200, wanted + 3);
  EXPECT_THAT(read("yuyv422:2x1", {50, 90, 180, 200}, 4).pixels, testing::ElementsAreArray(wanted));
  EXPECT_THAT(read("yuyv422:2x2", {50, 90, 180, 200, 0, 0, 50, 90, 180, 200, 0, 0}, 6).pixels.size(), 12);
}

}  // namespace
}  // namespace fovea
