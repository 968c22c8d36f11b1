// A list of photographs: a line `path,label` each, the path from the list's folder on, the label a number. Quotes as in RFC
// 4180; a first line `path,label` is a heading. The list of the test split stands beside that of the training split under the
// name that has `test` (or `val`) for `train`.
#include <algorithm>
#include <map>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/entries.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

// Cells of one line; fails on a quote that is not closed.
std::vector<std::string> cells_of(std::string_view line, const std::string& where) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char letter = line[i];
    if (quoted && letter == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      cells.back() += line[++i];
    } else if (letter == '"') {
      quoted = !quoted;
    } else if (letter == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += letter;
    }
  }
  if (quoted) fail("{}: a quote that is not closed", where);
  return cells;
}

class ListDataset : public EntryDataset {
 public:
  explicit ListDataset(const fs::path& list) {
    const std::string text = read_text(list);
    std::map<std::string, int64_t> lines;
    int64_t line = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      std::string_view content(text.data() + at, end - at);
      at = end + 1;
      ++line;
      if (content.ends_with('\r')) content.remove_suffix(1);
      if (content.empty() || (line == 1 && content.starts_with("path,"))) continue;
      add(list, content, line, lines);
    }
    if (entries_.empty()) fail("{}: no photographs; a line is path,label", list.string());
    for (const Entry& entry : entries_) classes_ = std::max<int64_t>(classes_, entry.label + 1);
  }
  std::string image_name(int64_t index) const override { return file(entry(index)).string(); }
  int64_t classes() const { return classes_; }
  void name_classes(std::vector<std::string> names) { class_names_ = std::move(names); }

 private:
  void add(const fs::path& list, std::string_view content, int64_t line, std::map<std::string, int64_t>& lines) {
    const std::string where = fmt::format("{}:{}", list.string(), line);
    const std::vector<std::string> cells = cells_of(content, where);
    if (cells.size() != 2) fail("{}: {} cells; a line is path,label", where, cells.size());
    const int32_t label = parse_label(cells[1], where);
    const auto [known, fresh] = lines.emplace(cells[0], line);
    if (!fresh) fail("{}: {} stands in line {} already", where, cells[0], known->second);
    fs::path path = list.parent_path() / cells[0];
    std::error_code error;
    const uint64_t size = fs::file_size(path, error);
    if (error) fail("{}: there is no file {}", where, path.string());
    entries_.push_back({static_cast<uint32_t>(files_.size()), label, 0, size});
    files_.push_back(std::move(path));
  }

  int64_t classes_ = 0;
};

fs::path list_of(const fs::path& list, Split split) {
  if (split == Split::train) return list;
  const std::string name = list.filename().string();
  const size_t at = name.find("train");
  if (at != std::string::npos) {
    for (const char* word : {"test", "val", "validation"}) {
      const fs::path candidate = list.parent_path() / std::string(name).replace(at, 5, word);
      if (fs::exists(candidate)) return candidate;
    }
  }
  fail("{}: no list of test photographs beside it; train.csv goes with test.csv or val.csv", list.string());
}

}  // namespace

std::shared_ptr<const Dataset> open_csv(const fs::path& list, Split split) {
  auto dataset = std::make_shared<ListDataset>(list_of(list, split));
  const int64_t classes = split == Split::train ? dataset->classes() : ListDataset(list).classes();
  if (dataset->classes() > classes) {
    fail("{}: label {}; the training list has 0 to {}", list_of(list, split).string(), dataset->classes() - 1, classes - 1);
  }
  dataset->name_classes(numbered_names(list.parent_path(), classes));
  return dataset;
}

}  // namespace fovea
