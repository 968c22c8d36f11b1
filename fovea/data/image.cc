#include "fovea/data/image.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/codec.h"
#include "fovea/data/pixel_arithmetic.h"
#include "fovea/data/resample.h"

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

// Told apart by content: endings lie.
const Codec& codec_of(std::span<const std::byte> bytes, const std::string& name) {
  static const Codec codecs[] = {{is_jpeg, jpeg_shape, decode_jpeg},
                                 {is_png, png_shape, decode_png},
                                 {is_webp, webp_shape, decode_webp},
                                 {is_bmp, bmp_shape, decode_bmp}};
  if (bytes.empty()) fail("{}: the file is empty; a JPEG, PNG, WebP or BMP picture was expected", name);
  for (const Codec& codec : codecs) {
    if (codec.is(bytes)) return codec;
  }
  fail("{}: no JPEG, PNG, WebP or BMP picture", name);
}

}  // namespace

void check_pixels(const char* format, int64_t height, int64_t width, const std::string& name) {
  if (height < 1 || width < 1) fail("{}: damaged {}: {}x{} pixels", name, format, width, height);
  if (width <= most_pixels / height) return;
  fail("{}: a {} of {}x{} pixels is more than the {} million that are read", name, format, width, height, most_pixels >> 20);
}

Image decode_image(std::span<const std::byte> bytes, const std::string& name, int64_t channels) {
  if (channels != 1 && channels != 3) refuse("a picture is read as 1 or 3 channels, not {}", channels);
  Image color = codec_of(bytes, name).decode(bytes, name);
  return channels == 1 ? to_gray(color) : color;
}

ImageShape picture_shape(std::span<const std::byte> bytes, const std::string& name) {
  return codec_of(bytes, name).shape(bytes, name);
}

void decode_region(Excerpt& excerpt, std::span<const std::byte> bytes, const std::string& name, const Region& region,
                   int64_t height, int64_t width) {
  if (is_jpeg(bytes)) return decode_jpeg_region(excerpt, bytes, name, region, height, width);
  excerpt.image = codec_of(bytes, name).decode(bytes, name);
  excerpt.top = static_cast<double>(region.top);
  excerpt.left = static_cast<double>(region.left);
  excerpt.height = static_cast<double>(region.height);
  excerpt.width = static_cast<double>(region.width);
}

Image read_image(const std::filesystem::path& path, int64_t channels) {
  return decode_image(read_file(path), path.string(), channels);
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
