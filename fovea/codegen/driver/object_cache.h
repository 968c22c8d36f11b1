// SPDX-License-Identifier: Apache-2.0
// Compiled kernels on disk, by content, processor and compiler version. MLIR-free.
//
// Settings::kernel_cache (fovea/core/settings.h) is the folder. What it holds is run as code, so the
// folder must belong to the user and be writable by nobody else; a file that is damaged, or of another version, is noticed and
// made anew.
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
  /// `key` is everything the kernel depends on, in full: a file answers only for the key it was written for.
  std::optional<CachedKernel> find(const std::string& key) const;
  /// Failing to write is not an error: the kernel is compiled again next time.
  void store(const std::string& key, const CachedKernel& kernel) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace fovea
