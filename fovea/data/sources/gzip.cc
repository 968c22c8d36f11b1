// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/sources/gzip.h"

#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "fovea/core/error.h"

namespace fovea {
namespace {

// A temporary file that only this process can open.
int open_nameless() {
  std::string name = (std::filesystem::temp_directory_path() / "fovea-unpacked-XXXXXX").string();
  const int file = ::mkstemp(name.data());
  if (file < 0) fail(code_of_errno(errno), "cannot write {}: {}", name, std::strerror(errno));
  ::unlink(name.c_str());
  return file;
}

bool write_all(int file, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(file, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

void unpack(const std::filesystem::path& packed, int file) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> source(gzopen(packed.c_str(), "rb"), gzclose_r);
  if (!source) fail(code_of_errno(errno), "cannot read {}: {}", packed.string(), std::strerror(errno));
  gzbuffer(source.get(), 1 << 17);
  std::vector<char> part(1 << 20);
  for (;;) {
    const int size = gzread(source.get(), part.data(), static_cast<unsigned>(part.size()));
    int code = Z_OK;
    const char* reason = gzerror(source.get(), &code);
    if (code == Z_BUF_ERROR) fail(ErrorCode::data_loss, "{}: truncated gzip file", packed.string());
    if (size < 0 || code != Z_OK) fail(ErrorCode::data_loss, "{}: damaged gzip file: {}", packed.string(), reason);
    if (size == 0) return;
    if (!write_all(file, part.data(), static_cast<size_t>(size))) {
      fail(code_of_errno(errno), "{}: cannot be unpacked into {}: {}; TMPDIR names another place", packed.string(),
           std::filesystem::temp_directory_path().string(), std::strerror(errno));
    }
  }
}

}  // namespace

bool is_gzip(const std::filesystem::path& path) {
  std::array<char, 2> start{};
  std::ifstream file(path, std::ios::binary);
  return file.read(start.data(), std::ssize(start)) && start[0] == '\x1f' && start[1] == '\x8b';
}

UnpackedFile::UnpackedFile(const std::filesystem::path& packed)
    : file_(open_nameless()), path_(fmt::format("/proc/self/fd/{}", file_)) {
  try {
    unpack(packed, file_);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

UnpackedFile::~UnpackedFile() { ::close(file_); }

}  // namespace fovea
