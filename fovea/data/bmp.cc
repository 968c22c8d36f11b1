// Windows bitmaps: a file header of 14 bytes, an information header of 12 (OS/2) or at least 40, masks, a palette, then rows
// padded to 4 bytes, bottom first unless the height is negative. Compressed ones (RLE) are hardly ever met and not read.
#include <array>
#include <bit>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/data/codec.h"

namespace fovea {
namespace {

constexpr size_t file_header = 14;

// Reads little-endian numbers; what the file does not have is an error of the file.
struct Reader {
  std::span<const std::byte> bytes;
  const std::string& name;

  template <typename Number>
  Number at(size_t position) const {
    Number number;
    if (bytes.size() < sizeof number || position > bytes.size() - sizeof number) {
      fail("{}: truncated BMP: {} bytes, its header needs more", name, bytes.size());
    }
    std::memcpy(&number, bytes.data() + position, sizeof number);
    return number;
  }
};

struct Header {
  int64_t height = 0, width = 0;
  bool bottom_first = true;
  uint32_t bits = 0;
  std::array<uint32_t, 3> masks{};  // of red, green, blue, where a pixel is a number of 16 or 32 bits
  size_t palette = 0, palette_entry = 4, colors = 0;
  size_t pixels = 0;
  size_t stride() const { return (static_cast<size_t>(width) * bits + 31) / 32 * 4; }
};

void read_masks(Header& header, const Reader& reader, uint32_t compression, size_t size) {
  header.masks =
      header.bits == 16 ? std::array<uint32_t, 3>{0x7c00, 0x3e0, 0x1f} : std::array<uint32_t, 3>{0xff0000, 0xff00, 0xff};
  if (compression != 3 && compression != 6) return;
  for (size_t c = 0; c < 3; ++c) header.masks[c] = reader.at<uint32_t>(file_header + 40 + 4 * c);
  if (size == 40) header.palette += compression == 6 ? 16 : 12;
}

Header read_header(std::span<const std::byte> bytes, const std::string& name) {
  const Reader reader{bytes, name};
  Header header;
  header.pixels = reader.at<uint32_t>(10);
  const auto size = reader.at<uint32_t>(file_header);
  header.palette = file_header + size;
  uint32_t compression = 0;
  if (size == 12) {
    header.width = reader.at<uint16_t>(18);
    header.height = reader.at<uint16_t>(20);
    header.bits = reader.at<uint16_t>(24);
    header.palette_entry = 3;
  } else if (size >= 40 && size <= 124) {
    header.width = reader.at<int32_t>(18);
    header.height = reader.at<int32_t>(22);
    header.bits = reader.at<uint16_t>(28);
    compression = reader.at<uint32_t>(30);
    header.colors = reader.at<uint32_t>(46);
    header.bottom_first = header.height >= 0;
    header.height = std::abs(header.height);
  } else {
    fail("{}: damaged BMP: an information header of {} bytes", name, size);
  }
  check_pixels("BMP", header.height, header.width, name);
  const bool masked = compression == 3 || compression == 6;
  if (compression != 0 && !masked) fail("{}: a compressed BMP (method {}) is not read", name, compression);
  const bool known =
      header.bits == 1 || header.bits == 4 || header.bits == 8 || header.bits == 16 || header.bits == 24 || header.bits == 32;
  if (!known || (masked && header.bits != 16 && header.bits != 32)) fail("{}: damaged BMP: {} bits a pixel", name, header.bits);
  if (header.bits == 16 || header.bits == 32) read_masks(header, reader, compression, size);
  const size_t most_colors = header.bits <= 8 ? size_t{1} << header.bits : 0;
  if (header.colors == 0 || header.colors > most_colors) header.colors = most_colors;
  return header;
}

// A masked field, spread to 0..255.
uint8_t field(uint32_t value, uint32_t mask) {
  if (mask == 0) return 0;
  const uint32_t most = mask >> std::countr_zero(mask);
  return static_cast<uint8_t>((uint64_t{(value & mask) >> std::countr_zero(mask)} * 255 + most / 2) / most);
}

void read_row(const Header& header, const Reader& reader, const uint8_t* row, uint8_t* pixels) {
  for (int64_t x = 0; x < header.width; ++x, pixels += 3) {
    const auto at = static_cast<size_t>(x);
    if (header.bits == 24) {
      for (size_t c = 0; c < 3; ++c) pixels[c] = row[3 * at + 2 - c];
    } else if (header.bits > 8) {
      uint32_t value = 0;
      std::memcpy(&value, row + at * header.bits / 8, header.bits / 8);
      for (size_t c = 0; c < 3; ++c) pixels[c] = field(value, header.masks[c]);
    } else {
      const size_t shift = 8 - header.bits - at * header.bits % 8;
      const size_t color = (row[at * header.bits / 8] >> shift) & ((1U << header.bits) - 1);
      if (color >= header.colors) fail("{}: damaged BMP: color {} of {}", reader.name, color, header.colors);
      const size_t entry = header.palette + color * header.palette_entry;
      for (size_t c = 0; c < 3; ++c) pixels[c] = reader.at<uint8_t>(entry + 2 - c);
    }
  }
}

}  // namespace

bool is_bmp(std::span<const std::byte> bytes) {
  return bytes.size() >= file_header + 12 && bytes[0] == std::byte{'B'} && bytes[1] == std::byte{'M'};
}

ImageShape bmp_shape(std::span<const std::byte> bytes, const std::string& name) {
  const Header header = read_header(bytes, name);
  return {header.height, header.width, 3};
}

Image decode_bmp(std::span<const std::byte> bytes, const std::string& name) {
  const Header header = read_header(bytes, name);
  const size_t needed = header.stride() * static_cast<size_t>(header.height);
  if (header.pixels > bytes.size() || needed > bytes.size() - header.pixels) {
    fail("{}: truncated BMP: {} bytes, {}x{} pixels need {} from byte {} on", name, bytes.size(), header.width, header.height,
         needed, header.pixels);
  }
  Image image({header.height, header.width, 3});
  const auto* rows = reinterpret_cast<const uint8_t*>(bytes.data()) + header.pixels;
  for (int64_t y = 0; y < header.height; ++y) {
    const int64_t from = header.bottom_first ? header.height - 1 - y : y;
    read_row(header, {bytes, name}, rows + static_cast<size_t>(from) * header.stride(),
             image.pixels.data() + y * header.width * 3);
  }
  return image;
}

}  // namespace fovea
