// SPDX-License-Identifier: Apache-2.0
// Shards in the WebDataset convention: tar files in which the files of one sample share a name. The image is NAME.jpg (or of
// another format); its class is in NAME.cls (a number), else in NAME.json ({"label": number} or {"cls": number}), else in
// NAME.txt when that is a number. Other and hidden files do not count. NAME ends at the last dot and may contain more of them.
// The formats are POSIX ustar and pax, and GNU long names.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/image/image_files.h"
#include "fovea/data/sources/sample_index.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using Bytes = std::span<const std::byte>;

constexpr size_t block = 512;
constexpr uint64_t unknown = UINT64_MAX;  // the size when no pax header gave one

// The text of a header's field up to its first zero byte.
std::string field(Bytes header, size_t at, size_t size) {
  const char* text = reinterpret_cast<const char*>(header.data()) + at;
  return {text, strnlen(text, size)};
}

// Octal digits or, in GNU's format, big-endian bytes after a first byte of 0x80.
uint64_t number(Bytes header, size_t at, size_t size, const std::string& where) {
  uint64_t value = 0;
  if (header[at] == std::byte{0x80}) {
    for (size_t i = size - 8; i < size; ++i) value = value << 8 | std::to_integer<uint64_t>(header[at + i]);
    return value;
  }
  std::string text = field(header, at, size);
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (text.empty() || error != std::errc()) fail(ErrorCode::data_loss, "{}: damaged tar header", where);
  return value;
}

void check_header(Bytes header, const std::string& where) {
  uint64_t sum = 0;
  for (size_t i = 0; i < block; ++i) sum += i >= 148 && i < 156 ? ' ' : std::to_integer<uint64_t>(header[i]);
  if (sum != number(header, 148, 8, where)) fail(ErrorCode::data_loss, "{}: the checksum of a tar header is wrong", where);
}

