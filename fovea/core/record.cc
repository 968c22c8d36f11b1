// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/record.h"

#include <array>
#include <cstring>

namespace fovea {
namespace {

// tables[0] is the checksum of one byte, and tables[n] that of one byte followed by n zeros, so that eight bytes are processed
// at a time (Kounavis and Berry, "A systematic approach to building high performance software-based CRC generators", 2005).
constexpr std::array<std::array<uint32_t, 256>, 8> castagnoli_tables() {
  std::array<std::array<uint32_t, 256>, 8> tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ 0x82F63B78 : value >> 1;
    tables[0][byte] = value;
  }
  for (size_t zeros = 1; zeros < 8; ++zeros) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[zeros - 1][byte];
      tables[zeros][byte] = tables[0][before & 255] ^ before >> 8;
    }
  }
  return tables;
}

constexpr std::array<std::array<uint32_t, 256>, 8> tables = castagnoli_tables();
constexpr size_t head = 12;  // the length and its checksum
constexpr size_t tail = 4;

template <typename Number>
void append(std::string& text, Number number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);  // little-endian, as every machine this runs on
}

template <typename Number>
Number number_at(std::span<const std::byte> bytes, size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

}  // namespace

uint32_t crc32c(std::span<const std::byte> bytes) {
  uint32_t value = 0xFFFFFFFF;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    const uint64_t word = number_at<uint64_t>(bytes, 0) ^ value;
    value = 0;
    for (size_t i = 0; i < 8; ++i) value ^= tables[7 - i][word >> 8 * i & 255];
  }
  for (const std::byte byte : bytes) value = tables[0][(value ^ std::to_integer<uint32_t>(byte)) & 255] ^ value >> 8;
  return ~value;
}

uint32_t masked_crc32c(std::span<const std::byte> bytes) {
  const uint32_t sum = crc32c(bytes);
  return (sum >> 15 | sum << 17) + 0xa282ead8;
}

std::string frame_record(std::string_view data) {
  std::string record;
  append(record, static_cast<uint64_t>(data.size()));
  append(record, masked_crc32c(bytes_of(record)));
  record += data;
  append(record, masked_crc32c(bytes_of(data)));
  return record;
}

std::optional<std::span<const std::byte>> next_record(std::span<const std::byte>& bytes) {
  if (bytes.size() < head + tail) return std::nullopt;
  if (number_at<uint32_t>(bytes, 8) != masked_crc32c(bytes.first(8))) return std::nullopt;
  const auto length = number_at<uint64_t>(bytes, 0);
  if (length > bytes.size() - head - tail) return std::nullopt;
  const std::span<const std::byte> data = bytes.subspan(head, length);
  if (number_at<uint32_t>(bytes, head + length) != masked_crc32c(data)) return std::nullopt;
  bytes = bytes.subspan(head + length + tail);
  return data;
}

}  // namespace fovea
