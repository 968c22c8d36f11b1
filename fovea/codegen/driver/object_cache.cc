// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/object_cache.h"

#include <llvm/ADT/ArrayRef.h>
#include <llvm/Support/SHA256.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/settings.h"

namespace fovea {
namespace {

constexpr char magic[8] = {'f', 'o', 'v', 'e', 'a', 'k', '0', '1'};

struct Header {
  char magic[8];
  uint8_t key[32];      // SHA-256 of the key
  uint8_t content[32];  // SHA-256 of everything after the header
  int64_t tiles, scratch_bytes;
  uint64_t object_bytes;
};

std::array<uint8_t, 32> digest(const void* data, size_t bytes) {
  return llvm::SHA256::hash(llvm::ArrayRef<uint8_t>(static_cast<const uint8_t*>(data), bytes));
}

std::array<uint8_t, 32> content_digest(const Header& header, const char* object, size_t bytes) {
  llvm::SHA256 hash;
  hash.update(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t*>(&header.tiles), 3 * sizeof(int64_t)));
  hash.update(llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t*>(object), bytes));
  return hash.final();
}

std::filesystem::path file_of(const std::filesystem::path& folder, const std::string& key) {
  const auto hash = digest(key.data(), key.size());
  std::string name;
  for (int i = 0; i < 16; ++i) name += fmt::format("{:02x}", hash[static_cast<size_t>(i)]);
  return folder / (name + ".kernel");
}

}  // namespace

ObjectCache::ObjectCache() : folder_(settings().kernel_cache) {
  if (folder_.empty()) return;
  std::error_code error;
  const bool existed = std::filesystem::exists(folder_, error);
  std::filesystem::create_directories(folder_, error);
  struct stat status {};
  if (error || ::stat(folder_.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    // A home directory that cannot be written (in a container or a service) must not prevent compiling.
    folder_.clear();
    return;
  }
  if (!existed) ::chmod(folder_.c_str(), 0700);
  if (::stat(folder_.c_str(), &status) == 0 && (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0))
    refuse(
        "the kernel cache {} can be written by others; make it yours alone (chmod 700), name another folder in FOVEA_CACHE, or "
        "set FOVEA_CACHE=off",
        folder_.string());
}

std::optional<CachedKernel> ObjectCache::find(const std::string& key) const {
  if (!enabled()) return {};
  const std::filesystem::path path = file_of(folder_, key);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  std::string bytes;
  try {
    bytes = read_text(path);
  } catch (const Error&) {
    return {};
  }
  Header header{};
  if (bytes.size() < sizeof header) return {};
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto expected = digest(key.data(), key.size());
  const size_t object_bytes = bytes.size() - sizeof header;
  if (std::memcmp(header.magic, magic, sizeof magic) != 0 || std::memcmp(header.key, expected.data(), 32) != 0 ||
      header.object_bytes != object_bytes || header.tiles < 1 || header.scratch_bytes < 0)
    return {};
  const auto content = content_digest(header, bytes.data() + sizeof header, object_bytes);
  if (std::memcmp(header.content, content.data(), 32) != 0) return {};
  return CachedKernel{bytes.substr(sizeof header), header.tiles, header.scratch_bytes};
}

void ObjectCache::store(const std::string& key, const CachedKernel& kernel) const {
  if (!enabled()) return;
  Header header{};
  std::memcpy(header.magic, magic, sizeof magic);
  const auto expected = digest(key.data(), key.size());
  std::memcpy(header.key, expected.data(), 32);
  header.tiles = kernel.tiles;
  header.scratch_bytes = kernel.scratch_bytes;
  header.object_bytes = kernel.object.size();
  const auto content = content_digest(header, kernel.object.data(), kernel.object.size());
  std::memcpy(header.content, content.data(), 32);
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += kernel.object;
  try {
    write_text(file_of(folder_, key), bytes);
  } catch (const Error&) {
  }
}

}  // namespace fovea
