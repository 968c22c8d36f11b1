// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/text.h"

namespace fovea {
namespace {

using Bytes = std::span<const std::byte>;

// The signatures of PKWARE's APPNOTE: 4.3.7 to 4.3.16, 4.5.3.
constexpr uint32_t local_header = 0x04034b50, central_header = 0x02014b50, end_record = 0x06054b50,
                   wide_end_record = 0x06064b50, wide_end_locator = 0x07064b50;
constexpr size_t local_bytes = 30, central_bytes = 46, end_bytes = 22, locator_bytes = 20, wide_end_bytes = 56,
                 longest_comment = 65535;
constexpr uint64_t in_extra = 0xFFFFFFFF;  // marks a number that does not fit and is in the extra field
constexpr int stored_method = 0, deflated_method = 8;

template <typename T>
T at(Bytes bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// The 64-bit numbers in the extra field of kind 1.
std::vector<uint64_t> wide_numbers(Bytes extra) {
  while (extra.size() >= 4) {
    const size_t count = at<uint16_t>(extra, 2);
    if (count > extra.size() - 4) break;
    std::vector<uint64_t> numbers(at<uint16_t>(extra, 0) == 1 ? count / 8 : 0);
    for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = at<uint64_t>(extra, 4 + 8 * i);
    if (!numbers.empty()) return numbers;
    extra = extra.subspan(4 + count);
  }
  return {};
}

std::vector<std::byte> inflated(Bytes packed, size_t size) {
  std::vector<std::byte> result(size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return {};
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(size);
  const int status = inflate(&stream, Z_FINISH);
  const bool whole = status == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  return whole ? result : std::vector<std::byte>();
}

std::string entry_text(const std::string& file) { return fmt::format("entry \"{}\"", utf8_of(file)); }

}  // namespace

struct ZipArchive::Directory {
  uint64_t begin = 0, bytes = 0, entries = 0;
  uint64_t before = 0;  // bytes before the archive: its offsets count from its own first byte, or from the file's
};

bool ZipArchive::begins(Bytes bytes) { return bytes.size() >= 4 && at<uint32_t>(bytes, 0) == local_header; }

// The end record is the last part of the file, except for a comment of up to 64 KiB.
std::optional<ZipArchive> ZipArchive::find(Bytes bytes, const std::string& name) {
  for (size_t back = end_bytes; back <= std::min(bytes.size(), end_bytes + longest_comment); ++back) {
    const size_t place = bytes.size() - back;
    if (at<uint32_t>(bytes, place) != end_record || at<uint16_t>(bytes, place + 20) != back - end_bytes) continue;
    ZipArchive archive(bytes, name);
    archive.read_directory(archive.directory_before(place));
    return archive;
  }
  return std::nullopt;
}

Bytes ZipArchive::part(uint64_t begin, uint64_t count, const std::string& what) const {
  if (begin > bytes_.size() || count > bytes_.size() - begin)
    fail(ErrorCode::data_loss, "{}: truncated or damaged zip archive: {} is said to be {} bytes from byte {} on, of {}", name_,
         what, count, begin, bytes_.size());
  return bytes_.subspan(begin, count);
}

ZipArchive::Directory ZipArchive::directory_before(size_t end) const {
  Directory found{.begin = at<uint32_t>(bytes_, end + 16),
                  .bytes = at<uint32_t>(bytes_, end + 12),
                  .entries = at<uint16_t>(bytes_, end + 10)};
  uint64_t follows = end;  // where the directory ends
  // A record of 64-bit numbers may be there without need; PyTorch always writes one.
  if (end >= locator_bytes && at<uint32_t>(bytes_, end - locator_bytes) == wide_end_locator) {
    follows = at<uint64_t>(bytes_, end - locator_bytes + 8);
    // It directly precedes its locator, whatever its offset is counted from.
    const size_t before = locator_bytes + wide_end_bytes;
    if (end >= before && at<uint32_t>(bytes_, end - before) == wide_end_record) follows = end - before;
    const Bytes record = part(follows, wide_end_bytes, "the end of its directory");
    if (at<uint32_t>(record, 0) != wide_end_record)
      fail(ErrorCode::data_loss, "{}: damaged zip archive: the end of its directory is not one", name_);
    found = {.begin = at<uint64_t>(record, 48), .bytes = at<uint64_t>(record, 40), .entries = at<uint64_t>(record, 32)};
  }
  if (found.bytes > follows || found.begin > follows - found.bytes)
    fail(ErrorCode::data_loss, "{}: truncated or damaged zip archive: its directory does not fit", name_);
  found.before = follows - found.bytes - found.begin;
  return found;
}

void ZipArchive::read_directory(const Directory& directory) {
  Bytes rest = part(directory.before + directory.begin, directory.bytes, "its directory");
  for (uint64_t i = 0; i < directory.entries; ++i) {
    if (rest.size() < central_bytes || at<uint32_t>(rest, 0) != central_header)
      fail(ErrorCode::data_loss, "{}: damaged zip archive: its directory ends after {} of {} entries", name_, i,
           directory.entries);
    const size_t name = at<uint16_t>(rest, 28), extra = at<uint16_t>(rest, 30), comment = at<uint16_t>(rest, 32);
    if (rest.size() - central_bytes < name + extra + comment)
      fail(ErrorCode::data_loss, "{}: damaged zip archive: entry {} is cut off", name_, i);
    const std::string file(reinterpret_cast<const char*>(rest.data()) + central_bytes, name);
    const Entry found = entry_of(rest, rest.subspan(central_bytes + name, extra), file, directory.before);
    if (!entries_.emplace(file, found).second) fail(ErrorCode::data_loss, "{}: zip {} is there twice", name_, entry_text(file));
    rest = rest.subspan(central_bytes + name + extra + comment);
  }
}

ZipArchive::Entry ZipArchive::entry_of(Bytes line, Bytes extra, const std::string& file, uint64_t before) const {
  Entry found{.start = at<uint32_t>(line, 42),
              .packed = at<uint32_t>(line, 20),
              .size = at<uint32_t>(line, 24),
              .checksum = at<uint32_t>(line, 16),
              .method = at<uint16_t>(line, 10),
              .encrypted = (at<uint16_t>(line, 8) & 1) != 0};
  const std::vector<uint64_t> wide = wide_numbers(extra);
  size_t taken = 0;
  for (uint64_t* number : {&found.size, &found.packed, &found.start}) {
    if (*number != in_extra) continue;
    if (taken == wide.size()) fail(ErrorCode::data_loss, "{}: damaged zip archive: {} lacks its size", name_, entry_text(file));
    *number = wide[taken++];
  }
  part(found.start, 0, entry_text(file));  // checked before the sum, which could overflow
  found.start += before;
  return found;
}

std::vector<std::string> ZipArchive::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

const ZipArchive::Entry& ZipArchive::entry(const std::string& file) const {
  const auto found = entries_.find(file);
  if (found == entries_.end()) fail("{}: the zip archive has no {}", name_, entry_text(file));
  if (found->second.encrypted) fail("{}: zip {} is encrypted", name_, entry_text(file));
  return found->second;
}

// The bytes after the entry's own header, which has to agree with the directory.
Bytes ZipArchive::packed(const Entry& entry, const std::string& file) const {
  const std::string shown = entry_text(file);
  const Bytes header = part(entry.start, local_bytes, shown);
  const size_t name = at<uint16_t>(header, 26);
  const Bytes own_name = part(entry.start + local_bytes, name, shown);
  if (at<uint32_t>(header, 0) != local_header || at<uint16_t>(header, 8) != entry.method || name != file.size() ||
      std::memcmp(own_name.data(), file.data(), name) != 0)
    fail(ErrorCode::data_loss, "{}: damaged zip archive: {} does not begin where the directory says", name_, shown);
  return part(entry.start + local_bytes + name + at<uint16_t>(header, 28), entry.packed, shown);
}

void ZipArchive::check_content(Bytes content, const Entry& entry, const std::string& file) const {
  const auto checksum = static_cast<uint32_t>(
      ::crc32_z(::crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(content.data()), content.size()));
  if (content.size() != entry.size || checksum != entry.checksum)
    fail(ErrorCode::data_loss, "{}: damaged: {} has another checksum than it was written with", name_, entry_text(file));
}

Bytes ZipArchive::stored(const std::string& file) const {
  const Entry& found = entry(file);
  if (found.method != stored_method) fail("{}: zip {} is compressed; it has to be stored as it is", name_, entry_text(file));
  if (found.size != found.packed)
    fail(ErrorCode::data_loss, "{}: damaged zip archive: {} is stored and has two sizes", name_, entry_text(file));
  const Bytes content = packed(found, file);
  check_content(content, found, file);
  return content;
}

std::vector<std::byte> ZipArchive::read(const std::string& file, size_t most) const {
  const Entry& found = entry(file);
  if (found.size > most) fail("{}: zip {} has {} bytes; {} are read", name_, entry_text(file), found.size, most);
  if (found.method == stored_method) {
    const Bytes content = stored(file);
    return {content.begin(), content.end()};
  }
  if (found.method != deflated_method)
    fail("{}: zip {} is compressed by method {}; stored and deflated files are read", name_, entry_text(file), found.method);
  std::vector<std::byte> content = inflated(packed(found, file), found.size);
  check_content(content, found, file);
  return content;
}

}  // namespace fovea
