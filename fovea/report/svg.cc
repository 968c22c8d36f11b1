// SPDX-License-Identifier: Apache-2.0
#include "fovea/report/svg.h"

namespace fovea {

std::string escape_xml(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += static_cast<unsigned char>(letter) < 32 ? ' ' : letter;
    }
  }
  return result;
}

Svg::Svg(double width, double height) {
  add(R"(<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{0:.0f}" height="{1:.0f}" )"
      R"(viewBox="0 0 {0:.0f} {1:.0f}" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif">)",
      width, height);
  add(R"(<rect width="100%" height="100%" fill="#ffffff"/>)");
}

void Svg::text(double x, double y, std::string_view text, const TextStyle& style) {
  const std::string turn = style.turn == 0 ? "" : fmt::format(" transform=\"rotate({:.0f} {:.1f} {:.1f})\"", style.turn, x, y);
  add(R"(<text x="{:.1f}" y="{:.1f}" font-size="{:.3g}" text-anchor="{}" fill="{}"{}{}>{}</text>)", x, y, style.size,
      style.anchor, style.fill, style.bold ? R"( font-weight="bold")" : "", turn, escape_xml(text));
}

void Svg::line(double x1, double y1, double x2, double y2, const char* stroke, double width) {
  add(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="{:.3g}"/>)", x1, y1, x2, y2, stroke,
      width);
}

}  // namespace fovea
