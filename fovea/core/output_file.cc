// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

#include "fovea/core/error.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr int most_links = 40;  // as many as Linux follows

std::atomic<bool> output_taken = false;

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

// The N of /proc/PID/fd/N when that process is this one; -1 otherwise.
int own_descriptor(const fs::path& folder, const fs::path& name) {
  const std::string process = "/proc/" + std::to_string(::getpid());
  const std::string text = folder.string();
  if (folder.filename() != "fd" || (text != process + "/fd" && !text.starts_with(process + "/task/"))) return -1;
  const std::string digits = name.string();
  int number = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? number : -1;
}

// The longest beginning of a name, up to `length` bytes, that splits no UTF-8 character: some file systems accept nothing else.
std::string_view beginning(std::string_view name, size_t length) {
  if (name.size() <= length) return name;
  while (length > 0 && (static_cast<unsigned char>(name[length]) & 0xC0) == 0x80) --length;
  return name.substr(0, length);
}

// A name beside `name`, no longer than the file system accepts.
std::string temporary_name(int folder, const std::string& name) {
  const std::string suffix = fmt::format(".{}.tmp", ::getpid());
  const long most = ::fpathconf(folder, _PC_NAME_MAX);
  const size_t longest = most > 0 ? static_cast<size_t>(most) : NAME_MAX;
  return std::string(beginning(name, longest - std::min(longest, suffix.size()))) + suffix;
}

// While an object of this class exists, writing to a pipe that nobody reads is an error like any other, and not a signal that
// ends the process.
class PipeGuard {
 public:
  PipeGuard() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    before_ = sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &mask_);
  }
  ~PipeGuard() {
    const timespec at_once{};
    if (!before_) ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
  PipeGuard(const PipeGuard&) = delete;
  PipeGuard& operator=(const PipeGuard&) = delete;

 private:
  sigset_t pipe_{}, mask_{};
  bool before_ = false;
};

// Returns 0, or the errno of the failed write.
int write_all(int descriptor, std::span<const std::byte> bytes) {
  const PipeGuard guard;
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return ENOSPC;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return 0;
}

// Gives the new file the owner and mode of the old one: who could read and write the old file can read and write the new one,
// and nobody else.
void take_over_permissions(int descriptor, const struct stat& old) {
  if (::fchown(descriptor, old.st_uid, old.st_gid) != 0) {
    // Only root may give files away, and it is not a failure if the file keeps our owner.
  }
  ::fchmod(descriptor, old.st_mode & 0777);
}

}  // namespace

Destination destination_of(const fs::path& path) {
  Destination found{.path = path};
  struct stat status {};
  for (int links = 0; links < most_links; ++links) {
    if (::lstat(found.path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) break;
    std::error_code error;
    const fs::path folder = fs::canonical(folder_of(found.path), error);
    if (error) break;
    if (folder.string().starts_with("/proc/")) {
      // Such links lead to the open file itself, whatever name it had.
      found.descriptor = own_descriptor(folder, found.path.filename());
      found.in_place = true;
      return found;
    }
    const fs::path target = fs::read_symlink(found.path, error);
    if (error) break;
    found.path = folder / target;
  }
  found.in_place = ::stat(found.path.c_str(), &status) == 0 ? !S_ISREG(status.st_mode) : errno == ELOOP;
  return found;
}

OutputFile::OutputFile(const fs::path& path, bool program) : named_(path) {
  const Destination destination = destination_of(path);
  destination.in_place ? open_in_place(destination) : open_beside(destination.path, program);
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlinkat(folder_, temporary_.c_str(), 0);
  close();
}

void OutputFile::close() {
  for (int* descriptor : {&descriptor_, &folder_}) {
    if (*descriptor >= 0) ::close(*descriptor);
    *descriptor = -1;
  }
}

void OutputFile::fail_to_write(int reason) {
  fail(code_of_errno(reason), "cannot write {}: {}", named_.string(), std::strerror(reason));
}

void OutputFile::open_in_place(const Destination& destination) {
  if (destination.descriptor >= 0) {
    std::fflush(stdout);
    if (destination.descriptor == STDOUT_FILENO) output_taken = true;
    descriptor_ = ::fcntl(destination.descriptor, F_DUPFD_CLOEXEC, 3);
  } else {
    descriptor_ = ::open(destination.path.c_str(), O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC);
  }
  if (descriptor_ < 0 && errno == EISDIR) fail("cannot write {}: it is a folder", named_.string());
  if (descriptor_ < 0) fail_to_write(errno);
}

void OutputFile::open_beside(const fs::path& path, bool program) {
  name_ = path.filename().string();
  if (name_.empty()) fail("cannot write {}: it names a folder", named_.string());
  folder_ = ::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) fail_to_write(errno);
  struct stat old {};
  const bool replaces = ::fstatat(folder_, name_.c_str(), &old, 0) == 0;
  if (!replaces && errno != ENOENT) fail_to_write(errno);
  const std::string temporary = temporary_name(folder_, name_);
  descriptor_ = ::openat(folder_, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail_to_write(errno);
  temporary_ = temporary;
  if (replaces) take_over_permissions(descriptor_, old);
  struct stat made {};
  if (program && ::fstat(descriptor_, &made) == 0) ::fchmod(descriptor_, (made.st_mode & 0777) | 0111);
}

void OutputFile::write(std::span<const std::byte> bytes) {
  if (const int reason = write_all(descriptor_, bytes); reason != 0) fail_to_write(reason);
}

void OutputFile::commit() {
  const bool beside = !temporary_.empty();
  // Devices and pipes have nothing to sync.
  if (::fsync(descriptor_) != 0 && (beside || (errno != EINVAL && errno != ENOTSUP && errno != EROFS))) fail_to_write(errno);
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0) fail_to_write(errno);
  if (beside) {
    if (::renameat(folder_, temporary_.c_str(), folder_, name_.c_str()) != 0) fail_to_write(errno);
    temporary_.clear();
    ::fsync(folder_);  // a rename is certain to be on the disk only after its folder is synced
  }
  close();
}

bool standard_output_taken() { return output_taken; }

}  // namespace fovea
