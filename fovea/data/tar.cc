// Shards in the WebDataset convention: tar files in which the files of one sample stand together under one name: NAME.jpg (or
// .jpeg, .png, .webp, .bmp) and NAME.cls (a number) or NAME.json ({"label": number} or {"cls": number}). POSIX ustar and pax,
// and GNU long names.
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/entries.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using Bytes = std::span<const std::byte>;

constexpr size_t block = 512;
constexpr uint64_t unknown = UINT64_MAX;  // a size that no pax header told

// The text of a header's field, up to its first zero.
std::string field(Bytes header, size_t at, size_t size) {
  const char* text = reinterpret_cast<const char*>(header.data()) + at;
  return {text, strnlen(text, size)};
}

// Octal digits, or (GNU) big-endian bytes after a first byte of 0x80.
uint64_t number(Bytes header, size_t at, size_t size, const std::string& where) {
  uint64_t value = 0;
  if (header[at] == std::byte{0x80}) {
    for (size_t i = size - 8; i < size; ++i) value = value << 8 | std::to_integer<uint64_t>(header[at + i]);
    return value;
  }
  std::string text = field(header, at, size);
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (text.empty() || error != std::errc()) fail("{}: damaged tar header", where);
  return value;
}

void check_header(Bytes header, const std::string& where) {
  uint64_t sum = 0;
  for (size_t i = 0; i < block; ++i) sum += i >= 148 && i < 156 ? ' ' : std::to_integer<uint64_t>(header[i]);
  if (sum != number(header, 148, 8, where)) fail("{}: the checksum of a tar header is wrong", where);
}

// The records of a pax header: "LENGTH KEY=VALUE\n".
void read_pax(std::string_view text, std::string& path, uint64_t& size, const std::string& where) {
  while (!text.empty()) {
    size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<size_t>(end - text.data());
    if (error != std::errc() || length <= digits + 1 || length > text.size()) fail("{}: damaged pax header", where);
    const std::string_view record = text.substr(digits + 1, length - digits - 2);
    if (record.starts_with("path=")) path = record.substr(5);
    if (record.starts_with("size=")) {
      uint64_t value = 0;
      std::from_chars(record.data() + 5, record.data() + record.size(), value);
      size = value;
    }
    text.remove_prefix(length);
  }
}

// Calls visit(path, offset, size) for every file.
template <typename Visit>
void for_each_file(Bytes all, const fs::path& shard, Visit visit) {
  std::string long_path;
  uint64_t long_size = unknown;
  for (size_t at = 0; at + block <= all.size();) {
    const Bytes header = all.subspan(at, block);
    const std::string where = fmt::format("{}, byte {}", shard.string(), at);
    if (header[0] == std::byte{0}) return;  // the end: blocks of zeros
    check_header(header, where);
    const char type = std::to_integer<char>(header[156]);
    const bool about_next = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    const uint64_t size = !about_next && long_size != unknown ? long_size : number(header, 124, 12, where);
    at += block;
    if (size > all.size() - at) fail("{}: truncated shard: a file of {} bytes, {} are left", where, size, all.size() - at);
    const std::string_view text(reinterpret_cast<const char*>(all.data()) + at, size);
    if (type == 'x') read_pax(text, long_path, long_size, where);
    if (type == 'L') long_path = text.substr(0, text.find('\0'));
    if (!about_next) {
      const std::string prefix = field(header, 257, 5) == "ustar" ? field(header, 345, 155) : "";
      std::string path = long_path.empty() ? field(header, 0, 100) : long_path;
      if (long_path.empty() && !prefix.empty()) path = prefix + "/" + path;
      if (type == '0' || type == '\0') visit(path, at, size);
      long_path.clear();
      long_size = unknown;
    }
    at += (size + block - 1) / block * block;
  }
  fail("{}: truncated shard: it ends without the blocks of zeros that end a tar file", shard.string());
}

// A sample under way: WebDataset's key is the path up to the first dot of its last part.
struct Sample {
  std::string key;
  std::optional<Entry> picture;
  std::optional<int32_t> label;
};

int32_t json_label(std::string_view text, const std::string& where) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_object()) {
    for (const char* key : {"label", "cls"}) {
      if (json.contains(key) && json[key].is_number_integer()) return checked_label(json[key].get<int64_t>(), where);
    }
  }
  fail("{}: the label is not a number: {{\"label\": 7}} was expected", where);
}

class TarDataset : public EntryDataset {
 public:
  TarDataset(const fs::path& folder, Split split) {
    files_ = shard_files(folder, split, "tar");
    for (uint32_t file = 0; file < files_.size(); ++file) index_shard(file);
    if (entries_.empty()) fail("{}: the tar shards hold no samples", folder.string());
    for (const Entry& entry : entries_) classes_ = std::max<int64_t>(classes_, entry.label + 1);
  }
  int64_t classes() const { return classes_; }
  void name_classes(std::vector<std::string> names) { class_names_ = std::move(names); }

 private:
  void index_shard(uint32_t file) {
    const MappedFile mapped(files_[file]);
    const Bytes all = mapped.bytes();
    Sample sample;
    std::set<std::string> keys;
    for_each_file(all, files_[file], [&](const std::string& path, size_t offset, uint64_t size) {
      const size_t slash = path.rfind('/');
      const size_t dot = path.find('.', slash == std::string::npos ? 0 : slash + 1);
      if (dot == std::string::npos) return;
      const std::string key = path.substr(0, dot), ending = path.substr(dot + 1);
      const std::string where = fmt::format("{}: {}", files_[file].string(), path);
      if (key != sample.key) {
        finish(sample, files_[file]);
        if (!keys.insert(key).second) fail("{}: the name stands twice in the shard", where);
        sample = {.key = key};
      }
      const std::string_view text(reinterpret_cast<const char*>(all.data()) + offset, size);
      if (ending == "jpg" || ending == "jpeg" || ending == "png" || ending == "webp" || ending == "bmp") {
        if (sample.picture) fail("{}: a second picture of the same name", where);
        sample.picture = Entry{file, 0, offset, size};
      } else if (ending == "cls") {
        sample.label = parse_label(text, where);
      } else if (ending == "json" && !sample.label) {
        sample.label = json_label(text, where);
      }
    });
    finish(sample, files_[file]);
  }

  void finish(const Sample& sample, const fs::path& shard) {
    if (!sample.picture && !sample.label) return;
    if (!sample.label) fail("{}: {} has a picture but neither .cls nor .json", shard.string(), sample.key);
    if (!sample.picture) fail("{}: {} has a label but no picture", shard.string(), sample.key);
    entries_.push_back(*sample.picture);
    entries_.back().label = *sample.label;
  }

  int64_t classes_ = 0;
};

}  // namespace

std::shared_ptr<const Dataset> open_tar(const fs::path& folder, Split split) {
  auto dataset = std::make_shared<TarDataset>(folder, split);
  // The training split says how many classes there are.
  const int64_t classes = split == Split::train ? dataset->classes() : TarDataset(folder, Split::train).classes();
  if (dataset->classes() > classes) {
    fail("{}: label {}; the training shards have 0 to {}", folder.string(), dataset->classes() - 1, classes - 1);
  }
  dataset->name_classes(numbered_names(folder, classes));
  return dataset;
}

}  // namespace fovea