// Reads the records of a pax header: "LENGTH KEY=VALUE\n".
void read_pax(std::string_view text, std::string& path, uint64_t& size, const std::string& where) {
  while (!text.empty()) {
    size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<size_t>(end - text.data());
    if (error != std::errc() || length <= digits + 1 || length > text.size())
      fail(ErrorCode::data_loss, "{}: damaged pax header", where);
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
    if (header[0] == std::byte{0}) return;  // blocks of zeros end the archive
    check_header(header, where);
    const char type = std::to_integer<char>(header[156]);
    const bool about_next = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    const uint64_t size = !about_next && long_size != unknown ? long_size : number(header, 124, 12, where);
    at += block;
    if (size > all.size() - at)
      fail(ErrorCode::data_loss, "{}: truncated shard: a file of {} bytes, {} are left", where, size, all.size() - at);
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
  fail(ErrorCode::data_loss, "{}: truncated shard: it ends without the blocks of zeros that end a tar file", shard.string());
}

// Excludes indexes and lists beside a shard: train-0.tar.idx, train-0.tar.index, train-0_stats.json.
bool is_tar(std::string_view name) { return name.ends_with(".tar") || name.ends_with(".tar.gz") || name.ends_with(".tgz"); }

// The class number in a sample's .json; nothing when it has none.
std::optional<int64_t> json_label(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  for (const char* key : {"label", "cls"}) {
    if (json.contains(key) && json[key].is_number_integer()) return json[key].get<int64_t>();
  }
  return std::nullopt;
}

bool is_number(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n"), end = text.find_last_not_of(" \t\r\n");
  return begin != std::string_view::npos &&
         text.substr(begin, end + 1 - begin).find_first_not_of("0123456789") == std::string_view::npos;
}

// The files of one name: the image, and the files that may contain its class.
struct Sample {
  std::string path;  // of the image
  std::optional<Entry> picture;
  std::string_view cls, json, text;
  bool has_label() const { return !cls.empty() || json_label(json) || is_number(text); }
};

// A file of a shard: its path, and the parts of its name before and after the last dot, the latter in lower case.
struct Member {
  explicit Member(std::string whole) : path(std::move(whole)) {
    const size_t slash = path.rfind('/');
    const size_t name = slash == std::string::npos ? 0 : slash + 1;
    const size_t dot = path.rfind('.');
    if (dot == std::string::npos || dot <= name) return;
    key = path.substr(0, dot);
    ending = path.substr(dot);
    for (char& letter : ending) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  bool is_hidden_file() const {
    for (const fs::path& part : fs::path(path)) {
      if (part != "." && part != ".." && is_hidden(part.native())) return true;
    }
    return false;
  }

  std::string path, key, ending;
};

// In WebDataset the name of a sample ends at the first dot: 0001.image.jpg belongs to 0001, as does 0001.cls.
std::string short_key(const std::string& key) {
  const size_t slash = key.rfind('/');
  return key.substr(0, key.find('.', slash == std::string::npos ? 0 : slash + 1));
}

class TarDataset : public EntryDataset {
 public:
  explicit TarDataset(std::vector<fs::path> files) {
    files_ = std::move(files);
    for (uint32_t file = 0; file < files_.size(); ++file) index_shard(file);
    const std::string folder = files_.front().parent_path().string();
    if (labels_ == 0 && !unlabeled_.empty()) throw Unlabeled(unlabeled_);
    if (!unlabeled_.empty()) fail("{}", unlabeled_);
    if (entries_.empty()) fail(ErrorCode::data_loss, "{}: the tar shards hold no samples", folder);
    for (const Entry& entry : entries_) classes_ = std::max<int64_t>(classes_, entry.label + 1);
  }
  int64_t classes() const { return classes_; }
  void name_classes(std::vector<std::string> names) { class_names_ = std::move(names); }

 private:
  using Samples = std::map<std::string, Sample>;

  void index_shard(uint32_t file) {
    const MappedFile mapped(files_[file]);
    const Bytes all = mapped.bytes();
    if (all.size() >= 2 && all[0] == std::byte{0x1f} && all[1] == std::byte{0x8b}) {
      fail(ErrorCode::data_loss, "{}: a compressed shard; gunzip makes a tar file of it", files_[file].string());
    }
    Samples samples;
    std::vector<std::string> order;  // keys with an image, in the order of the file
    std::set<std::string> paths;
    for_each_file(all, files_[file], [&](const std::string& path, size_t offset, uint64_t size) {
      const Member member(path);
      if (member.key.empty() || member.is_hidden_file()) return;
      const std::string where = fmt::format("{}: {}", files_[file].string(), path);
      if (!paths.insert(path).second) fail(ErrorCode::data_loss, "{}: the name is in the shard twice", where);
      const std::string_view text(reinterpret_cast<const char*>(all.data()) + offset, size);
      if (has_picture_ending(member.path)) {
        Sample& sample = samples[member.key];
        if (sample.picture) fail(ErrorCode::data_loss, "{}: a second picture of the same name", where);
        sample.picture = Entry{file, 0, offset, size};
        sample.path = path;
        order.push_back(member.key);
      } else if (member.ending == ".cls") {
        samples[member.key].cls = text.empty() ? std::string_view(" ") : text;
      } else if (member.ending == ".json") {
        samples[member.key].json = text;
      } else if (member.ending == ".txt") {
        samples[member.key].text = text;
      }
    });
    finish(samples, order, file);
  }

  // A label is found under the image's own name or, when only one image has its short name, under that.
  void finish(const Samples& samples, const std::vector<std::string>& order, uint32_t file) {
    std::map<std::string, int> pictures;
    for (const std::string& key : order) ++pictures[short_key(key)];
    std::set<std::string> used;
    for (const std::string& key : order) {
      const auto own = samples.find(key), other = samples.find(short_key(key));
      const bool borrows =
          !own->second.has_label() && other != samples.end() && !other->second.picture && pictures[short_key(key)] == 1;
      const auto labeled = borrows ? other : own;
      used.insert(labeled->first);
      add(own->second, labeled->second, labeled->first, file);
    }
    for (const auto& [key, sample] : samples) {
      if (!sample.picture && !sample.cls.empty() && !used.contains(key) && !pictures.contains(key)) {
        fail(ErrorCode::data_loss, "{}: {} has a label but no picture", files_[file].string(), key);
      }
    }
  }

  void add(const Sample& sample, const Sample& labeled, const std::string& key, uint32_t file) {
    const std::string where = fmt::format("{}: {}", files_[file].string(), key);
    entries_.push_back(*sample.picture);
    Entry& entry = entries_.back();
    if (!labeled.cls.empty()) {
      entry.label = parse_label(labeled.cls, where + ".cls");
    } else if (const std::optional<int64_t> label = json_label(labeled.json)) {
      entry.label = checked_label(*label, where + ".json");
    } else if (is_number(labeled.text)) {
      entry.label = parse_label(labeled.text, where + ".txt");
    } else {
      if (unlabeled_.empty()) unlabeled_ = complaint(sample, labeled, where, file);
      return;
    }
    ++labels_;
  }

  std::string complaint(const Sample& sample, const Sample& labeled, const std::string& where, uint32_t file) const {
    if (!labeled.json.empty()) return fmt::format("{}.json: its label is not a number: {{\"label\": 7}} was expected", where);
    return fmt::format("{}: {} has neither .cls nor .json that tells its label", files_[file].string(), sample.path);
  }

  int64_t classes_ = 0, labels_ = 0;
  std::string unlabeled_;  // what is said about the first sample without a label
};

}  // namespace

std::shared_ptr<const Dataset> open_tar(const fs::path& folder, Split split) {
  const auto open = [](const std::vector<fs::path>& files) { return std::make_shared<TarDataset>(files); };
  const auto dataset = open_labeled(shard_files(folder, split, "tar", is_tar), open);
  // The training split determines how many classes there are.
  const int64_t classes =
      split == Split::train ? dataset->classes() : open(shard_files(folder, Split::train, "tar", is_tar).front())->classes();
  if (dataset->classes() > classes) {
    fail(ErrorCode::data_loss, "{}: label {}; the training shards have 0 to {}", folder.string(), dataset->classes() - 1,
         classes - 1);
  }
  dataset->name_classes(numbered_names(folder, classes));
  return dataset;
}

}  // namespace fovea
