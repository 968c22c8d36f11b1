// SPDX-License-Identifier: Apache-2.0
// SVG text, piece by piece: what the charts are written with.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "fovea/core/text.h"

namespace fovea {

// Colors of all pictures.
namespace color {
inline constexpr const char* ink = "#1f2937";
inline constexpr const char* faint = "#6b7280";
inline constexpr const char* grid = "#e5e7eb";
inline constexpr const char* right = "#15803d";
inline constexpr const char* wrong = "#dc2626";
inline constexpr const char* series[] = {"#2563eb", "#ea580c", "#16a34a", "#9333ea", "#0891b2", "#db2777"};
}  // namespace color

// Text with <, >, &, and quotes written as entities; control characters, which XML forbids, become spaces.
std::string escape_xml(std::string_view text);

struct TextStyle {
  double size = 12;
  const char* anchor = "start";  // or "middle", "end"
  const char* fill = color::ink;
  bool bold = false;
  double turn = 0;  // degrees
};

class Svg {
 public:
  Svg(double width, double height);

  template <typename... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    body_ += fmt::format(format, std::forward<Arguments>(arguments)...);
    body_ += '\n';
  }
  // (x, y) is on the base line of the text.
  void text(double x, double y, std::string_view text, const TextStyle& style = {});
  void line(double x1, double y1, double x2, double y2, const char* stroke, double width = 1);

  std::string finish() const { return body_ + "</svg>\n"; }

 private:
  std::string body_;
};

}  // namespace fovea
