// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/lines.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/text.h"

namespace fovea {

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    size_t length = std::min<size_t>(4, text.size());
    while (length > 0 && !is_utf8(text.substr(0, length))) --length;
    result += length > 0 ? std::string(text.substr(0, length)) : fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

std::vector<std::string> lines_of(std::string_view text, const std::string& name, bool utf8) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    fail(ErrorCode::data_loss, "{}: a UTF-16 text; save it as UTF-8", name);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find('\0') != std::string_view::npos) fail(ErrorCode::data_loss, "{}:{}: not a text file", name, lines.size() + 1);
    if (utf8 && !is_utf8(line))
      fail(ErrorCode::data_loss, "{}:{}: \"{}\" is not UTF-8; save the file as UTF-8", name, lines.size() + 1, escaped(line));
    lines.emplace_back(line);
  }
  return lines;
}

std::vector<std::string> read_lines(const std::filesystem::path& path, bool utf8) {
  return lines_of(read_text(path), path.string(), utf8);
}

}  // namespace fovea
