// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/sources/picture_split.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/lines.h"
#include "fovea/core/random.h"
#include "fovea/core/text.h"
#include "fovea/data/image/image_files.h"
#include "fovea/data/sources/csv_cells.h"
#include "fovea/data/sources/sample_index.h"
#include "fovea/data/sources/sources.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t purpose =
    0x73706c6974000000;       // so that the split uses other random numbers than whatever else has the same seed
constexpr int64_t parts = 5;  // one of which is for testing
constexpr const char* heading = "path,class,part";

uint64_t rank_of(const fs::path& path, uint64_t seed) {
  Random random(seed ^ purpose, hash_of(path.generic_string()));
  const uint64_t high = random.bits();
  return high << 32 | random.bits();
}

// Groups of images with the same bytes, as indices of items. Only files whose length occurs more than once are read.
std::vector<std::vector<size_t>> groups_of_equals(const fs::path& folder, const std::vector<PictureSplit::Item>& items) {
  std::map<uintmax_t, std::vector<size_t>> by_size;
  for (size_t i = 0; i < items.size(); ++i) {
    std::error_code unreadable;  // this is reported when the image is read
    const uintmax_t size = fs::file_size(folder / items[i].path, unreadable);
    by_size[unreadable ? 0 : size].push_back(i);
  }
  std::vector<std::vector<size_t>> groups;
  for (const auto& [size, numbers] : by_size) {
    std::map<uint64_t, std::vector<size_t>> by_hash;
    for (const size_t number : numbers) {
      // An empty file is no image and counts as no copy of another. Neither does a file that cannot be read, which training
      // reports.
      std::vector<size_t>* equals = nullptr;
      try {
        if (numbers.size() > 1 && size > 0) {
          const std::string content = read_text(folder / items[number].path);
          equals = &by_hash[hash_of(content)];
          if (!equals->empty() && read_text(folder / items[equals->front()].path) != content) equals = nullptr;
        }
      } catch (const Error&) {
      }
      if (equals != nullptr)
        equals->push_back(number);
      else
        groups.push_back({number});
    }
    for (auto& [hash, equals] : by_hash) groups.push_back(std::move(equals));
  }
  return groups;
}

// Says how many images are copies, and which are in two classes.
std::string remark_on(const PictureSplit& split, const std::vector<std::vector<size_t>>& groups) {
  int64_t copies = 0, contradictions = 0;
  const std::vector<size_t>* first = nullptr;
  for (const std::vector<size_t>& group : groups) {
    copies += std::ssize(group) - 1;
    const auto other = [&](size_t i) { return split.items[i].label != split.items[group.front()].label; };
    if (std::ranges::none_of(group, other)) continue;
    ++contradictions;
    if (first == nullptr) first = &group;
  }
  std::string text;
  if (copies == 1) text = "; 1 is a copy of another, and stays with it";
  if (copies > 1) text = fmt::format("; {} are copies of others, and stay with them", with_separators(copies));
  if (first != nullptr) {
    const auto other =
        std::ranges::find_if(*first, [&](size_t i) { return split.items[i].label != split.items[first->front()].label; });
    text += fmt::format("; {} of two classes, such as {} and {}",
                        contradictions == 1 ? "1 picture is" : fmt::format("{} are", contradictions),
                        utf8_of(split.items[first->front()].path.string()), utf8_of(split.items[*other].path.string()));
  }
  return text;
}

// Marks the images for testing: whole groups of equal images, until each class has its share.
void draw(PictureSplit& split, std::vector<std::vector<size_t>>& groups, uint64_t seed) {
  std::vector<std::vector<const std::vector<size_t>*>> by_class(split.classes.size());
  std::vector<int64_t> counts(split.classes.size());
  for (const PictureSplit::Item& item : split.items) ++counts[static_cast<size_t>(item.label)];
  for (std::vector<size_t>& group : groups) {
    std::ranges::sort(group, {}, [&](size_t i) { return split.items[i].path; });
    const int32_t label = split.items[group.front()].label;
    // An image that is in two classes has at least one wrong label, so it must not be in a test.
    if (std::ranges::all_of(group, [&](size_t i) { return split.items[i].label == label; }))
      by_class[static_cast<size_t>(label)].push_back(&group);
  }
  const auto order = [&](const std::vector<size_t>* group) {
    const fs::path& path = split.items[group->front()].path;
    return std::pair(rank_of(path, seed), path);
  };
  for (size_t label = 0; label < by_class.size(); ++label) {
    auto& own = by_class[label];
    std::ranges::sort(own, {}, order);
    int64_t share = std::max<int64_t>(1, (counts[label] + parts / 2) / parts);
    for (const std::vector<size_t>* group : own) {
      const int64_t size = std::ssize(*group);
      if (size > share || size == counts[label]) continue;
      share -= size;
      for (const size_t i : *group) split.items[i].part = Split::test;
    }
  }
}

