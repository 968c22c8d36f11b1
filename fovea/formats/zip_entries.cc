#include "fovea/formats/zip_entries.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/core/text.h"

namespace fovea {
namespace {

using Bytes = std::span<const std::byte>;

// Of PKWARE's APPNOTE: 4.3.7 to 4.3.16, 4.5.3.
constexpr uint32_t local_header = 0x04034b50, central_header = 0x02014b50, end_record = 0x06054b50,
                   wide_end_record = 0x06064b50, wide_end_locator = 0x07064b50;
constexpr size_t local_bytes = 30, central_bytes = 46, end_bytes = 22, locator_bytes = 20, wide_end_bytes = 56;
constexpr uint64_t in_extra = 0xFFFFFFFF;  // a number that does not fit stands in the extra field

template <typename T>
T at(Bytes bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

struct Directory {
  uint64_t begin = 0, bytes = 0, entries = 0;
};

class Reader {
 public:
  Reader(Bytes bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  std::map<std::string, Bytes> read() const {
    const Directory directory = find_directory();
    Bytes rest = part(directory.begin, directory.bytes, "its directory");
    std::map<std::string, Bytes> entries;
    for (uint64_t i = 0; i < directory.entries; ++i) {
      if (rest.size() < central_bytes || at<uint32_t>(rest, 0) != central_header)
        fail("{}: damaged zip file: its directory ends after {} of {} entries", file_, i, directory.entries);
      const size_t name = at<uint16_t>(rest, 28), extra = at<uint16_t>(rest, 30), comment = at<uint16_t>(rest, 32);
      if (rest.size() - central_bytes < name + extra + comment) fail("{}: damaged zip file: entry {} is cut off", file_, i);
      std::string title(reinterpret_cast<const char*>(rest.data()) + central_bytes, name);
      const Bytes contents = entry(rest, title, rest.subspan(central_bytes + name, extra));
      if (!entries.emplace(title, contents).second) fail("{}: zip entry \"{}\" is there twice", file_, utf8_of(title));
      rest = rest.subspan(central_bytes + name + extra + comment);
    }
    return entries;
  }

 private:
  Bytes part(uint64_t begin, uint64_t count, const std::string& what) const {
    if (begin > bytes_.size() || count > bytes_.size() - begin)
      fail("{}: truncated or damaged zip file: {} is said to be {} bytes from byte {} on, of {}", file_, what, count, begin,
           bytes_.size());
    return bytes_.subspan(begin, count);
  }

  // The record is the last thing but for a comment of up to 64 KiB.
  Directory find_directory() const {
    for (size_t back = end_bytes; back <= std::min<size_t>(bytes_.size(), end_bytes + 65535); ++back) {
      const size_t place = bytes_.size() - back;
      if (at<uint32_t>(bytes_, place) != end_record || at<uint16_t>(bytes_, place + 20) != back - end_bytes) continue;
      Directory found{.begin = at<uint32_t>(bytes_, place + 16),
                      .bytes = at<uint32_t>(bytes_, place + 12),
                      .entries = at<uint16_t>(bytes_, place + 10)};
      if (found.begin == in_extra || found.bytes == in_extra || found.entries == 0xFFFF) found = wide_directory(place, found);
      return found;
    }
    fail("{}: truncated zip file: it has no directory", file_);
  }
  Directory wide_directory(size_t end, const Directory& narrow) const {
    if (end < locator_bytes || at<uint32_t>(bytes_, end - locator_bytes) != wide_end_locator) return narrow;
    const Bytes record = part(at<uint64_t>(bytes_, end - locator_bytes + 8), wide_end_bytes, "the end of its directory");
    if (at<uint32_t>(record, 0) != wide_end_record) fail("{}: damaged zip file: the end of its directory is not one", file_);
    return {.begin = at<uint64_t>(record, 48), .bytes = at<uint64_t>(record, 40), .entries = at<uint64_t>(record, 32)};
  }

  // The entry that starts where its line of the directory says.
  Bytes entry(Bytes line, const std::string& title, Bytes extra) const {
    const std::string shown = fmt::format("entry \"{}\"", utf8_of(title));
    if ((at<uint16_t>(line, 8) & 1) != 0) fail("{}: zip {} is encrypted", file_, shown);
    if (at<uint16_t>(line, 10) != 0) fail("{}: zip {} is compressed; PyTorch stores weights as they are", file_, shown);
    uint64_t whole = at<uint32_t>(line, 24), packed = at<uint32_t>(line, 20), begin = at<uint32_t>(line, 42);
    const std::vector<uint64_t> wide = wide_numbers(extra);
    size_t taken = 0;
    for (uint64_t* number : {&whole, &packed, &begin}) {
      if (*number != in_extra) continue;
      if (taken == wide.size()) fail("{}: damaged zip file: {} lacks its size", file_, shown);
      *number = wide[taken++];
    }
    if (whole != packed) fail("{}: damaged zip file: {} is stored and has two sizes", file_, shown);
    const Bytes header = part(begin, local_bytes, shown);
    const size_t name = at<uint16_t>(header, 26);
    const Bytes own_name = part(begin + local_bytes, name, shown);
    if (at<uint32_t>(header, 0) != local_header || at<uint16_t>(header, 8) != 0 || name != title.size() ||
        std::memcmp(own_name.data(), title.data(), name) != 0)
      fail("{}: damaged zip file: {} does not begin where the directory says", file_, shown);
    const Bytes contents = part(begin + local_bytes + name + at<uint16_t>(header, 28), whole, shown);
    if (checksum(contents) != at<uint32_t>(line, 16))
      fail("{}: damaged: {} has another checksum than it was written with", file_, shown);
    return contents;
  }
  // Of the extra field of kind 1: numbers of 64 bits.
  static std::vector<uint64_t> wide_numbers(Bytes extra) {
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

  static uint32_t checksum(Bytes contents) {
    return static_cast<uint32_t>(
        ::crc32_z(::crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(contents.data()), contents.size()));
  }

  Bytes bytes_;
  const std::string& file_;
};

}  // namespace

bool is_zip(Bytes bytes) { return bytes.size() >= 4 && at<uint32_t>(bytes, 0) == local_header; }

std::map<std::string, Bytes> zip_entries(Bytes bytes, const std::string& file) { return Reader(bytes, file).read(); }

}  // namespace fovea
