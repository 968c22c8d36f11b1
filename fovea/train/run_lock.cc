// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fovea/core/error.h"

namespace fovea {
namespace {

// Who wrote the file last, such as "process 1234".
std::string holder(int descriptor) {
  char digits[32];
  const ssize_t got = ::pread(descriptor, digits, sizeof digits, 0);
  std::string number(digits, got > 0 ? static_cast<size_t>(got) : 0);
  number.resize(std::min(number.size(), number.find_first_not_of("0123456789")));
  return number.empty() ? "another process" : "process " + number;
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& folder) : path_(folder / ".lock") {
  while (!take()) {
  }
}

// Returns false when the last holder removed the file after it was opened and before it was locked, because the lock is on a
// removed file then.
bool RunLock::take() {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail(code_of_errno(errno), "cannot write {}: {}", path_.string(), std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    const std::string other = holder(descriptor_);
    ::close(descriptor_);
    fail(ErrorCode::unavailable, "{} is writing into {} already; wait for it, or give another folder with --out", other,
         path_.parent_path().string());
  }
  // Any other failure comes from a file system without locks; the run continues without one.
  struct stat mine {
  }, named{};
  if (::fstat(descriptor_, &mine) != 0 || ::stat(path_.c_str(), &named) != 0 || mine.st_ino != named.st_ino) {
    ::close(descriptor_);
    return false;
  }
  const std::string number = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, number.data(), number.size(), 0) < 0) {
    const int reason = errno;
    ::close(descriptor_);
    fail(code_of_errno(reason), "cannot write {}: {}", path_.string(), std::strerror(reason));
  }
  return true;
}

RunLock::~RunLock() {
  ::unlink(path_.c_str());  // while it is still locked
  ::close(descriptor_);
}

}  // namespace fovea
