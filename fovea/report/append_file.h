// SPDX-License-Identifier: Apache-2.0
// A file that only grows, for logs: what a call appended is in the file when it returns, whole, whatever becomes of the
// process.
#pragma once

#include <filesystem>
#include <string_view>

namespace fovea {

class AppendFile {
 public:
  // Opens or creates `path` and cuts it to its first `keep` bytes. Fails with `cannot write PATH: REASON`.
  AppendFile(const std::filesystem::path& path, size_t keep);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  size_t kept() const { return kept_; }
  void append(std::string_view text);

 private:
  std::filesystem::path path_;
  size_t kept_;
  int descriptor_;
};

}  // namespace fovea
