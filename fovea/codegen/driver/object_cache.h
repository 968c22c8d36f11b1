// SPDX-License-Identifier: Apache-2.0
// The kernel cache: compiled kernels on disk, by content, target and compiler version. Includes no MLIR.
//
// The folder is Settings::kernel_cache (fovea/core/settings.h). Its content is executed, so it must belong to the user and be
// writable by nobody else. A file that is corrupt or of another version is ignored and replaced.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace fovea {

/// A compiled kernel as it is stored.
struct CachedKernel {
  std::string object;  ///< an object file, or bitcode for KernelEntry::whole
  int64_t tiles = 1;
  int64_t scratch_bytes = 0;
};

/// The cache. Several threads and processes may use it at the same time, because files are written atomically.
class ObjectCache {
 public:
  ObjectCache();  ///< refuses a folder that others can write; disabled if the folder cannot be created

  /// Whether there is a cache.
  bool enabled() const { return !folder_.empty(); }
  /// The kernel that was stored with this key, if any. The key is everything that the code depends on, in full, and is compared
  /// in full by its SHA-256.
  std::optional<CachedKernel> find(const std::string& key) const;
  /// Stores a kernel. A failure to write is ignored: the kernel is compiled again next time.
  void store(const std::string& key, const CachedKernel& kernel) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace fovea
