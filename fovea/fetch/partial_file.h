// SPDX-License-Identifier: Apache-2.0
/// \file
/// The part of a file that has arrived: opened by one process at a time, appended to, and kept for the next time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace fovea {

/// A file that grows, locked against other processes. One thread at a time.
class PartialFile {
 public:
  /// Opens the file or creates it. Fails when that is not possible, with the code unavailable when another
  /// process has it open.
  explicit PartialFile(std::filesystem::path path);
  /// Closes the file, and deletes it when it is empty.
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  /// As given to the constructor; valid as long as this object.
  const std::filesystem::path& path() const { return path_; }
  /// Bytes in the file.
  int64_t size() const { return size_; }
  /// Appends the bytes. Returns false when the disk is full or cannot be written; error() is then the reason, and what fits is
  /// kept.
  bool append(std::span<const char> bytes);
  /// The errno of the last append that failed; 0 when none did.
  int error() const { return error_; }
  /// Removes all content.
  void clear();
  /// Deletes the file.
  void remove();

 private:
  std::filesystem::path path_;
  int descriptor_;
  int64_t size_ = 0;
  int error_ = 0;
};

}  // namespace fovea
