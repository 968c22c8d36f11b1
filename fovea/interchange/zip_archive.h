// SPDX-License-Identifier: Apache-2.0
/// \file
/// Files inside a zip archive in memory, which may follow something else: weights as PyTorch saves them, and what follows a
/// .tflite file. Nothing that the archive says about itself is trusted: the directory, the header of every entry and the
/// checksums have to agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace fovea {

/// An archive within bytes of the caller.
class ZipArchive {
 public:
  /// The archive at the end of the bytes, which have to outlive it; nothing when there is none. Fails, naming `name`, on a
  /// corrupt archive.
  static std::optional<ZipArchive> find(std::span<const std::byte> bytes, const std::string& name);
  /// Whether the bytes begin like an archive.
  static bool begins(std::span<const std::byte> bytes);

  /// The names of all files.
  std::vector<std::string> names() const;
  /// Whether there is a file of that name.
  bool contains(const std::string& file) const { return entries_.contains(file); }
  /// The bytes of a file that is stored without compression, valid as long as those of the archive. Fails when it is encrypted,
  /// compressed, or does not have its checksum.
  std::span<const std::byte> stored(const std::string& file) const;
  /// The content of a file, stored or deflated. Fails also when it is larger than `most`.
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
