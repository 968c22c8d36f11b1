// SPDX-License-Identifier: Apache-2.0
/// \file
/// Images in memory: 8-bit pixels, row by row, with channels innermost. They are read from JPEG, PNG, WebP, GIF, BMP,
/// HEIC and AVIF, written as PNG, and cropped; resample.h resizes them. docs/data.md states the rules of reading.
///
/// Every error is one line that names the file and what is wrong with it. A truncated or corrupt image is never half decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace fovea {

/// The extents of an image, in the order of memory.
struct ImageShape {
  int64_t height = 0;                                         ///< rows
  int64_t width = 0;                                          ///< columns
  int64_t channels = 0;                                       ///< values of a pixel
  int64_t size() const { return height * width * channels; }  ///< The number of values in an image.
  /// Equal in all extents.
  bool operator==(const ImageShape&) const = default;
};

/// An image.
struct Image {
  ImageShape shape;             ///< extents
  std::vector<uint8_t> pixels;  ///< shape.size() values, [height, width, channels]

  /// No pixels.
  Image() = default;
  /// Black.
  explicit Image(ImageShape shape) : shape(shape), pixels(static_cast<size_t>(shape.size())) {}
};

/// How values between pixels are computed.
enum class Interpolation : uint8_t { nearest, bilinear, bicubic };

/// A rectangle of whole pixels.
struct Region {
  int64_t top = 0;     ///< first row
  int64_t left = 0;    ///< first column
  int64_t height = 0;  ///< rows
  int64_t width = 0;   ///< columns
};

/// Which way up an image is seen: as its EXIF data says, or as its pixels are stored.
enum class Orientation : uint8_t { exif, stored };

/// Decodes an image, whose format is recognized by its content, into `channels` = 3 (red, green, blue) or 1 (gray: 0.299 R +
/// 0.587 G + 0.114 B). Transparency is blended over black; CMYK JPEGs are converted. `name` is what errors call the image.
/// Fails when it is corrupt, of an unknown format, or too large.
Image decode_image(std::span<const std::byte> bytes, const std::string& name, int64_t channels = 3,
                   Orientation orientation = Orientation::exif);
/// The same from a file.
Image read_image(const std::filesystem::path& path, int64_t channels = 3, Orientation orientation = Orientation::exif);

/// Height and width from the header, the right way up, and 3 channels. No pixel is decoded.
ImageShape picture_shape(std::span<const std::byte> bytes, const std::string& name,
                         Orientation orientation = Orientation::exif);

/// A part of an image, decoded by decode_region().
struct Excerpt {
  Image image;        ///< 3 channels
  double top = 0;     ///< where the region is in `image`, in its pixels
  double left = 0;    ///< the same
  double height = 0;  ///< the same
  double width = 0;   ///< the same
};
/// Decodes what is needed to see `region` of an image, the right way up, at height x width or more. A JPEG is reduced by 2, 4
/// or 8 while it is decoded if the region stays at least that large (0: never), and what is outside the region is skipped.
/// Corrupt data there is not noticed; a truncated file always is.
void decode_region(Excerpt& excerpt, std::span<const std::byte> bytes, const std::string& name, const Region& region,
                   int64_t height, int64_t width, Orientation orientation = Orientation::exif);

/// The image as a PNG; it must have 1 (gray) or 3 (red, green, blue) channels.
std::vector<std::byte> encode_png(const Image& image);
/// The same into a file.
void write_png(const std::filesystem::path& path, const Image& image);

/// The center of height x width; fails when the image is smaller.
Image center_crop(const Image& image, int64_t height, int64_t width);

}  // namespace fovea
