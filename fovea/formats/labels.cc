#include "fovea/formats/labels.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {

std::vector<std::string> read_labels(const std::filesystem::path& path) {
  std::string text = read_text(path);
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  std::vector<std::string> labels;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    if (line.ends_with('\r')) line.pop_back();
    if (line.find('\0') != std::string::npos) fail("{}:{}: not a text file", path.string(), labels.size() + 1);
    labels.push_back(std::move(line));
    start = end + 1;
  }
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  if (labels.empty()) fail("{}: no labels; the name of class i is expected on line i", path.string());
  const auto blank = std::ranges::find(labels, std::string());
  if (blank != labels.end())
    fail("{}:{}: an empty line would shift every label after it", path.string(), blank - labels.begin() + 1);
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

}  // namespace fovea
