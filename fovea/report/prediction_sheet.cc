// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/report/chart.h"
#include "fovea/report/svg.h"

namespace fovea {
namespace {

// The base64 encoding of RFC 4648.
std::string base64(std::span<const std::byte> bytes) {
  constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (i + j < bytes.size() ? std::to_integer<uint32_t>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : letters[group >> (18 - 6 * j) & 63];
  }
  return text;
}

constexpr double tile = 120, gap = 16, between = 4, caption = 40, margin = 24, top = 64;

void draw_image(Svg& svg, const Image& image, double x, double y) {
  // Images of few pixels are shown with sharp squares; others are smoothed.
  svg.add(R"(<image x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" {}xlink:href="data:image/png;base64,{}"/>)", x, y,
          tile, tile, std::max(image.shape.height, image.shape.width) < 64 ? R"(style="image-rendering:pixelated" )" : "",
          base64(encode_png(image)));
}

void draw(Svg& svg, const Prediction& prediction, double x, double y) {
  const bool known = !prediction.truth.empty(), heated = !prediction.heat.pixels.empty();
  const bool right = prediction.truth == prediction.predicted;
  const char* frame = !known ? color::grid : right ? color::right : color::wrong;
  svg.add("<g>");
  if (!prediction.name.empty()) svg.add("<title>{}</title>", escape_xml(prediction.name));
  draw_image(svg, prediction.image, x, y);
  if (heated) draw_image(svg, prediction.heat, x + tile + between, y);
  svg.add(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="none" stroke="{}" stroke-width="{}" rx="2"/>)",
          x - 1, y - 1, tile + 2, tile + 2, frame, known && !right ? 3 : 1.5);
  svg.text(x, y + tile + 18, fmt::format("{} {:.0f}%", shorten(prediction.predicted, 11), 100 * prediction.probability),
           {.size = 12, .fill = known ? frame : color::ink, .bold = true});
  if (known && !right) {
    svg.text(x, y + tile + 33, fmt::format("is {}", shorten(prediction.truth, 14)), {.size = 12, .fill = color::faint});
  }
  svg.add("</g>");
}

}  // namespace

std::string prediction_sheet(const std::vector<Prediction>& predictions, const std::string& title, int64_t columns) {
  if (predictions.empty()) fail("there is no prediction to draw");
  if (columns < 1) refuse("a sheet has at least 1 column, not {}", columns);
  const bool heated = std::ranges::any_of(predictions, [](const Prediction& each) { return !each.heat.pixels.empty(); });
  const double stride = (heated ? 2 * tile + between : tile) + gap;
  columns = std::min(columns, static_cast<int64_t>(predictions.size()));
  const int64_t rows = (static_cast<int64_t>(predictions.size()) + columns - 1) / columns;
  const double grid_width = static_cast<double>(columns) * stride - gap;
  Svg svg(std::max(grid_width, 9.2 * static_cast<double>(title.size())) + 2 * margin,
          top + static_cast<double>(rows) * (tile + caption + gap) + 8);
  svg.text(margin, 36, title, {.size = 17, .bold = true});
  for (size_t i = 0; i < predictions.size(); ++i) {
    const auto column = static_cast<double>(static_cast<int64_t>(i) % columns);
    const auto row = static_cast<double>(static_cast<int64_t>(i) / columns);
    draw(svg, predictions[i], margin + column * stride, top + row * (tile + caption + gap));
  }
  return svg.finish();
}

}  // namespace fovea
