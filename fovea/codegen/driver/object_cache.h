// SPDX-License-Identifier: Apache-2.0
// Compiled kernels on disk, by content, processor and compiler version. Includes no MLIR.
//
// The folder is Settings::kernel_cache (fovea/core/settings.h). Its content is run as code, so it must belong to the user and
// be writable by nobody else. A file that is corrupt or of another version is noticed and replaced.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace fovea {

struct CachedKernel {
  std::string object;  ///< an object file
  int64_t tiles = 1;
  int64_t scratch_bytes = 0;
};

class ObjectCache {
 public:
  ObjectCache();  ///< refuses a folder that others can write

  bool enabled() const { return !folder_.empty(); }
  /// `key` is everything that the kernel depends on, in full; a file is used only for the key that it was written with.
  std::optional<CachedKernel> find(const std::string& key) const;
  /// A failure to write is not an error, because the kernel is then compiled again next time.
  void store(const std::string& key, const CachedKernel& kernel) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace fovea
