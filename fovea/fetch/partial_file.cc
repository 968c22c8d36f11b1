// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fovea/core/error.h"

namespace fovea {

PartialFile::PartialFile(std::filesystem::path path)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) fail(code_of_errno(errno), "cannot write {}: {}", path_.string(), std::strerror(errno));
  struct stat status {};
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    fail(ErrorCode::unavailable, "{} is being written by another process", path_.string());
  }
  if (::fstat(descriptor_, &status) == 0) size_ = status.st_size;
}

PartialFile::~PartialFile() {
  if (size_ == 0) ::unlink(path_.c_str());  // an empty file is nothing to resume from
  ::close(descriptor_);
}

bool PartialFile::append(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      error_ = written < 0 ? errno : ENOSPC;
      return false;
    }
    size_ += written;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

void PartialFile::clear() {
  if (::ftruncate(descriptor_, 0) != 0) fail(code_of_errno(errno), "cannot write {}: {}", path_.string(), std::strerror(errno));
  size_ = 0;
}

void PartialFile::remove() {
  clear();
  ::unlink(path_.c_str());
}

}  // namespace fovea