void check_name(const fs::path& path) {
  std::string name = path.native();
  const auto is_control = [](unsigned char letter) { return letter < ' '; };
  if (std::ranges::none_of(name, is_control)) return;
  std::ranges::replace_if(name, is_control, '?');
  fail(ErrorCode::data_loss,
       "{}: the name of a picture must be one line of text; rename it (? stands for what cannot be shown)", escaped(name));
}

// Whether a name is a common name for a part of a data set, such as "Train" or "test1".
bool is_split_word(std::string name) {
  std::erase_if(name, [](unsigned char letter) { return std::isalpha(letter) == 0; });
  std::ranges::transform(name, name.begin(), [](unsigned char letter) { return std::tolower(letter); });
  return std::ranges::any_of(std::array{Split::train, Split::test},
                             [&](Split part) { return std::ranges::find(split_words(part), name) != split_words(part).end(); });
}

int64_t count_of(const PictureSplit& split, Split part) {
  return std::ranges::count(split.items, part, &PictureSplit::Item::part);
}

}  // namespace

bool is_undivided(const fs::path& folder) {
  const auto has_parts = [](const std::vector<fs::path>& folders) {
    return std::ranges::any_of(folders, [](const fs::path& path) { return !class_folders(path).empty(); });
  };
  if (has_parts(split_folders(folder, Split::train)) || has_parts(split_folders(folder, Split::test))) return false;
  // Images directly in train and test1 have no class, but a folder "train" beside "bus" and "car" is a class.
  return std::ranges::any_of(class_folders(folder),
                             [](const fs::path& path) { return !is_split_word(path.filename().string()); });
}

PictureSplit divided(const fs::path& folder, uint64_t seed) {
  PictureSplit split;
  for (const fs::path& place : class_folders(folder)) {
    const std::vector<fs::path> pictures = pictures_in(place);
    if (pictures.empty())
      fail(ErrorCode::not_found, "{}: no pictures in this class folder; a class needs {} files", place.string(),
           picture_endings);
    for (const fs::path& path : pictures) {
      check_name(path);
      split.items.push_back({path.lexically_relative(folder), static_cast<int32_t>(split.classes.size())});
    }
    split.classes.push_back(place.filename().string());
  }
  if (split.classes.size() == 1)
    fail("{}: only one class, \"{}\"; a network needs at least two, each with a folder of its own", folder.string(),
         split.classes.front());
  std::vector<std::vector<size_t>> groups = groups_of_equals(folder, split.items);
  draw(split, groups, seed);
  const int64_t train = count_of(split, Split::train), test = count_of(split, Split::test);
  if (test == 0) fail("{}: nothing is left to test on; a class needs at least two different pictures", folder.string());
  split.remark = fmt::format("{}: {} pictures to train on, {} to test on, a fifth of each class drawn by seed {}{}",
                             folder.string(), with_separators(train), with_separators(test), seed, remark_on(split, groups));
  return split;
}

std::shared_ptr<const PictureSplit> drawn_split(std::string_view spec, uint64_t seed) {
  const std::string known = dataset_spec(spec), kind = "images:";
  if (!known.starts_with(kind) || !is_undivided(known.substr(kind.size()))) return nullptr;
  return std::make_shared<const PictureSplit>(divided(known.substr(kind.size()), seed));
}

std::string split_text(const PictureSplit& split) {
  std::string text = std::string(heading) + "\n";
  for (const PictureSplit::Item& item : split.items)
    text += fmt::format("{},{},{}\n", csv_cell(item.path.generic_string()),
                        csv_cell(split.classes[static_cast<size_t>(item.label)]), name(item.part));
  return text;
}

PictureSplit read_split(const fs::path& path) {
  PictureSplit split;
  std::map<std::string, int32_t> labels;
  std::set<std::string> known;
  std::vector<std::string> classes;
  int64_t line = 0;
  for (const std::string& content : read_lines(path)) {
    const std::string where = fmt::format("{}:{}", path.string(), ++line);
    if (line == 1 && content == heading) continue;
    const std::vector<std::string> cells = csv_cells(content, where);
    if (cells.size() != 3 || (cells[2] != "train" && cells[2] != "test"))
      fail(ErrorCode::data_loss, "{}: a line is {}, the part train or test", where, heading);
    if (!known.insert(cells[0]).second) fail(ErrorCode::data_loss, "{}: {} is listed twice", where, utf8_of(cells[0]));
    const auto label = labels.emplace(cells[1], static_cast<int32_t>(labels.size()));
    split.items.push_back({cells[0], label.first->second, cells[2] == "test" ? Split::test : Split::train});
  }
  if (split.items.empty()) fail(ErrorCode::not_found, "{}: no pictures; a line is {}", path.string(), heading);
  // Classes are numbered in the order of their names, as class folders are.
  std::vector<int32_t> places(labels.size());
  for (const auto& [called, label] : labels) {
    places[static_cast<size_t>(label)] = static_cast<int32_t>(split.classes.size());
    split.classes.push_back(called);
  }
  for (PictureSplit::Item& item : split.items) item.label = places[static_cast<size_t>(item.label)];
  return split;
}

}  // namespace fovea
