// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/report/chart.h"
#include "fovea/report/svg.h"

namespace fovea {
namespace {

constexpr double row_height = 18, plot_width = 560, top = 74, right = 70;

// The next round number that is not smaller.
double round_up(double value) {
  const double power = std::pow(10, std::floor(std::log10(std::max(value, 1e-9))));
  for (const double step : {1.0, 2.0, 2.5, 5.0, 10.0}) {
    if (step * power >= value) return step * power;
  }
  return 10 * power;
}

}  // namespace

std::string bar_chart(const BarChart& chart) {
  size_t letters = 8;
  double most = 1;
  for (const BarChart::Row& row : chart.rows) {
    if (row.values.size() != chart.series.size())
      fail("a row of a bar chart has {} values for {} series", row.values.size(), chart.series.size());
    letters = std::max(letters, shorten(row.name, 40).size());
    for (const double value : row.values) most = std::isfinite(value) ? std::max(most, value) : most;
  }
  most = round_up(most);
  const double left = 20 + 6.4 * static_cast<double>(letters),
               bottom = top + row_height * static_cast<double>(chart.rows.size());
  Svg svg(left + plot_width + right, bottom + 44);
  svg.text(left, 28, chart.title, {.size = 16, .bold = true});
  for (size_t i = 0; i < chart.series.size(); ++i) {
    const double x = left + 190 * static_cast<double>(i);
    svg.add(R"(<rect x="{:.1f}" y="42" width="12" height="12" fill="{}"/>)", x, color::series[i % std::size(color::series)]);
    svg.text(x + 18, 52, chart.series[i], {.fill = color::faint});
  }
  constexpr int ticks = 5;
  for (int tick = 0; tick <= ticks; ++tick) {
    const double x = left + plot_width * tick / ticks;
    svg.line(x, top, x, bottom, color::grid);
    svg.text(x, bottom + 16, fmt::format("{:g}", most * tick / ticks), {.size = 11, .anchor = "middle", .fill = color::faint});
  }
  svg.text(left + plot_width / 2, bottom + 36, chart.label, {.anchor = "middle", .fill = color::faint});
  const double thickness = (row_height - 5) / static_cast<double>(std::max<size_t>(chart.series.size(), 1));
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    const BarChart::Row& row = chart.rows[i];
    const double y = top + row_height * static_cast<double>(i);
    svg.text(left - 8, y + row_height - 6, shorten(row.name, 40), {.size = 11, .anchor = "end"});
    for (size_t series = 0; series < row.values.size(); ++series) {
      const double share = std::isfinite(row.values[series]) ? std::clamp(row.values[series] / most, 0.0, 1.0) : 1;
      svg.add(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>)", left,
              y + 2.5 + thickness * static_cast<double>(series), plot_width * share, thickness,
              color::series[series % std::size(color::series)]);
    }
    if (!row.values.empty() && std::isfinite(row.values[0])) {
      svg.text(left + plot_width * std::clamp(row.values[0] / most, 0.0, 1.0) + 5, y + row_height - 6,
               fmt::format("{:.1f}", row.values[0]), {.size = 10, .fill = color::faint});
    }
  }
  return svg.finish();
}

}  // namespace fovea
