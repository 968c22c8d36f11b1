// SPDX-License-Identifier: Apache-2.0
/// \file
/// Files compressed with gzip.
#pragma once

#include <filesystem>

namespace fovea {

/// Whether the file begins as gzip files do. Fails when it cannot be read.
bool is_gzip(const std::filesystem::path& path);

/// The uncompressed content of a file in a temporary file without a name, so that it can be read at any position. It is deleted
/// with the object.
class UnpackedFile {
 public:
  /// Fails with the reason on a file that is truncated or corrupt, and when there is no room for its content.
  explicit UnpackedFile(const std::filesystem::path& packed);
  UnpackedFile(const UnpackedFile&) = delete;
  UnpackedFile& operator=(const UnpackedFile&) = delete;
  /// Deletes the temporary file.
  ~UnpackedFile();
  /// The temporary file, valid as long as this object.
  const std::filesystem::path& path() const { return path_; }

 private:
  int file_ = -1;
  std::filesystem::path path_;
};

}  // namespace fovea
