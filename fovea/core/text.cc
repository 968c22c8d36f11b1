#include "fovea/core/text.h"

#include <fmt/format.h>

namespace fovea {

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

}  // namespace fovea
