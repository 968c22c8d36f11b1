// SPDX-License-Identifier: Apache-2.0
// Pictures in memory: 8-bit pixels, row by row, channels innermost; JPEG, PNG, WebP, GIF and BMP in, PNG out; cropping for
// networks; resample.h resizes. docs/data.md states the rules that all of them are read by.
//
// Every error is one line that names the file and what is wrong with it: a truncated or damaged picture is never half decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fovea {

// Extents of one image of a data set, in the order of memory.
struct ImageShape {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  int64_t size() const { return height * width * channels; }  // values in one image
  bool operator==(const ImageShape&) const = default;
};

struct Image {
  ImageShape shape;
  std::vector<uint8_t> pixels;  // shape.size() of them, [height, width, channels]

  Image() = default;
  explicit Image(ImageShape shape) : shape(shape), pixels(static_cast<size_t>(shape.size())) {}
};

enum class Interpolation : uint8_t { nearest, bilinear, bicubic };

// A rectangle of whole pixels.
struct Region {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

// Which way up a photograph is seen: as its EXIF data says, or as its pixels are stored.
enum class Orientation : uint8_t { exif, stored };

// Decodes a picture, whose format its content tells, into `channels` = 3 (red, green, blue) or 1 (gray: 0.299 R + 0.587 G +
// 0.114 B). Transparency is laid over black; CMYK JPEGs are converted. `name` is what errors call the picture.
Image decode_image(std::span<const std::byte> bytes, const std::string& name, int64_t channels = 3,
                   Orientation orientation = Orientation::exif);
Image read_image(const std::filesystem::path& path, int64_t channels = 3, Orientation orientation = Orientation::exif);

// Height and width as the header says, the right way up, and 3 channels: no pixel is decoded.
ImageShape picture_shape(std::span<const std::byte> bytes, const std::string& name,
                         Orientation orientation = Orientation::exif);

// Decodes what is needed to see `region` of a picture, the right way up, at height x width or more: 3 channels. A JPEG is
// reduced by 2, 4 or 8 while it is decoded where the region stays at least that large (0: never), and what lies outside is
// skipped, damage included: only a file that is cut off is always noticed.
struct Excerpt {
  Image image;
  double top = 0, left = 0, height = 0, width = 0;  // where in `image` the region lies
};
void decode_region(Excerpt& excerpt, std::span<const std::byte> bytes, const std::string& name, const Region& region,
                   int64_t height, int64_t width, Orientation orientation = Orientation::exif);

// 1 (gray) or 3 (red, green, blue) channels.
std::vector<std::byte> encode_png(const Image& image);
void write_png(const std::filesystem::path& path, const Image& image);

// The middle height x width; fails when the image is smaller.
Image center_crop(const Image& image, int64_t height, int64_t width);

}  // namespace fovea
