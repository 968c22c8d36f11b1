// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/sources/sample_index.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/lines.h"
#include "fovea/core/text.h"
#include "fovea/data/image/image_files.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr int64_t most_classes = 1'000'000;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return text;
}

std::vector<fs::path> shards_in(const fs::path& folder, bool (*is_shard)(std::string_view name)) {
  std::vector<fs::path> paths = entries_in(folder);
  std::erase_if(paths,
                [&](const fs::path& path) { return !fs::is_regular_file(path) || !is_shard(lower(path.filename().string())); });
  return paths;
}

// Whether the name contains the word; words are runs of letters.
bool has_word(const std::string& name, const std::string& word) {
  const auto is_letter = [&](size_t at) { return at < name.size() && std::isalpha(static_cast<unsigned char>(name[at])) != 0; };
  for (size_t at = name.find(word); at != std::string::npos; at = name.find(word, at + 1)) {
    if ((at == 0 || !is_letter(at - 1)) && !is_letter(at + word.size())) return true;
  }
  return false;
}

// A name belongs to a split by whole words. If it has none, letters within a longer word count, too, so that "imagenetval00" is
// found.
bool is_of_split(const std::string& name, const std::string& word, Split split) {
  if (has_word(name, word)) return true;
  const auto any_word = [&](Split of) {
    return std::ranges::any_of(split_words(of), [&](const std::string& other) { return has_word(name, other); });
  };
  if (any_word(Split::train) || any_word(Split::test) || name.find(word) == std::string::npos) return false;
  return split == Split::train || name.find("train") == std::string::npos;
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
  read_part(place(found), found.offset, found.length, bytes);
}

const std::vector<std::string>& split_words(Split split) {
  static const std::vector<std::string> train{"train", "training"},
      test{"test", "testing", "val", "valid", "validation", "eval"};
  return split == Split::train ? train : test;
}

std::vector<fs::path> split_folders(const fs::path& folder, Split split) {
  std::vector<fs::path> found;
  const std::vector<fs::path> all = entries_in(folder);
  for (const std::string& word : split_words(split)) {
    if (fs::is_directory(folder / word)) found.push_back(folder / word);
    for (const fs::path& path : all) {
      const std::string name = path.filename().string();
      if (name != word && lower(name) == word && fs::is_directory(path)) found.push_back(path);
    }
  }
  return found;
}

std::vector<fs::path> class_folders(const fs::path& folder) {
  std::vector<fs::path> folders = entries_in(folder);
  std::erase_if(folders, [](const fs::path& path) { return !fs::is_directory(path); });
  for (const fs::path& path : folders) {
    const std::string name = path.filename().string();
    if (!is_utf8(name)) {
      fail(ErrorCode::data_loss,
           "{}: the name of the class folder \"{}\" is not UTF-8; rename it (convmv does so for whole trees)", folder.string(),
           escaped(name));
    }
    if (std::ranges::any_of(name, [](unsigned char letter) { return letter < ' '; }))
      fail(ErrorCode::data_loss, "{}: the name of a class folder must be one line of text", folder.string());
  }
  return folders;
}

std::vector<std::vector<fs::path>> shard_files(const fs::path& folder, Split split, const char* kind,
                                               bool (*is_shard)(std::string_view name)) {
  std::vector<std::vector<fs::path>> candidates;
  for (const fs::path& place : split_folders(folder, split)) {
    if (std::vector<fs::path> files = shards_in(place, is_shard); !files.empty()) candidates.push_back(std::move(files));
  }
  if (!candidates.empty()) return candidates;
  for (const std::string& word : split_words(split)) {
    std::vector<fs::path> files = shards_in(folder, is_shard);
    std::erase_if(files, [&](const fs::path& path) { return !is_of_split(lower(path.filename().string()), word, split); });
    const auto known = [&](const auto& other) { return other == files; };
    if (!files.empty() && std::ranges::none_of(candidates, known)) candidates.push_back(std::move(files));
  }
  if (candidates.empty()) {
    fail(ErrorCode::not_found, "{}: no {} shards of the {} split: files named like {}-00000-of-00008, or a folder {}",
         folder.string(), kind, name(split), split == Split::train ? "train" : "validation", split_words(split).front());
  }
  return candidates;
}

int32_t checked_label(int64_t label, const std::string& where) {
  if (label < 0 || label >= most_classes)
    fail(ErrorCode::data_loss, "{}: label {}; labels are from 0 to {}", where, label, most_classes - 1);
  return static_cast<int32_t>(label);
}

int32_t parse_label(std::string_view text, const std::string& where) {
  constexpr std::string_view space = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  text.remove_suffix(text.size() - std::min(text.find_last_not_of(space) + 1, text.size()));
  int64_t label = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), label);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    fail(ErrorCode::data_loss, "{}: the label \"{}\" is not a number", where, text.substr(0, 40));
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
  names = read_lines(path, true);
  while (!names.empty() && names.back().empty()) names.pop_back();
  const auto blank = std::ranges::find(names, std::string());
  if (blank != names.end())
    fail(ErrorCode::data_loss, "{}:{}: an empty line would shift every name after it", path.string(),
         blank - names.begin() + 1);
  if (static_cast<int64_t>(names.size()) < count) {
    fail(ErrorCode::data_loss, "{} names {} classes, but the labels go up to {}", path.string(), names.size(), count - 1);
  }
  return names;
}

}  // namespace fovea
