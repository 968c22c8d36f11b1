#include "fovea/formats/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "fovea/core/error.h"

namespace fovea {
namespace {

constexpr uint32_t end_signature = 0x06054b50, directory_signature = 0x02014b50, local_signature = 0x04034b50;
constexpr size_t end_size = 22, directory_size = 46, local_size = 30, longest_comment = 65535;

// Little-endian numbers; the caller has seen that they lie inside.
uint32_t word(std::span<const std::byte> bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<uint32_t>(bytes[at + i]);
  return value;
}
uint32_t half(std::span<const std::byte> bytes, size_t at) {
  return static_cast<uint32_t>(bytes[at]) | static_cast<uint32_t>(bytes[at + 1]) << 8;
}

std::vector<std::byte> inflated(std::span<const std::byte> stored, size_t size) {
  std::vector<std::byte> result(size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return {};
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(stored.data()));
  stream.avail_in = static_cast<uInt>(stored.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(size);
  const int status = inflate(&stream, Z_FINISH);
  const bool whole = status == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  return whole ? result : std::vector<std::byte>();
}

}  // namespace

void ZipArchive::damaged(const std::string& what) const { fail("{}: the zip archive in it is damaged: {}", name_, what); }

std::optional<ZipArchive> ZipArchive::find(std::span<const std::byte> bytes, const std::string& name) {
  if (bytes.size() < end_size) return std::nullopt;
  const size_t farthest = std::min(bytes.size(), end_size + longest_comment);
  for (size_t back = end_size; back <= farthest; ++back) {
    const size_t at = bytes.size() - back;
    if (word(bytes, at) != end_signature || half(bytes, at + 20) != back - end_size) continue;
    ZipArchive archive(bytes, name);
    archive.read_directory(at);
    return archive;
  }
  return std::nullopt;
}

// The directory says where files lie, counted from the archive's own first byte, which is not always the first of all.
void ZipArchive::read_directory(size_t end) {
  const size_t count = half(bytes_, end + 10), size = word(bytes_, end + 12), offset = word(bytes_, end + 16);
  if (size > end || offset > end - size) damaged("its directory does not fit");
  const size_t before = end - size - offset;
  size_t at = end - size;
  for (size_t i = 0; i < count; ++i) {
    if (at + directory_size > end || word(bytes_, at) != directory_signature) damaged("its directory ends early");
    Entry entry{.stored = word(bytes_, at + 20),
                .size = word(bytes_, at + 24),
                .checksum = word(bytes_, at + 16),
                .method = static_cast<int>(half(bytes_, at + 10)),
                .encrypted = (half(bytes_, at + 8) & 1) != 0};
    const size_t name = half(bytes_, at + 28), rest = half(bytes_, at + 30) + half(bytes_, at + 32);
    if (at + directory_size + name + rest > end) damaged("its directory ends early");
    entry.start = before + word(bytes_, at + 42);
    const char* text = reinterpret_cast<const char*>(bytes_.data() + at + directory_size);
    entries_.emplace(std::string(text, name), entry);
    at += directory_size + name + rest;
  }
}

std::vector<std::string> ZipArchive::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

std::vector<std::byte> ZipArchive::read(const std::string& file, size_t most) const {
  const auto found = entries_.find(file);
  if (found == entries_.end()) fail("{}: the zip archive in it has no {}", name_, file);
  const Entry& entry = found->second;
  if (entry.encrypted) fail("{}: {} in its zip archive is encrypted", name_, file);
  if (entry.size > most) fail("{}: {} in its zip archive has {} bytes; {} are read", name_, file, entry.size, most);
  if (entry.start > bytes_.size() || bytes_.size() - entry.start < local_size || word(bytes_, entry.start) != local_signature)
    damaged(file + " is not where it should be");
  const size_t first = entry.start + local_size + half(bytes_, entry.start + 26) + half(bytes_, entry.start + 28);
  if (first > bytes_.size() || bytes_.size() - first < entry.stored) damaged(file + " does not fit");
  const std::span<const std::byte> stored = bytes_.subspan(first, entry.stored);
  std::vector<std::byte> content;
  if (entry.method == 0) {
    content.assign(stored.begin(), stored.end());
  } else if (entry.method == 8) {
    content = inflated(stored, entry.size);
  } else {
    fail("{}: {} in its zip archive is compressed by method {}; stored and deflated files are read", name_, file, entry.method);
  }
  const auto checksum = crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
  if (content.size() != entry.size || checksum != entry.checksum) damaged(file + " is not what its checksum says");
  return content;
}

}  // namespace fovea
