// SPDX-License-Identifier: Apache-2.0
/// \file
/// TFRecord framing, which TensorBoard's event files and TensorFlow's data sets consist of. All numbers are little-endian:
///
///     u64 length | u32 masked CRC-32C of those 8 bytes | data | u32 masked CRC-32C of the data
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fovea {

/// CRC-32C: Castagnoli's polynomial, reflected 0x82F63B78 (RFC 3720, B.4).
uint32_t crc32c(std::span<const std::byte> bytes);

/// The CRC-32C rotated right by 15 bits, plus 0xa282ead8, so that the checksum of data that itself contains checksums stays a
/// good one.
uint32_t masked_crc32c(std::span<const std::byte> bytes);

/// `data` as one record with its frame.
std::string frame_record(std::string_view data);

/// The data of the record at the front of `bytes`, which is advanced past it; nothing when the record is incomplete or corrupt.
/// The result points into `bytes`.
std::optional<std::span<const std::byte>> next_record(std::span<const std::byte>& bytes);

}  // namespace fovea
