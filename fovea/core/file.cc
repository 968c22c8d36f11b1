// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/output_file.h"

namespace fovea {
namespace {

// A file descriptor that is closed on every way out.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  bool close() {
    if (number_ < 0) return true;
    const bool closed = ::close(number_) == 0;
    number_ = -1;
    return closed;
  }

 private:
  int number_;
};

}  // namespace

std::vector<std::byte> read_file(const std::filesystem::path& path) {
  Descriptor file(path, O_RDONLY);
  struct stat status {};
  if (!file.open() || ::fstat(file.number(), &status) != 0)
    fail(code_of_errno(errno), "cannot read {}: {}", path.string(), std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail("cannot read {}: it is a folder", path.string());
  std::vector<std::byte> bytes(static_cast<size_t>(status.st_size));
  size_t filled = 0;
  for (;;) {
    if (filled == bytes.size()) bytes.resize(bytes.size() + 4096);  // pipes and growing files do not tell their true size
    const ssize_t got = ::read(file.number(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(code_of_errno(errno), "cannot read {}: {}", path.string(), std::strerror(errno));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

namespace {

void check_part(const std::filesystem::path& path, uint64_t offset, uint64_t length, uint64_t size) {
  if (length > size || offset > size - length) {
    fail(ErrorCode::data_loss, "{}: {} bytes from byte {} on were expected, but the file has {}", path.string(), length, offset,
         size);
  }
}

void read_part(const Descriptor& file, const std::filesystem::path& path, uint64_t offset, std::span<std::byte> bytes) {
  for (size_t filled = 0; filled < bytes.size();) {
    const ssize_t got =
        ::pread(file.number(), bytes.data() + filled, bytes.size() - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(code_of_errno(errno), "cannot read {}: {}", path.string(), std::strerror(errno));
    if (got == 0) fail(ErrorCode::data_loss, "{}: it became shorter while it was read", path.string());
    filled += static_cast<size_t>(got);
  }
}

}  // namespace

void read_part(const std::filesystem::path& path, uint64_t offset, uint64_t length, std::vector<std::byte>& bytes) {
  Descriptor file(path, O_RDONLY);
  struct stat status {};
  if (!file.open() || ::fstat(file.number(), &status) != 0)
    fail(code_of_errno(errno), "cannot read {}: {}", path.string(), std::strerror(errno));
  check_part(path, offset, length, static_cast<uint64_t>(status.st_size));
  bytes.resize(length);
  read_part(file, path, offset, bytes);
}

void read_part(const std::filesystem::path& path, uint64_t offset, std::span<std::byte> bytes) {
  Descriptor file(path, O_RDONLY);
  struct stat status {};
  if (!file.open() || ::fstat(file.number(), &status) != 0)
    fail(code_of_errno(errno), "cannot read {}: {}", path.string(), std::strerror(errno));
  check_part(path, offset, bytes.size(), static_cast<uint64_t>(status.st_size));
  read_part(file, path, offset, bytes);
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  Descriptor file(path, O_RDONLY);
  struct stat status {};
  if (!file.open() || ::fstat(file.number(), &status) != 0)
    fail(code_of_errno(errno), "cannot read {}: {}", path.string(), std::strerror(errno));
  if (!S_ISREG(status.st_mode)) {  // a pipe has no pages
    read_ = read_file(path);
    return;
  }
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;
  start_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (start_ == MAP_FAILED) fail(code_of_errno(errno), "cannot read {}: {}", path.string(), std::strerror(errno));
}

MappedFile::~MappedFile() {
  if (size_ > 0) ::munmap(start_, size_);
}

std::string read_text(const std::filesystem::path& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes, bool program) {
  OutputFile file(path, program);
  file.write(bytes);
  file.commit();
}

void replace_file(const std::filesystem::path& finished, const std::filesystem::path& path) {
  const std::filesystem::path target = destination_of(path).path;
  Descriptor file(finished, O_RDONLY);
  if (!file.open() || ::fsync(file.number()) != 0 || ::rename(finished.c_str(), target.c_str()) != 0) {
    fail(code_of_errno(errno), "cannot write {}: {}", path.string(), std::strerror(errno));
  }
  // A rename is certain to be on the disk only after its folder is synced.
  Descriptor folder(target.has_parent_path() ? target.parent_path() : std::filesystem::path("."), O_RDONLY | O_DIRECTORY);
  if (folder.open()) ::fsync(folder.number());
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  write_file(path, std::as_bytes(std::span(text.data(), text.size())));
}

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error || !std::filesystem::is_directory(path)) {
    fail(error ? code_of_errno(error.value()) : ErrorCode::failed_precondition, "cannot create folder {}: {}", path.string(),
         error ? error.message() : "a file of that name is in the way");
  }
  if (::access(path.c_str(), W_OK) != 0)
    fail(code_of_errno(errno), "cannot write into folder {}: {}", path.string(), std::strerror(errno));
}

}  // namespace fovea
