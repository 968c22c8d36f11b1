// SPDX-License-Identifier: Apache-2.0
// TFRecord framing: what TensorBoard's event files and TensorFlow's data sets are made of.
//
//     u64 length | u32 masked CRC-32C of those 8 bytes | data | u32 masked CRC-32C of the data      little-endian
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fovea {

// Castagnoli's polynomial, reflected 0x82F63B78 (RFC 3720, B.4).
uint32_t crc32c(std::span<const std::byte> bytes);

// Rotated right by 15 plus 0xa282ead8, so that the checksum of data that holds checksums stays a good one.
uint32_t masked_crc32c(std::span<const std::byte> bytes);

// One record with its frame.
std::string frame_record(std::string_view data);

// The data of the record at the front of `bytes`, which is advanced past it; nothing when it is incomplete or damaged.
std::optional<std::span<const std::byte>> next_record(std::span<const std::byte>& bytes);

}  // namespace fovea
