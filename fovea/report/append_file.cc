// SPDX-License-Identifier: Apache-2.0
#include "fovea/report/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fovea/core/error.h"

namespace fovea {

AppendFile::AppendFile(const std::filesystem::path& path, size_t keep)
    : path_(path), kept_(keep), descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) fail(code_of_errno(errno), "cannot write {}: {}", path.string(), std::strerror(errno));
  struct stat status {};
  const bool plain = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);  // devices and pipes have no length
  if (plain && ::ftruncate(descriptor_, static_cast<off_t>(keep)) != 0) {
    const int reason = errno;
    ::close(descriptor_);
    fail(code_of_errno(reason), "cannot write {}: {}", path.string(), std::strerror(reason));
  }
}

AppendFile::~AppendFile() { ::close(descriptor_); }

void AppendFile::append(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(code_of_errno(errno), "cannot write {}: {}", path_.string(), std::strerror(errno));
    text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace fovea
