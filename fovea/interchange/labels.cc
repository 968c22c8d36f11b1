// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/labels.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/lines.h"

namespace fovea {
namespace {

// What follows "NUMBER " or "NUMBER:"; empty when the line does not start like that.
std::string_view after_number(std::string_view line, size_t number) {
  const std::string start = std::to_string(number);
  if (!line.starts_with(start) || line.size() < start.size() + 2) return {};
  line.remove_prefix(start.size());
  if (line[0] != ' ' && line[0] != ':' && line[0] != '\t') return {};
  const size_t name = line.find_first_not_of(" \t", 1);
  return name == std::string_view::npos ? std::string_view() : line.substr(name);
}

void drop_numbers(std::vector<std::string>& labels) {
  for (size_t i = 0; i < labels.size(); ++i)
    if (after_number(labels[i], i).empty()) return;
  for (size_t i = 0; i < labels.size(); ++i) labels[i] = std::string(after_number(labels[i], i));
}

}  // namespace

std::vector<std::string> read_labels(const std::filesystem::path& path, LabelNumbers numbers) {
  return labels_of(read_text(path), path.string(), numbers);
}

std::vector<std::string> labels_of(std::string_view text, const std::string& name, LabelNumbers numbers) {
  std::vector<std::string> labels = lines_of(text, name, /*utf8=*/true);
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  if (labels.empty()) fail(ErrorCode::data_loss, "{}: no labels; the name of class i is expected on line i", name);
  const auto blank = std::ranges::find(labels, std::string());
  if (blank != labels.end())
    fail(ErrorCode::data_loss, "{}:{}: an empty line would shift every label after it", name, blank - labels.begin() + 1);
  if (numbers == LabelNumbers::drop) drop_numbers(labels);
  return labels;
}

void write_labels(const std::filesystem::path& path, const std::vector<std::string>& labels) {
  std::string text;
  for (const std::string& label : labels) {
    if (label.empty() || label.find('\n') != std::string::npos) refuse("{}: a label is one line of text", path.string());
    text += label + '\n';
  }
  write_text(path, text);
}

std::vector<std::string> class_labels(const std::vector<std::string>& labels, int64_t classes, const std::string& model,
                                      const std::string& from) {
  std::vector<std::string> result = labels;
  const int64_t given = std::ssize(labels);
  if (given == 0) {
    for (int64_t index = 0; index < classes; ++index) result.push_back(std::to_string(index));
  } else if (given == classes + 1) {
    result.erase(result.begin());
  } else if (given + 1 == classes) {
    result.insert(result.begin(), "background");
  } else if (given != classes) {
    fail("{} names {} classes; {} tells {} apart", from, given, model, classes);
  }
  return result;
}

}  // namespace fovea
