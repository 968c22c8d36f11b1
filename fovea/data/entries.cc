#include "fovea/data/entries.h"

#include <algorithm>
#include <charconv>

#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr int64_t most_classes = 1'000'000;

std::vector<fs::path> files_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file()) paths.push_back(at->path());
  }
  if (error) fail("cannot read {}: {}", folder.string(), error.message());
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

const Entry& EntryDataset::entry(int64_t index) const {
  check_index(*this, index);
  return entries_[static_cast<size_t>(index)];
}

std::string EntryDataset::image_name(int64_t index) const {
  return fmt::format("{}, byte {}", file(entry(index)).string(), entry(index).offset);
}

void EntryDataset::read_bytes(int64_t index, std::vector<std::byte>& bytes) const {
  const Entry& found = entry(index);
  read_part(file(found), found.offset, found.length, bytes);
}

std::vector<fs::path> shard_files(const fs::path& folder, Split split, const char* kind) {
  const std::vector<std::string> words =
      split == Split::train ? std::vector<std::string>{"train"} : std::vector<std::string>{"test", "val", "validation"};
  for (const std::string& word : words) {
    if (!fs::is_directory(folder / word)) continue;
    std::vector<fs::path> files = files_in(folder / word);
    if (!files.empty()) return files;
  }
  std::vector<fs::path> files = files_in(folder);
  std::erase_if(files, [&](const fs::path& path) {
    const std::string name = path.filename().string();
    return std::ranges::none_of(words, [&](const std::string& word) { return name.find(word) != std::string::npos; });
  });
  if (files.empty()) {
    fail("{}: no {} shards of the {} split: files named like {}-00000-of-00008, or a folder {}", folder.string(), kind,
         name(split), split == Split::train ? "train" : "validation", words.front());
  }
  return files;
}

int32_t checked_label(int64_t label, const std::string& where) {
  if (label < 0 || label >= most_classes) fail("{}: label {}; labels are from 0 to {}", where, label, most_classes - 1);
  return static_cast<int32_t>(label);
}

int32_t parse_label(std::string_view text, const std::string& where) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  int64_t label = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    fail("{}: the label \"{}\" is not a number", where, text.substr(0, 40));
  }
  return checked_label(label, where);
}

std::vector<std::string> numbered_names(const fs::path& folder, int64_t count) {
  std::vector<std::string> names;
  const fs::path path = folder / "classes.txt";
  if (!fs::exists(path)) {
    for (int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
    return names;
  }
  const std::string text = read_text(path);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(std::move(line));
    at = end + 1;
  }
  if (static_cast<int64_t>(names.size()) < count) {
    fail("{} names {} classes, but the labels go up to {}", path.string(), names.size(), count - 1);
  }
  return names;
}

}  // namespace fovea
