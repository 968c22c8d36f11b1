// SPDX-License-Identifier: Apache-2.0
#include "fovea/report/json_lines.h"

#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {
namespace {

using nlohmann::ordered_json;

size_t kept_bytes(const std::filesystem::path& path, const std::string& key, int64_t keep_below) {
  if (keep_below <= 0 || !std::filesystem::exists(path)) return 0;
  const std::string text = read_text(path);
  size_t kept = 0;
  for (;;) {
    const size_t end = text.find('\n', kept);
    if (end == std::string::npos) return kept;
    const ordered_json line = ordered_json::parse(text.begin() + static_cast<ptrdiff_t>(kept),
                                                  text.begin() + static_cast<ptrdiff_t>(end), nullptr, false);
    if (!line.is_object() || !line.contains(key) || !line[key].is_number() ||
        line[key].get<double>() >= static_cast<double>(keep_below)) {
      return kept;
    }
    kept = end + 1;
  }
}

}  // namespace

JsonLines::JsonLines(const std::filesystem::path& path, const std::string& key, int64_t keep_below)
    : file_(path, kept_bytes(path, key, keep_below)) {}

void JsonLines::write(const ordered_json& object) {
  // Text that is not UTF-8 is replaced by a mark, because a log must not stop a run.
  file_.append(object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n');
}

std::vector<ordered_json> read_json_lines(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  std::vector<ordered_json> lines;
  size_t start = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    lines.push_back(ordered_json::parse(text.begin() + static_cast<ptrdiff_t>(start),
                                        text.begin() + static_cast<ptrdiff_t>(end), nullptr, false));
    if (!lines.back().is_object()) fail(ErrorCode::data_loss, "{}:{}: not a JSON object", path.string(), lines.size());
    start = end + 1;
  }
  return lines;
}

}  // namespace fovea
