#include "fovea/core/lines.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {
namespace {

// The length of the character of UTF-8 that `text` begins with (Unicode 15, table 3-7); 0 where it begins with none.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && second < 0xa0, surrogate = first == 0xed && second >= 0xa0;
    return !overlong && !surrogate && follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && second < 0x90, beyond = first == 0xf4 && second >= 0x90;
    return !overlong && !beyond && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t length = character_length(text);
    result += length > 0 ? std::string(text.substr(0, length)) : fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

std::vector<std::string> lines_of(std::string_view text, const std::string& name, bool utf8) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) fail("{}: a text of UTF-16; save it as UTF-8", name);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find('\0') != std::string_view::npos) fail("{}:{}: not a text file", name, lines.size() + 1);
    if (utf8 && !is_utf8(line))
      fail("{}:{}: \"{}\" is no UTF-8; save the file as UTF-8", name, lines.size() + 1, escaped(line));
    lines.emplace_back(line);
  }
  return lines;
}

std::vector<std::string> read_lines(const std::filesystem::path& path, bool utf8) {
  return lines_of(read_text(path), path.string(), utf8);
}

}  // namespace fovea
