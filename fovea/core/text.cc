// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/text.h"

#include <fmt/format.h>

#include <charconv>

namespace fovea {
namespace {

// The number of bytes of the character at the start of `text`. It is negative, as the length of the bad piece, where those
// bytes begin a character without ending it or begin none.
int letter_bytes(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const int first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return -1;
  const int count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  // The second byte's range excludes overlong forms, surrogates, and what lies beyond Unicode.
  const int least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const int most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < least || byte(1) > most) return -1;
  for (int i = 2; i < count; ++i)
    if (byte(static_cast<size_t>(i)) < 0x80 || byte(static_cast<size_t>(i)) > 0xBF) return -i;
  return count;
}

}  // namespace

std::optional<double> share_in(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value / (percent ? 100 : 1);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const int bytes = letter_bytes(text);
    if (bytes < 0) return false;
    text.remove_prefix(static_cast<size_t>(bytes));
  }
  return true;
}

std::string utf8_of(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const int bytes = letter_bytes(text);
    const auto length = static_cast<size_t>(bytes < 0 ? -bytes : bytes);
    bytes < 0 ? result += "\xEF\xBF\xBD" : result += text.substr(0, length);
    text.remove_prefix(length);
  }
  return result;
}

std::string with_separators(int64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    const size_t left = digits.size() - i;
    if (left % 3 == 0 && i > static_cast<size_t>(number < 0)) text += ',';
    text += digits[i];
  }
  return text;
}

std::string count_text(double count) {
  if (count < 1e6) return fmt::format("{:.1f} k", count / 1e3);
  if (count < 1e9) return fmt::format("{:.1f} M", count / 1e6);
  return fmt::format("{:.1f} G", count / 1e9);
}

std::string bytes_text(int64_t bytes) {
  const double amount = static_cast<double>(bytes);
  if (amount < 1e6) return fmt::format("{:.1f} kB", amount / 1e3);
  if (amount < 1e9) return fmt::format("{:.1f} MB", amount / 1e6);
  return fmt::format("{:.2f} GB", amount / 1e9);
}

std::string shorten(std::string_view text, size_t letters) {
  const auto continues = [&](size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; };
  size_t count = 0, cut = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    if (continues(at)) continue;
    if (++count == letters) cut = at;
  }
  return count <= letters ? std::string(text) : std::string(text.substr(0, cut)) + "…";
}

}  // namespace fovea
