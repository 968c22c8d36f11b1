// SPDX-License-Identifier: Apache-2.0
// Files inside a zip archive that lies in memory, alone or after something else: weights as PyTorch saves them, and what
// follows a .tflite file. Nothing that the archive says of itself is trusted: the directory, every entry's own header and the
// checksums have to agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fovea {

class ZipArchive {
 public:
  // None where no archive ends the bytes, which have to outlive it. Fails, naming `name`, on one that is damaged.
  static std::optional<ZipArchive> find(std::span<const std::byte> bytes, const std::string& name);
  // Whether the bytes begin like one.
  static bool begins(std::span<const std::byte> bytes);

  std::vector<std::string> names() const;
  bool contains(const std::string& file) const { return entries_.contains(file); }
  // The bytes of a file that is stored as it is. Fails on one that is encrypted, compressed, or not what its checksum says.
  std::span<const std::byte> stored(const std::string& file) const;
  // The content of a file, stored or deflated. Fails on one that is larger than `most`, too.
  std::vector<std::byte> read(const std::string& file, size_t most) const;

 private:
  struct Entry {
    uint64_t start = 0;  // of its local header, from the first byte
    uint64_t packed = 0, size = 0;
    uint32_t checksum = 0;
    int method = 0;
    bool encrypted = false;
  };
  struct Directory;

  ZipArchive(std::span<const std::byte> bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}
  void read_directory(const Directory& directory);
  Directory directory_before(size_t end) const;
  Entry entry_of(std::span<const std::byte> line, std::span<const std::byte> extra, const std::string& file,
                 uint64_t before) const;
  const Entry& entry(const std::string& file) const;
  std::span<const std::byte> part(uint64_t begin, uint64_t count, const std::string& what) const;
  std::span<const std::byte> packed(const Entry& entry, const std::string& file) const;
  void check_content(std::span<const std::byte> content, const Entry& entry, const std::string& file) const;

  std::span<const std::byte> bytes_;
  std::string name_;
  std::map<std::string, Entry> entries_;
};

}  // namespace fovea
