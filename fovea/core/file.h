// SPDX-License-Identifier: Apache-2.0
// Whole files in and out. What is written replaces the old file only when it is complete on the disk (output_file.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// Fails with `cannot read PATH: REASON`.
std::vector<std::byte> read_file(const std::filesystem::path& path);
std::string read_text(const std::filesystem::path& path);

// `length` bytes of a file from `offset` on; fails when it is shorter.
void read_part(const std::filesystem::path& path, uint64_t offset, uint64_t length, std::vector<std::byte>& bytes);
void read_part(const std::filesystem::path& path, uint64_t offset, std::span<std::byte> bytes);

// A whole file to look into without reading all of it: only the pages that are touched are read.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();
  std::span<const std::byte> bytes() const {
    return start_ != nullptr ? std::span(static_cast<const std::byte*>(start_), size_) : std::span(read_);
  }

 private:
  std::vector<std::byte> read_;  // of what cannot be mapped
  void* start_ = nullptr;
  size_t size_ = 0;
};

// A whole file at once; see output_file.h for what is replaced and what is written to. `program`: one that can be executed.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes, bool program = false);
void write_text(const std::filesystem::path& path, std::string_view text);

// Puts a finished file in the place of `path`, or of what a link of that name leads to: fsyncs it, renames, fsyncs the folder.
// Fails with the reason.
void replace_file(const std::filesystem::path& finished, const std::filesystem::path& path);

// Creates the folder and its parents; fails with the reason when it cannot be written.
void make_folder(const std::filesystem::path& path);

}  // namespace fovea
