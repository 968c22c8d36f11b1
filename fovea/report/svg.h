// SPDX-License-Identifier: Apache-2.0
/// \file
/// SVG text, composed piece by piece, which the charts are written with.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "fovea/core/text.h"

namespace fovea {

/// The colors of all charts.
namespace color {
inline constexpr const char* ink = "#1f2937";    ///< of text
inline constexpr const char* faint = "#6b7280";  ///< of axes and remarks
inline constexpr const char* grid = "#e5e7eb";   ///< of grid lines
inline constexpr const char* right = "#15803d";  ///< of right answers
inline constexpr const char* wrong = "#dc2626";  ///< of wrong answers
/// Of curves and bars, in order.
inline constexpr const char* series[] = {"#2563eb", "#ea580c", "#16a34a", "#9333ea", "#0891b2", "#db2777"};
}  // namespace color

/// The text with `<`, `>`, `&` and quotes written as entities; control characters, which XML forbids, become spaces.
std::string escape_xml(std::string_view text);

/// How text is drawn.
struct TextStyle {
  double size = 12;               ///< in pixels
  const char* anchor = "start";   ///< or "middle", "end"
  const char* fill = color::ink;  ///< color
  bool bold = false;              ///< weight
  double turn = 0;                ///< rotation in degrees
};

/// An SVG image under construction.
class Svg {
 public:
  /// An image of that size in pixels.
  Svg(double width, double height);

  /// Appends an element; the arguments are those of fmt::format.
  template <typename... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    body_ += fmt::format(format, std::forward<Arguments>(arguments)...);
    body_ += '\n';
  }
  /// Appends text; (x, y) is on its base line.
  void text(double x, double y, std::string_view text, const TextStyle& style = {});
  /// Appends a line.
  void line(double x1, double y1, double x2, double y2, const char* stroke, double width = 1);

  /// The whole SVG text.
  std::string finish() const { return body_ + "</svg>\n"; }

 private:
  std::string body_;
};

}  // namespace fovea
