// SPDX-License-Identifier: Apache-2.0
// The part of a file that has arrived: opened by one process at a time, appended to, kept for the next time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace fovea {

class PartialFile {
 public:
  // Opens or creates. Fails when it cannot be, refuses when another process has it open.
  explicit PartialFile(std::filesystem::path path);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  int64_t size() const { return size_; }
  // False when the disk is full or cannot be written; error() is the reason. What fits is kept.
  bool append(std::span<const char> bytes);
  int error() const { return error_; }
  void clear();
  void remove();

 private:
  std::filesystem::path path_;
  int descriptor_;
  int64_t size_ = 0;
  int error_ = 0;
};

}  // namespace fovea
