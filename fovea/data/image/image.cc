// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/image.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/image/codec.h"
#include "fovea/data/image/orientation.h"
#include "fovea/data/image/pixel_arithmetic.h"
#include "fovea/data/image/resample.h"

namespace fovea {
namespace {

Image to_gray(const Image& color) {
  Image gray({color.shape.height, color.shape.width, 1});
  for (size_t i = 0; i < gray.pixels.size(); ++i) gray.pixels[i] = fovea_luma(&color.pixels[3 * i]);
  return gray;
}

struct Codec {
  bool (*is)(std::span<const std::byte> bytes);
  ImageShape (*shape)(std::span<const std::byte> bytes, const std::string& name);
  Image (*decode)(std::span<const std::byte> bytes, const std::string& name);
};

// The codec is chosen by the content, because file name extensions can be wrong.
const Codec& codec_of(std::span<const std::byte> bytes, const std::string& name) {
  static const Codec codecs[] = {{is_jpeg, jpeg_shape, decode_jpeg}, {is_png, png_shape, decode_png},
                                 {is_webp, webp_shape, decode_webp}, {is_gif, gif_shape, decode_gif},
                                 {is_bmp, bmp_shape, decode_bmp},    {is_heif, heif_shape, decode_heif}};
  if (bytes.empty())
    fail(ErrorCode::data_loss, "{}: the file is empty; a JPEG, PNG, WebP, GIF, BMP, HEIC or AVIF picture was expected", name);
  for (const Codec& codec : codecs) {
    if (codec.is(bytes)) return codec;
  }
  if (const char* format = fovea_foreign_format(start_of(bytes), bytes.size()))
    fail(ErrorCode::data_loss, "{}: {} is not supported; convert it to JPEG or PNG", name, format);
  fail(ErrorCode::data_loss, "{}: not a JPEG, PNG, WebP, GIF, BMP, HEIC or AVIF picture", name);
}

// The orientation as EXIF numbers it (orientation.h).
int turn_of(std::span<const std::byte> bytes, Orientation orientation) {
  return orientation == Orientation::exif ? fovea_picture_orientation(start_of(bytes), bytes.size()) : 1;
}

Image turned(const Image& stored, int turn) {
  const auto [height, width, channels] = stored.shape;
  Image upright(fovea_turns_sideways(turn) != 0 ? ImageShape{width, height, channels} : stored.shape);
  fovea_turn(stored.pixels.data(), height, width, channels, turn, upright.pixels.data());
  return upright;
}

// A part [begin, begin + length) of an axis, seen from the other end.
template <typename Number>
Number mirrored(Number begin, Number length, Number extent) {
  return extent - begin - length;
}

bool from_bottom(int turn) { return turn == 3 || turn == 4 || turn == 6 || turn == 7; }
bool from_right(int turn) { return turn == 2 || turn == 3 || turn == 7 || turn == 8; }

// Where a region of the upright image is in the stored one of height x width.
Region stored_region(Region region, int turn, int64_t height, int64_t width) {
  if (fovea_turns_sideways(turn) != 0) region = {region.left, region.top, region.width, region.height};
  if (from_bottom(turn)) region.top = mirrored(region.top, region.height, height);
  if (from_right(turn)) region.left = mirrored(region.left, region.width, width);
  return region;
}

void turn_excerpt(Excerpt& excerpt, int turn) {
  const ImageShape stored = excerpt.image.shape;
  if (from_bottom(turn)) excerpt.top = mirrored(excerpt.top, excerpt.height, static_cast<double>(stored.height));
  if (from_right(turn)) excerpt.left = mirrored(excerpt.left, excerpt.width, static_cast<double>(stored.width));
  if (fovea_turns_sideways(turn) != 0) {
    std::swap(excerpt.top, excerpt.left);
    std::swap(excerpt.height, excerpt.width);
  }
  excerpt.image = turned(excerpt.image, turn);
}

}  // namespace

void check_pixels(const char* format, int64_t height, int64_t width, const std::string& name) {
  if (height < 1 || width < 1) fail(ErrorCode::data_loss, "{}: damaged {}: {}x{} pixels", name, format, width, height);
  if (width <= FOVEA_MOST_PIXELS / height) return;
  fail(ErrorCode::data_loss, "{}: a {} of {}x{} pixels is more than the {} million that are read", name, format, width, height,
       FOVEA_MOST_PIXELS >> 20);
}

Image over_black(const uint8_t* rows, int64_t stride, int64_t height, int64_t width) {
  Image image({height, width, 3});
  uint8_t* target = image.pixels.data();
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* pixel = rows + y * stride;
    for (int64_t x = 0; x < width; ++x, pixel += 4) {
      for (int64_t c = 0; c < 3; ++c) *target++ = fovea_over_black(pixel[c], pixel[3]);
    }
  }
  return image;
}

Image decode_image(std::span<const std::byte> bytes, const std::string& name, int64_t channels, Orientation orientation) {
  if (channels != 1 && channels != 3) refuse("a picture is read as 1 or 3 channels, not {}", channels);
  Image color = codec_of(bytes, name).decode(bytes, name);
  if (const int turn = turn_of(bytes, orientation); turn != 1) color = turned(color, turn);
  return channels == 1 ? to_gray(color) : color;
}

ImageShape picture_shape(std::span<const std::byte> bytes, const std::string& name, Orientation orientation) {
  ImageShape shape = codec_of(bytes, name).shape(bytes, name);
  if (fovea_turns_sideways(turn_of(bytes, orientation)) != 0) std::swap(shape.height, shape.width);
  return shape;
}

void decode_region(Excerpt& excerpt, std::span<const std::byte> bytes, const std::string& name, const Region& region,
                   int64_t height, int64_t width, Orientation orientation) {
  const int turn = turn_of(bytes, orientation);
  const bool sideways = fovea_turns_sideways(turn) != 0;
  if (is_jpeg(bytes)) {
    Region stored = region;
    if (turn != 1) {
      const ImageShape shape = jpeg_shape(bytes, name);
      stored = stored_region(region, turn, shape.height, shape.width);
    }
    decode_jpeg_region(excerpt, bytes, name, stored, sideways ? width : height, sideways ? height : width);
  } else {
    excerpt.image = codec_of(bytes, name).decode(bytes, name);
    const ImageShape shape = excerpt.image.shape;
    const Region stored = stored_region(region, turn, shape.height, shape.width);
    excerpt.top = static_cast<double>(stored.top);
    excerpt.left = static_cast<double>(stored.left);
    excerpt.height = static_cast<double>(stored.height);
    excerpt.width = static_cast<double>(stored.width);
  }
  if (turn != 1) turn_excerpt(excerpt, turn);
}

Image read_image(const std::filesystem::path& path, int64_t channels, Orientation orientation) {
  return decode_image(read_file(path), path.string(), channels, orientation);
}

Image center_crop(const Image& image, int64_t height, int64_t width) {
  const auto [old_height, old_width, channels] = image.shape;
  if (height < 1 || width < 1 || height > old_height || width > old_width) {
    refuse("cannot crop {}x{} from an image of {}x{}", height, width, old_height, old_width);
  }
  Image result({height, width, channels});
  const int64_t top = (old_height - height) / 2;
  const int64_t left = (old_width - width) / 2;
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* row = image.pixels.data() + ((top + y) * old_width + left) * channels;
    std::copy_n(row, width * channels, result.pixels.data() + y * width * channels);
  }
  return result;
}

}  // namespace fovea
