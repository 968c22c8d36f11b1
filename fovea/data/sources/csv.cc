// SPDX-License-Identifier: Apache-2.0
// A list of image files: each line is `path,label`, with the path relative to the list's folder and the label a number. Quotes
// are as in RFC 4180; a first line `path,label` is a heading. The list of the test split is beside that of the training split,
// with `test` (or `val`) in place of `train` in its name; one without labels is skipped for the next.
#include <algorithm>
#include <cctype>
#include <map>

#include "fovea/core/error.h"
#include "fovea/core/lines.h"
#include "fovea/data/sources/csv_cells.h"
#include "fovea/data/sources/sample_index.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

class ListDataset : public EntryDataset {
 public:
  explicit ListDataset(const fs::path& list) : list_(list) {
    std::map<std::string, int64_t> known;
    int64_t line = 0;
    for (const std::string& content : read_lines(list)) {
      ++line;
      const std::string where = fmt::format("{}:{}", list.string(), line);
      if (content.find_first_not_of(" \t") == std::string::npos) continue;
      const std::vector<std::string> cells = csv_cells(content, where);
      if (line == 1 && is_heading(cells)) continue;
      if (cells.size() == 1 && entries_.empty()) complain_of_one_cell(content, where);
      if (cells.size() != 2) fail(ErrorCode::data_loss, "{}: {} cells; a line is path,label", where, cells.size());
      add(list, cells, where, line, known);
    }
    if (entries_.empty()) fail(ErrorCode::not_found, "{}: no photographs; a line is path,label", list.string());
    for (const Entry& entry : entries_) classes_ = std::max<int64_t>(classes_, entry.label + 1);
  }
  std::string image_name(int64_t index) const override { return file(entry(index)).string(); }
  int64_t classes() const { return classes_; }
  const fs::path& list() const { return list_; }
  void name_classes(std::vector<std::string> names) { class_names_ = std::move(names); }

 private:
  static bool is_heading(const std::vector<std::string>& cells) {
    std::string first = cells[0];
    std::ranges::transform(first, first.begin(), [](unsigned char letter) { return std::tolower(letter); });
    return first == "path";
  }

  // Complains about a list without labels or with other separators.
  [[noreturn]] static void complain_of_one_cell(std::string_view content, const std::string& where) {
    for (const auto& [separator, called] : {std::pair{';', "semicolons"}, {'\t', "tabs"}}) {
      if (content.find(separator) != std::string_view::npos)
        fail(ErrorCode::data_loss, "{}: separated by {}; a line is path,label, with a comma", where, called);
    }
    throw Unlabeled(fmt::format("{}: 1 cells, a path without a label; a line is path,label", where));
  }

  void add(const fs::path& list, const std::vector<std::string>& cells, const std::string& where, int64_t line,
           std::map<std::string, int64_t>& lines) {
    const int32_t label =
        parse_label(cells[1], line == 1 ? where + ": neither a heading path,label nor a path and its label" : where);
    const auto [known, fresh] = lines.emplace(cells[0], line);
    if (!fresh) fail(ErrorCode::data_loss, "{}: {} is already in line {}", where, cells[0], known->second);
    fs::path path = list.parent_path() / cells[0];
    std::error_code error;
    const uint64_t size = fs::file_size(path, error);
    if (error) fail(ErrorCode::not_found, "{}: there is no file {}", where, path.string());
    entries_.push_back({static_cast<uint32_t>(files_.size()), label, 0, size});
    files_.push_back(std::move(path));
  }

  fs::path list_;
  int64_t classes_ = 0;
};

// The lists of a split that exist, in the order in which they are tried.
std::vector<fs::path> lists_of(const fs::path& list, Split split) {
  if (split == Split::train) return {list};
  std::vector<fs::path> lists;
  const std::string name = list.filename().string();
  for (const auto& [train, capital] : {std::pair{"train", false}, {"Train", true}}) {
    const size_t at = name.rfind(train);
    if (at == std::string::npos) continue;
    for (std::string word : split_words(Split::test)) {
      if (capital) word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
      const fs::path candidate = list.parent_path() / std::string(name).replace(at, 5, word);
      if (fs::exists(candidate)) lists.push_back(candidate);
    }
  }
  if (lists.empty())
    fail(ErrorCode::not_found, "{}: no list of test photographs beside it; train.csv goes with test.csv or val.csv",
         list.string());
  return lists;
}

}  // namespace

std::shared_ptr<const Dataset> open_csv(const fs::path& list, Split split) {
  const auto dataset =
      open_labeled(lists_of(list, split), [](const fs::path& path) { return std::make_shared<ListDataset>(path); });
  const int64_t classes = split == Split::train ? dataset->classes() : ListDataset(list).classes();
  if (dataset->classes() > classes) {
    fail(ErrorCode::data_loss, "{}: label {}; the training list has 0 to {}", dataset->list().string(), dataset->classes() - 1,
         classes - 1);
  }
  dataset->name_classes(numbered_names(list.parent_path(), classes));
  return dataset;
}

}  // namespace fovea
