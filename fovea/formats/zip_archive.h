// Files inside a zip archive that lies in memory, alone or after something else, as after a .tflite file. Stored and deflated
// entries; no length in it is trusted.
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
  // None where no archive ends the bytes. Fails, naming `name`, on one that is damaged.
  static std::optional<ZipArchive> find(std::span<const std::byte> bytes, const std::string& name);

  std::vector<std::string> names() const;
  bool contains(const std::string& file) const { return entries_.contains(file); }
  // Fails on a file that is encrypted, larger than `most`, compressed otherwise, or not what its checksum says.
  std::vector<std::byte> read(const std::string& file, size_t most) const;

 private:
  struct Entry {
    size_t start = 0;  // of its local header, from the first byte
    size_t stored = 0, size = 0;
    uint32_t checksum = 0;
    int method = 0;
    bool encrypted = false;
  };

  ZipArchive(std::span<const std::byte> bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}
  void read_directory(size_t end);
  [[noreturn]] void damaged(const std::string& what) const;

  std::span<const std::byte> bytes_;
  std::string name_;
  std::map<std::string, Entry> entries_;
};

}  // namespace fovea
