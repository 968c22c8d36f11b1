// SPDX-License-Identifier: Apache-2.0
// Writes zip archives, also such as no program would write (PKWARE, .ZIP File Format Specification).
#pragma once

#include <zlib.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fovea {

struct ZipEntry {
  std::string name, contents;
  uint16_t method = 0;                     // as the archive says: 0 stored, 8 deflated
  std::optional<std::string> packed = {};  // the bytes in the archive, if they are not the contents
};

// With `wide`, a record of 64-bit numbers stands before the end, as PyTorch writes it even if they fit 32 bits.
inline std::string zip(const std::vector<ZipEntry>& entries, bool wide = false, const std::string& comment = "") {
  const auto little = [](uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value & 255);
    return text;
  };
  std::string files, directory;
  for (const ZipEntry& entry : entries) {
    const std::string& packed = entry.packed ? *entry.packed : entry.contents;
    const auto checksum =
        crc32(0, reinterpret_cast<const Bytef*>(entry.contents.data()), static_cast<uInt>(entry.contents.size()));
    const std::string common = little(20, 2) + little(0, 2) + little(entry.method, 2) + little(0, 4) + little(checksum, 4) +
                               little(packed.size(), 4) + little(entry.contents.size(), 4) + little(entry.name.size(), 2) +
                               little(0, 2);
    directory += "PK\1\2" + little(20, 2) + common + little(0, 10) + little(files.size(), 4) + entry.name;
    files += "PK\3\4" + common + entry.name + packed;
  }
  const size_t count = entries.size(), size = directory.size(), begin = files.size();
  std::string record;
  if (wide)
    record = "PK\6\6" + little(44, 8) + little(0x31e, 2) + little(45, 2) + little(0, 8) + little(count, 8) + little(count, 8) +
             little(size, 8) + little(begin, 8) + "PK\6\7" + little(0, 4) + little(begin + size, 8) + little(1, 4);
  return files + directory + record + "PK\5\6" + little(0, 4) + little(count, 2) + little(count, 2) + little(size, 4) +
         little(begin, 4) + little(comment.size(), 2) + comment;
}

}  // namespace fovea
