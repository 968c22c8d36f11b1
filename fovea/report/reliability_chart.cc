// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/report/chart.h"
#include "fovea/report/svg.h"

namespace fovea {
namespace {

constexpr double side = 360, left = 62, top = 64, counts_height = 70, gap = 34, bottom = 52, right = 24;

}  // namespace

std::string reliability_chart(const std::vector<ReliabilityBar>& bars, const std::string& title) {
  if (bars.empty()) fail("a reliability diagram has no bars");
  const double width = side / static_cast<double>(bars.size());
  const double counts_top = top + side + gap, counts_bottom = counts_top + counts_height;
  Svg svg(left + side + right, counts_bottom + bottom);
  svg.text(left, 28, title, {.size = 16, .bold = true});
  svg.text(left, 48, "how often answers are right, by how sure they are", {.fill = color::faint});
  for (int tick = 0; tick <= 5; ++tick) {
    const double share = tick / 5.0, y = top + side * (1 - share), x = left + side * share;
    svg.line(left, y, left + side, y, color::grid);
    svg.text(left - 8, y + 4, fmt::format("{:.0f}%", 100 * share), {.size = 11, .anchor = "end", .fill = color::faint});
    svg.text(x, counts_bottom + 16, fmt::format("{:.0f}%", 100 * share),
             {.size = 11, .anchor = "middle", .fill = color::faint});
  }
  int64_t most = 1;
  for (const ReliabilityBar& bar : bars) most = std::max(most, bar.count);
  for (size_t i = 0; i < bars.size(); ++i) {
    const ReliabilityBar& bar = bars[i];
    if (bar.count == 0) continue;
    const double x = left + width * static_cast<double>(i), height = side * bar.accuracy;
    svg.add(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}" fill-opacity="0.75"/>)", x + 1,
            top + side - height, width - 2, height, color::series[0]);
    // The interval shows whether the distance from the diagonal can be chance.
    svg.line(x + width / 2, top + side * (1 - bar.low), x + width / 2, top + side * (1 - bar.high), color::ink, 1.5);
    const double share = static_cast<double>(bar.count) / static_cast<double>(most);
    svg.add(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>)", x + 1,
            counts_bottom - counts_height * share, width - 2, counts_height * share, color::faint);
  }
  svg.line(left, top + side, left + side, top, color::wrong, 1.5);
  svg.line(left, top + side, left + side, top + side, color::ink);
  svg.line(left, counts_bottom, left + side, counts_bottom, color::ink);
  svg.text(left - 8, counts_top + 8, fmt::format("{}", most), {.size = 11, .anchor = "end", .fill = color::faint});
  svg.text(left, counts_top - 8, "images", {.size = 11, .fill = color::faint});
  svg.text(left + side / 2, counts_bottom + 38, "probability of the answer",
           {.size = 13, .anchor = "middle", .fill = color::faint});
  return svg.finish();
}

}  // namespace fovea
