// SPDX-License-Identifier: Apache-2.0
// One writer a run: while a lock exists, no other process (and no other lock of this one) can have the folder. The lock is the
// system's and dies with the process, whatever becomes of it; the file RUN/.lock only says whose it is.
#pragma once

#include <filesystem>

namespace fovea {

class RunLock {
 public:
  // Refuses a folder that is locked, naming the process that writes into it.
  explicit RunLock(const std::filesystem::path& folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  bool take();

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace fovea
