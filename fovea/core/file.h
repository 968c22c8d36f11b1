// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whole files in and out. What is written replaces the old file only when it is complete on the disk (output_file.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// The bytes of a file or pipe, read to its end. Fails with `cannot read PATH: REASON`.
std::vector<std::byte> read_file(const std::filesystem::path& path);
/// The same as text; line ends stay as they are.
std::string read_text(const std::filesystem::path& path);

/// Reads `length` bytes of a file from `offset` on into `bytes`, which is resized. Fails when the file is shorter.
void read_part(const std::filesystem::path& path, uint64_t offset, uint64_t length, std::vector<std::byte>& bytes);
/// The same into memory of the caller, which it fills.
void read_part(const std::filesystem::path& path, uint64_t offset, std::span<std::byte> bytes);

/// A whole file that is looked into without reading all of it: only the pages that are touched are read.
class MappedFile {
 public:
  /// Fails with `cannot read PATH: REASON`. What cannot be mapped, such as a pipe, is read at once.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  /// Unmaps the file.
  ~MappedFile();
  /// The file's content, valid as long as this object. Should another process shorten the file, touching what is gone ends the
  /// process (SIGBUS).
  std::span<const std::byte> bytes() const {
    return start_ != nullptr ? std::span(static_cast<const std::byte*>(start_), size_) : std::span(read_);
  }

 private:
  std::vector<std::byte> read_;  // the content of what cannot be mapped
  void* start_ = nullptr;
  size_t size_ = 0;
};

/// Writes a whole file at once; output_file.h says what is replaced and what is written in place. `program` makes it
/// executable. Fails with `cannot write PATH: REASON`, and then leaves a plain file as it was.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes, bool program = false);
/// The same for text.
void write_text(const std::filesystem::path& path, std::string_view text);

/// Puts a finished file in the place of `path`, or of the file that a link of that name leads to: syncs it to the disk, renames
/// it, and syncs the folder. Fails with the reason.
void replace_file(const std::filesystem::path& finished, const std::filesystem::path& path);

/// Creates the folder and its parents. Fails with the reason when it cannot be created or written into.
void make_folder(const std::filesystem::path& path);

}  // namespace fovea
