// SPDX-License-Identifier: Apache-2.0
/// \file
/// One writer for each run: while a lock exists, no other process, and no other lock of this one, can get the folder. The lock
/// belongs to the system and ends with the process in any case; the file RUN/.lock only says who holds it.
#pragma once

#include <filesystem>

namespace fovea {

/// A lock on a run's folder.
class RunLock {
 public:
  /// Fails with the code unavailable when the folder is locked, naming the process that has the lock.
  explicit RunLock(const std::filesystem::path& folder);
  /// Releases the lock.
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  bool take();

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace fovea
