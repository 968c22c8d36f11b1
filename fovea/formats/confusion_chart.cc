#include <algorithm>
#include <cmath>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/formats/chart.h"
#include "fovea/formats/svg.h"

namespace fovea {
namespace {

constexpr size_t most_with_counts = 20;  // classes up to which a cell has room for its number

// From white to `full` (red, green, blue) by the share.
std::string shade(double share, const double (&full)[3]) {
  const auto mix = [&](int i) { return static_cast<int>(std::lround(255 + (full[i] - 255) * share)); };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2));
}

struct Cell {
  std::string fill;
  const char* ink;
};

Cell cell(double share, bool correct) {
  constexpr double blue[3] = {29, 78, 216}, red[3] = {220, 38, 38};
  // Mistakes are rare: their root makes one in a hundred visible.
  const double depth = correct ? share : std::sqrt(share);
  return {shade(depth, correct ? blue : red), depth > 0.55 ? "#ffffff" : color::ink};
}

double longest(const std::vector<std::string>& names) {
  size_t letters = 1;
  for (const std::string& name : names) letters = std::max(letters, shorten(name, 18).size());
  return static_cast<double>(letters);
}

}  // namespace

std::string confusion_chart(std::span<const int64_t> counts, const std::vector<std::string>& names, const std::string& title) {
  const size_t classes = names.size();
  if (classes == 0 || counts.size() != classes * classes) {
    fail("a confusion matrix of {} counts does not belong to {} classes", counts.size(), classes);
  }
  const bool with_counts = classes <= most_with_counts;
  const double side = with_counts ? 52 : std::max(4.0, 900.0 / static_cast<double>(classes));
  const double text = with_counts ? 13 : std::min(11.0, side);
  const double names_width = longest(names) * text * 0.6 + 14;
  const double left = 34 + names_width, top = 66;
  const double extent = side * static_cast<double>(classes);
  const bool upright = longest(names) * text * 0.6 < side;
  const double below = (upright ? 24 : names_width) + 34;
  Svg svg(std::max(left + extent + 84, 24 + 8.8 * static_cast<double>(title.size()) + 24), top + extent + below);

  const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  int64_t right = 0;
  for (size_t i = 0; i < classes; ++i) right += counts[i * classes + i];
  svg.text(24, 30, title, {.size = 17, .bold = true});
  const double share_right = total > 0 ? 100.0 * static_cast<double>(right) / static_cast<double>(total) : 0;
  svg.text(24, 50, fmt::format("{} of {} right, {:.2f}%", right, total, share_right), {.size = 13, .fill = color::faint});
  svg.text(left + extent + 12, top - 8, "recall", {.fill = color::faint});

  for (size_t i = 0; with_counts && i <= classes; ++i) {
    const double along = side * static_cast<double>(i);
    svg.line(left + along, top, left + along, top + extent, color::grid);
    svg.line(left, top + along, left + extent, top + along, color::grid);
  }
  if (!with_counts) {
    svg.add(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="none" stroke="{}"/>)", left, top, extent,
            extent, color::grid);
  }
  for (size_t truth = 0; truth < classes; ++truth) {
    const std::span<const int64_t> row = counts.subspan(truth * classes, classes);
    const auto sum = static_cast<double>(std::accumulate(row.begin(), row.end(), int64_t{0}));
    const double y = top + side * static_cast<double>(truth);
    for (size_t predicted = 0; predicted < classes; ++predicted) {
      if (row[predicted] == 0) continue;
      const double share = sum > 0 ? static_cast<double>(row[predicted]) / sum : 0;
      const auto [fill, ink] = cell(share, truth == predicted);
      const double x = left + side * static_cast<double>(predicted);
      svg.add(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}" stroke="{}"/>)", x, y, side, side, fill,
              color::grid);
      if (with_counts) {
        svg.text(x + side / 2, y + side / 2 + 4.5, fmt::format("{}", row[predicted]),
                 {.size = row[predicted] > 99999 ? 10.0 : 13.0, .anchor = "middle", .fill = ink});
      }
    }
    const double middle = y + side / 2 + text * 0.35;
    svg.text(left - 8, middle, shorten(names[truth], 18), {.size = text, .anchor = "end"});
    const double across = left + side * (static_cast<double>(truth) + 0.5);
    if (upright) {
      svg.text(across, top + extent + 18, names[truth], {.size = text, .anchor = "middle"});
    } else {
      svg.text(across + text * 0.35, top + extent + 8, shorten(names[truth], 18), {.size = text, .anchor = "end", .turn = -90});
    }
    if (sum > 0) {
      svg.text(left + extent + 12, middle, fmt::format("{:.1f}%", 100 * static_cast<double>(row[truth]) / sum),
               {.size = text, .fill = color::faint});
    }
  }
  svg.text(left + extent / 2, top + extent + below - 12, "predicted", {.size = 13, .anchor = "middle", .fill = color::faint});
  svg.text(22, top + extent / 2, "true", {.size = 13, .anchor = "middle", .fill = color::faint, .turn = -90});
  return svg.finish();
}

}  // namespace fovea
