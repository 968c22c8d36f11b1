// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/report/chart.h"
#include "fovea/report/svg.h"

namespace fovea {
namespace {

constexpr size_t most_with_counts = 20;  // the number of classes up to which a cell has room for its count

// A color from white to `full` (red, green, blue), by the share.
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
  // Errors are rare; shading them by the square root makes one in a hundred visible.
  const double depth = correct ? share : std::sqrt(share);
  return {shade(depth, correct ? blue : red), depth > 0.55 ? "#ffffff" : color::ink};
}

double longest(const std::vector<std::string>& names) {
  size_t letters = 1;
  for (const std::string& name : names) letters = std::max(letters, shorten(name, 18).size());
  return static_cast<double>(letters);
}

// Draws the parts of the chart around one grid of cells.
class Matrix {
 public:
  Matrix(std::span<const int64_t> counts, const std::vector<std::string>& names, const std::string& title)
      : counts_(counts),
        names_(names),
        with_counts_(names.size() <= most_with_counts),
        side_(with_counts_ ? 52 : std::max(4.0, 900.0 / static_cast<double>(names.size()))),
        text_(with_counts_ ? 13 : std::min(11.0, side_)),
        names_width_(longest(names) * text_ * 0.6 + 14),
        upright_(names_width_ - 14 < side_),
        left_(34 + names_width_),
        extent_(side_ * static_cast<double>(names.size())),
        below_((upright_ ? 24 : names_width_) + 34),
        svg_(std::max(left_ + extent_ + 84, 48 + 8.8 * static_cast<double>(title.size())), top_ + extent_ + below_) {
    draw_title(title);
    draw_grid();
    for (size_t truth = 0; truth < names.size(); ++truth) draw_row(truth);
    for (size_t predicted = 0; predicted < names.size(); ++predicted) draw_column_name(predicted);
    svg_.text(left_ + extent_ / 2, top_ + extent_ + below_ - 12, "predicted",
              {.size = 13, .anchor = "middle", .fill = color::faint});
    svg_.text(22, top_ + extent_ / 2, "true", {.size = 13, .anchor = "middle", .fill = color::faint, .turn = -90});
  }

  std::string finish() const { return svg_.finish(); }

 private:
  double along(double cells) const { return side_ * cells; }

  void draw_title(const std::string& title) {
    const int64_t total = std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
    int64_t right = 0;
    for (size_t i = 0; i < names_.size(); ++i) right += counts_[i * names_.size() + i];
    const double percent = total > 0 ? 100.0 * static_cast<double>(right) / static_cast<double>(total) : 0;
    svg_.text(24, 30, title, {.size = 17, .bold = true});
    svg_.text(24, 50, fmt::format("{} of {} right, {:.2f}%", right, total, percent), {.size = 13, .fill = color::faint});
    svg_.text(left_ + extent_ + 12, top_ - 8, "recall", {.fill = color::faint});
  }

  void draw_grid() {
    // With many classes, grid lines would hide the cells.
    const size_t every = with_counts_ ? 1 : names_.size();
    for (size_t i = 0; i <= names_.size(); i += every) {
      const double at = along(static_cast<double>(i));
      svg_.line(left_ + at, top_, left_ + at, top_ + extent_, color::grid);
      svg_.line(left_, top_ + at, left_ + extent_, top_ + at, color::grid);
    }
  }

  void draw_cell(size_t truth, size_t predicted, int64_t count, double share) {
    const auto [fill, ink] = cell(share, truth == predicted);
    const double x = left_ + along(static_cast<double>(predicted)), y = top_ + along(static_cast<double>(truth));
    svg_.add(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}" stroke="{}"/>)", x, y, side_, side_, fill,
             color::grid);
    if (!with_counts_) return;
    svg_.text(x + side_ / 2, y + side_ / 2 + 4.5, fmt::format("{}", count),
              {.size = count > 99999 ? 10.0 : 13.0, .anchor = "middle", .fill = ink});
  }

  void draw_row(size_t truth) {
    const std::span<const int64_t> row = counts_.subspan(truth * names_.size(), names_.size());
    const auto sum = static_cast<double>(std::accumulate(row.begin(), row.end(), int64_t{0}));
    for (size_t predicted = 0; predicted < row.size(); ++predicted) {
      if (row[predicted] != 0) draw_cell(truth, predicted, row[predicted], static_cast<double>(row[predicted]) / sum);
    }
    const double middle = top_ + along(static_cast<double>(truth) + 0.5) + text_ * 0.35;
    svg_.text(left_ - 8, middle, shorten(names_[truth], 18), {.size = text_, .anchor = "end"});
    if (sum == 0) return;
    svg_.text(left_ + extent_ + 12, middle, fmt::format("{:.1f}%", 100 * static_cast<double>(row[truth]) / sum),
              {.size = text_, .fill = color::faint});
  }

  void draw_column_name(size_t predicted) {
    const double middle = left_ + along(static_cast<double>(predicted) + 0.5), base = top_ + extent_;
    const std::string name = shorten(names_[predicted], 18);
    if (upright_) {
      svg_.text(middle, base + 18, name, {.size = text_, .anchor = "middle"});
    } else {
      svg_.text(middle + text_ * 0.35, base + 8, name, {.size = text_, .anchor = "end", .turn = -90});
    }
  }

  static constexpr double top_ = 66;
  std::span<const int64_t> counts_;
  const std::vector<std::string>& names_;
  bool with_counts_;
  double side_, text_, names_width_;
  bool upright_;  // whether names fit below their columns without rotation
  double left_, extent_, below_;
  Svg svg_;
};

}  // namespace

std::string confusion_chart(std::span<const int64_t> counts, const std::vector<std::string>& names, const std::string& title) {
  if (names.empty() || counts.size() != names.size() * names.size()) {
    fail("a confusion matrix of {} counts does not belong to {} classes", counts.size(), names.size());
  }
  return Matrix(counts, names, title).finish();
}

}  // namespace fovea
