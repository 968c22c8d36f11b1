// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "fovea/core/error.h"
#include "fovea/report/chart.h"
#include "fovea/report/svg.h"

namespace fovea {
namespace {

constexpr double panel_width = 560, panel_height = 400;
constexpr double left = 68, right = 20, top = 74, bottom = 54;  // margins around the plot

// An axis from one round number to another, with round numbers in between.
struct Axis {
  double low = 0, high = 1, step = 1;

  // An axis from `low` to `high` with about `pieces` steps of 1, 2 or 5 times a power of ten, each at least `least`.
  static Axis around(double low, double high, int pieces, double least = 0) {
    if (low > high) return {};
    if (high - low < 1e-12 * std::max(1.0, std::abs(high))) {
      const double room = std::max({std::abs(high) * 0.1, least / 2, 1e-6});
      low -= room;
      high += room;
    }
    const double raw = (high - low) / pieces;
    const double power = std::pow(10, std::floor(std::log10(raw)));
    const double lead = raw / power;
    const double step = std::max(least, power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10));
    return {std::floor(low / step + 1e-9) * step, std::ceil(high / step - 1e-9) * step, step};
  }
  double share(double value) const { return (value - low) / (high - low); }
  int ticks() const { return static_cast<int>(std::lround((high - low) / step)); }
  double tick(int number) const { return low + number * step; }
  int decimals() const { return std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9))); }
};

bool drawable(const Series& series, size_t i) { return std::isfinite(series.x[i]) && std::isfinite(series.y[i]); }

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

std::string number_text(double value, const Chart& chart, int decimals) {
  if (chart.percent) return fmt::format("{:.{}f}%", 100 * value, std::max(0, decimals - 2));
  return fmt::format("{:.{}f}", std::abs(value) < 1e-12 ? 0.0 : value, decimals);
}

// Draws one chart with its corner at (x, 0).
class Panel {
 public:
  Panel(Svg& svg, const Chart& chart, double x) : svg_(svg), chart_(chart), x_(x) {
    Range across, up;
    for (const Series& series : chart.series) {
      if (series.x.size() != series.y.size()) {
        fail("series \"{}\" has {} x and {} y values", series.name, series.x.size(), series.y.size());
      }
      for (size_t i = 0; i < series.x.size(); ++i) {
        if (!drawable(series, i)) continue;
        across.include(place(series.x[i]));
        up.include(series.y[i]);
      }
    }
    // Epochs are whole numbers and the curve should fill the width, so ticks are round but the ends need not be.
    horizontal_ = Axis::around(across.low, across.high, 8, 1);
    if (across.high > across.low) {
      first_ = across.low;
      last_ = across.high;
    } else {
      first_ = horizontal_.low;
      last_ = horizontal_.high;
    }
    vertical_ = Axis::around(up.low, up.high, 5);
    if (chart.percent) vertical_.high = std::min(vertical_.high, std::max(1.0, up.high));
  }

  void draw() {
    svg_.text(x_ + left, 30, chart_.title, {.size = 17, .bold = true});
    draw_axes();
    double legend = x_ + left;
    for (size_t i = 0; i < chart_.series.size(); ++i) {
      const char* stroke = color::series[i % std::size(color::series)];
      draw_series(chart_.series[i], stroke);
      legend = draw_legend(chart_.series[i], stroke, legend);
    }
  }

 private:
  double place(double x) const { return chart_.doubling ? std::log2(x) : x; }  // on the horizontal axis
  double plot_width() const { return panel_width - left - right; }
  double plot_height() const { return panel_height - top - bottom; }
  double column(double x) const { return x_ + left + (last_ > first_ ? (x - first_) / (last_ - first_) : 0.5) * plot_width(); }
  double row(double y) const { return top + (1 - vertical_.share(y)) * plot_height(); }

  void draw_axes() {
    const double base = top + plot_height();
    for (int i = 0; i <= vertical_.ticks(); ++i) {
      const double value = vertical_.tick(i);
      if (value > vertical_.high + 1e-9 * vertical_.step) continue;
      svg_.line(x_ + left, row(value), x_ + left + plot_width(), row(value), color::grid);
      svg_.text(x_ + left - 8, row(value) + 4, number_text(value, chart_, vertical_.decimals()),
                {.anchor = "end", .fill = color::faint});
    }
    for (int i = 0; i <= horizontal_.ticks(); ++i) {
      const double value = horizontal_.tick(i);
      if (value < first_ - 1e-9 || value > last_ + 1e-9) continue;
      svg_.line(column(value), base, column(value), base + 5, color::faint);
      const double number = chart_.doubling ? std::exp2(value) : value;
      svg_.text(column(value), base + 19, fmt::format("{:.{}f}", number, horizontal_.decimals()),
                {.anchor = "middle", .fill = color::faint});
    }
    svg_.line(x_ + left, base, x_ + left + plot_width(), base, color::faint);
    svg_.text(x_ + left + plot_width() / 2, panel_height - 14, chart_.x_label, {.size = 13, .anchor = "middle"});
    svg_.text(x_ + 18, top + plot_height() / 2, chart_.y_label, {.size = 13, .anchor = "middle", .turn = -90});
  }

  void draw_series(const Series& series, const char* stroke) {
    std::string points, dots;
    for (size_t i = 0; i < series.x.size(); ++i) {
      if (!drawable(series, i)) continue;
      const double x = column(place(series.x[i])), y = row(series.y[i]);
      points += fmt::format("{:.1f},{:.1f} ", x, y);
      dots += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3"/>)", x, y);
    }
    svg_.add(R"(<polyline points="{}" fill="none" stroke="{}" stroke-width="2" stroke-linejoin="round"/>)", points, stroke);
    if (series.x.size() <= 40) svg_.add(R"(<g fill="{}" stroke="#ffffff">{}</g>)", stroke, dots);
  }

  // Draws the name with the last value, which readers look for.
  double draw_legend(const Series& series, const char* stroke, double x) {
    std::string text = series.name;
    for (size_t i = series.x.size(); i-- > 0;) {
      if (!drawable(series, i)) continue;
      text += "  " + number_text(series.y[i], chart_, chart_.percent ? 4 : 3);
      break;
    }
    svg_.line(x, 50, x + 22, 50, stroke, 3);
    svg_.text(x + 29, 54, text, {.size = 13});
    return x + 29 + 7.2 * static_cast<double>(text.size()) + 18;
  }

  Svg& svg_;
  const Chart& chart_;
  double x_;
  Axis horizontal_, vertical_;
  double first_ = 0, last_ = 1;  // ends of the horizontal axis
};

}  // namespace

std::string line_charts(const std::vector<Chart>& charts) {
  if (charts.empty()) fail("there is no chart to draw");
  Svg svg(panel_width * static_cast<double>(charts.size()), panel_height);
  for (size_t i = 0; i < charts.size(); ++i) Panel(svg, charts[i], panel_width * static_cast<double>(i)).draw();
  return svg.finish();
}

}  // namespace fovea
