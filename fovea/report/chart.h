// SPDX-License-Identifier: Apache-2.0
// Pictures as SVG text: curves, the confusion matrix, bars, reliability, a sheet of predictions. Write them with write_text().
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fovea/data/image/image.h"

namespace fovea {

/// A curve.
struct Series {
  std::string name;       ///< for the legend
  std::vector<double> x;  ///< equally long; points that are not finite are left out
  std::vector<double> y;  ///< one for each x
};

/// A chart of curves over one horizontal axis.
struct Chart {
  std::string title;           ///< above the chart
  std::string x_label;         ///< below the horizontal axis
  std::string y_label;         ///< beside the vertical axis
  std::vector<Series> series;  ///< in the order of their colors
  bool percent = false;        ///< y is a share of 1, shown as a percentage
};

/// The charts side by side as SVG, each with axes, round ticks, a grid and a legend: such as loss in one, accuracy in the
/// other.
std::string line_charts(const std::vector<Chart>& charts);

/// A confusion matrix as SVG from counts[truth * classes + predicted] with classes = names.size(). Rows are the true class, and
/// cells are shaded by their share of the row. Up to 20 classes, counts are written in the cells.
std::string confusion_chart(std::span<const int64_t> counts, const std::vector<std::string>& names, const std::string& title);

/// Horizontal bars, with a row for each name and a bar for each series. The values of the first series are written beside them.
/// Values that are not finite fill the row.
struct BarChart {
  /// A row of bars.
  struct Row {
    std::string name;            ///< beside the row
    std::vector<double> values;  ///< one for each series, not negative
  };
  std::string title;                ///< above the chart
  std::string label;                ///< of the values
  std::vector<std::string> series;  ///< names for the legend
  std::vector<Row> rows;            ///< from top to bottom
};
/// The chart as SVG.
std::string bar_chart(const BarChart& chart);

// Answers whose probability lies in one of equal parts of 0..1: how many there are, and the share that is right with an
// interval.
struct ReliabilityBar {
  int64_t count = 0;
  double accuracy = 0, low = 0, high = 1;
};
// The diagonal is where probabilities are to be believed; below it are the counts.
std::string reliability_chart(const std::vector<ReliabilityBar>& bars, const std::string& title);

/// One image with its answer.
struct Prediction {
  Image image;             ///< what was classified
  std::string predicted;   ///< name of the likeliest class
  double probability = 0;  ///< of that class, from 0 to 1
  std::string truth;       // empty when unknown
  Image heat = {};         // beside the image, of its size; empty: nothing is
  std::string name = {};   // of its file, told where the pointer rests
};

/// A grid of images as SVG, each with the answer and its probability; right and wrong answers have different colors.
std::string prediction_sheet(const std::vector<Prediction>& predictions, const std::string& title, int64_t columns = 8);

}  // namespace fovea
