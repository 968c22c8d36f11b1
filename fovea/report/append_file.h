// SPDX-License-Identifier: Apache-2.0
/// \file
/// A file that only grows, for logs. What a call appended is in the file, complete, when it returns, whatever happens to the
/// process then.
#pragma once

#include <filesystem>
#include <string_view>

namespace fovea {

/// A file that is appended to. One thread at a time.
class AppendFile {
 public:
  /// Opens or creates `path` and truncates it to its first `keep` bytes. Fails with `cannot write PATH: REASON`.
  AppendFile(const std::filesystem::path& path, size_t keep);
  /// Closes the file.
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  /// The bytes that were kept: at most `keep`.
  size_t kept() const { return kept_; }
  /// Appends the text by one write. Fails like the constructor.
  void append(std::string_view text);

 private:
  std::filesystem::path path_;
  size_t kept_;
  int descriptor_;
};

}  // namespace fovea
