// SPDX-License-Identifier: Apache-2.0
// PNG: read by png_format.h, which programs for devices share, and zlib; written by libpng.
#include <png.h>
#include <zlib.h>

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/image/codec.h"
#include "fovea/data/image/png_format.h"

namespace fovea {
namespace {

// Inflates the data of all chunks to `raw`, which it must fill.
void inflate_data(const fovea_png& png, std::span<const uint8_t> bytes, std::vector<uint8_t>& raw, const std::string& name) {
  struct Stream : z_stream {
    Stream() : z_stream{} {}
    ~Stream() { inflateEnd(this); }
  } stream;
  if (inflateInit(&stream) != Z_OK) fail(ErrorCode::unavailable, "{}: zlib cannot start", name);
  size_t at = png.data, filled = 0, length = 0;
  const uint8_t* data = nullptr;
  while (filled < raw.size() && fovea_png_data(bytes.data(), bytes.size(), &at, &data, &length) != 0) {
    stream.next_in = const_cast<Bytef*>(data);
    stream.avail_in = static_cast<uInt>(length);  // less than 2^31
    while (stream.avail_in > 0 && filled < raw.size()) {
      const auto room = static_cast<uInt>(std::min<size_t>(raw.size() - filled, 1 << 30));
      stream.next_out = raw.data() + filled;
      stream.avail_out = room;
      const int status = inflate(&stream, Z_NO_FLUSH);
      filled += room - stream.avail_out;
      // What follows the last pixel is ignored, also zlib's own checksum: those of the chunks are right.
      if (status == Z_OK || filled == raw.size()) continue;
      if (status == Z_STREAM_END) fail(ErrorCode::data_loss, "{}: damaged PNG: its data ends before its last pixel", name);
      fail(ErrorCode::data_loss, "{}: damaged PNG: its compressed data is wrong", name);
    }
  }
  if (filled < raw.size()) fail(ErrorCode::data_loss, "{}: damaged PNG: its data ends before its last pixel", name);
}

// Frees what libpng holds on every way out.
struct Control : png_image {
  Control() : png_image{} { version = PNG_IMAGE_VERSION; }
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control() { png_image_free(this); }
};

}  // namespace

bool is_png(std::span<const std::byte> bytes) { return fovea_is_png(start_of(bytes), bytes.size()) != 0; }

ImageShape png_shape(std::span<const std::byte> bytes, const std::string& name) {
  fovea_png png;
  if (const char* problem = fovea_png_header(&png, start_of(bytes), bytes.size()))
    fail(ErrorCode::data_loss, "{}: damaged PNG: {}", name, problem);
  check_pixels("PNG", png.height, png.width, name);
  return {png.height, png.width, 3};
}

Image decode_png(std::span<const std::byte> bytes, const std::string& name) {
  fovea_png png;
  if (const char* problem = fovea_png_open(&png, start_of(bytes), bytes.size()))
    fail(ErrorCode::data_loss, "{}: damaged PNG: {}", name, problem);
  check_pixels("PNG", png.height, png.width, name);
  std::vector<uint8_t> raw;
  // Deflate cannot compress by more than a factor of 1032, so no memory is allocated for a header that lies.
  const size_t size = fovea_png_raw_size(&png);
  if (size / 1032 > bytes.size()) {
    fail(ErrorCode::data_loss, "{}: damaged PNG: {} bytes cannot hold {}x{} pixels", name, bytes.size(), png.width, png.height);
  }
  raw.resize(size);
  inflate_data(png, {start_of(bytes), bytes.size()}, raw, name);
  Image image({png.height, png.width, 3});
  if (const char* problem = fovea_png_pixels(&png, raw.data(), image.pixels.data())) {
    fail(ErrorCode::data_loss, "{}: damaged PNG: {}", name, problem);
  }
  return image;
}

std::vector<std::byte> encode_png(const Image& image) {
  const auto [height, width, channels] = image.shape;
  if (channels != 1 && channels != 3) fail("a PNG is written from 1 or 3 channels, not {}", channels);
  if (height < 1 || width < 1) fail("a PNG cannot have {}x{} pixels", width, height);
  if (image.pixels.size() != static_cast<size_t>(image.shape.size()))
    fail("an image of {} pixels does not fit its shape", width);
  Control control;
  control.width = static_cast<png_uint_32>(width);
  control.height = static_cast<png_uint_32>(height);
  control.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(control);
  std::vector<std::byte> bytes(size);
  if (png_image_write_to_memory(&control, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr) == 0) {
    fail("cannot encode a PNG of {}x{} pixels: {}", width, height, control.message);
  }
  bytes.resize(size);
  return bytes;
}

void write_png(const std::filesystem::path& path, const Image& image) { write_file(path, encode_png(image)); }

}  // namespace fovea
