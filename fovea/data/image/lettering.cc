// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/lettering.h"

#include <stb_easy_font.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <vector>

namespace fovea {
namespace {

constexpr int64_t scale = 2;  // pixels of the image for one pixel of the font

// The letters from U+00C0 to U+017F without their accents.
constexpr char plain[] =
    "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLl"
    "NnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
static_assert(sizeof plain == 0x180 - 0xC0 + 1);

// The ASCII letter for the UTF-8 letter that begins at `text[at]`. Moves `at` behind that letter.
char ascii(const std::string& text, size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead < ' ' || lead == 0x7F ? ' ' : static_cast<char>(lead);
  const auto is_rest = [&](size_t i) { return i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  const uint32_t code = (lead & 0x1FU) << 6 | (is_rest(at) ? static_cast<unsigned char>(text[at]) & 0x3FU : 0);
  while (is_rest(at)) ++at;
  return lead < 0xE0 && code >= 0xC0 && code < 0x180 ? plain[code - 0xC0] : '?';
}

std::string drawable(const std::string& text) {
  std::string result;
  constexpr std::string_view ellipsis = "…";
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, ellipsis.size(), ellipsis) == 0) {
      result += "...";
      at += ellipsis.size();
    } else {
      result += ascii(text, at);
    }
  }
  return result;
}

// stb_easy_font draws a letter as rectangles, each given by four of these corners.
struct Corner {
  float x, y, z;
  uint8_t color[4];
};

}  // namespace

int64_t lettering_width(const std::string& text) {
  std::string letters = drawable(text);
  return scale * stb_easy_font_width(letters.data());
}

void draw_lettering(Image& image, int64_t top, int64_t left, const std::string& text, uint8_t level) {
  std::string letters = drawable(text);
  constexpr size_t most_rectangles = 24;  // for one letter
  std::vector<Corner> corners(4 * most_rectangles * letters.size());
  const int rectangles =
      stb_easy_font_print(0, 0, letters.data(), nullptr, corners.data(), static_cast<int>(corners.size() * sizeof(Corner)));
  const auto [height, width, channels] = image.shape;
  for (size_t i = 0; i < static_cast<size_t>(rectangles); ++i) {
    const Corner &first = corners[4 * i], &last = corners[4 * i + 2];
    const auto pixel = [](float at) { return scale * std::lround(at); };
    for (int64_t y = std::max<int64_t>(0, top + pixel(first.y)); y < std::min(height, top + pixel(last.y)); ++y) {
      const int64_t from = std::clamp<int64_t>(left + pixel(first.x), 0, width);
      const int64_t to = std::clamp<int64_t>(left + pixel(last.x), from, width);
      std::fill_n(image.pixels.begin() + (y * width + from) * channels, (to - from) * channels, level);
    }
  }
}

}  // namespace fovea
