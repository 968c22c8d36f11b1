// SPDX-License-Identifier: Apache-2.0
// What every fuzzer shares. An Error is the right answer to a bad file; any other exception or signal is a finding.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "fovea/core/error.h"

// MLIR and LLVM are not instrumented, which the sanitizer's container checks would need.
extern "C" inline const char* __asan_default_options() {
  return "detect_leaks=0:detect_container_overflow=0:allocator_may_return_null=1";
}

namespace fovea {

template <typename Read>
void expect_error_or_nothing(Read read) {
  try {
    read();
  } catch (const Error&) {
  }
}

inline std::span<const std::byte> bytes_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

// A file in memory, for readers that take a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes) : file_(memfd_create("fuzz", 0)) {
    if (file_ < 0 || write(file_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) abort();
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

}  // namespace fovea
