// SPDX-License-Identifier: Apache-2.0
// Files that gzip packed.
#pragma once

#include <filesystem>

namespace fovea {

bool is_gzip(const std::filesystem::path& path);

// A packed file's content in a temporary file without a name, so that it can be read from any place; gone with the object.
class UnpackedFile {
 public:
  // Fails with the reason on a file that is cut off or damaged, and where there is no room for its content.
  explicit UnpackedFile(const std::filesystem::path& packed);
  UnpackedFile(const UnpackedFile&) = delete;
  UnpackedFile& operator=(const UnpackedFile&) = delete;
  ~UnpackedFile();
  const std::filesystem::path& path() const { return path_; }

 private:
  int file_ = -1;
  std::filesystem::path path_;
};

}  // namespace fovea
