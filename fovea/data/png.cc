#include <png.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/codec.h"

namespace fovea {
namespace {

constexpr std::array<unsigned char, 8> signature{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

// libpng is content once it has every row; a file cut off after that is still a damaged file.
void check_complete(std::span<const std::byte> bytes, const std::string& name) {
  size_t at = signature.size();
  for (;;) {
    if (bytes.size() - at < 12) fail("{}: truncated PNG: it ends after {} bytes, before its end chunk", name, bytes.size());
    const auto* head = reinterpret_cast<const unsigned char*>(bytes.data() + at);
    const size_t length = png_get_uint_32(head);
    if (length > bytes.size() - at - 12) {
      fail("{}: truncated PNG: the chunk at byte {} says it has {} bytes, {} are left", name, at, length,
           bytes.size() - at - 12);
    }
    if (std::memcmp(head + 4, "IEND", 4) == 0) return;
    at += length + 12;
  }
}

// Frees what libpng holds on every way out.
struct Control : png_image {
  Control() : png_image{} { version = PNG_IMAGE_VERSION; }
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control() { png_image_free(this); }
};

}  // namespace

bool is_png(std::span<const std::byte> bytes) {
  return bytes.size() >= signature.size() && std::memcmp(bytes.data(), signature.data(), signature.size()) == 0;
}

ImageShape png_shape(std::span<const std::byte> bytes, const std::string& name) {
  Control control;
  if (png_image_begin_read_from_memory(&control, bytes.data(), bytes.size()) == 0) {
    fail("{}: damaged PNG: {}", name, control.message);
  }
  check_pixels("PNG", control.height, control.width, name);
  return {control.height, control.width, 3};
}

Image decode_png(std::span<const std::byte> bytes, const std::string& name) {
  check_complete(bytes, name);
  Control control;
  if (png_image_begin_read_from_memory(&control, bytes.data(), bytes.size()) == 0) {
    fail("{}: damaged PNG: {}", name, control.message);
  }
  const int64_t pixels = int64_t{control.width} * control.height;
  check_pixels("PNG", control.height, control.width, name);
  // Deflate cannot shrink by more than 1032, and a pixel has at least one bit: no memory for a header that lies.
  if (pixels > static_cast<int64_t>(bytes.size()) * 1032 * 8) {
    fail("{}: damaged PNG: {} bytes cannot hold {}x{} pixels", name, bytes.size(), control.width, control.height);
  }
  control.format = PNG_FORMAT_RGB;
  Image image({control.height, control.width, 3});
  const png_color black{0, 0, 0};
  if (png_image_finish_read(&control, &black, image.pixels.data(), 0, nullptr) == 0) {
    fail("{}: damaged PNG: {}", name, control.message);
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
