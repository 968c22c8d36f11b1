// SPDX-License-Identifier: Apache-2.0
/// \file
/// Charts as SVG text: curves, the confusion matrix, bars, reliability, and a sheet of predictions. write_text() writes them.
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
  bool doubling = false;       ///< the horizontal axis is logarithmic, with powers of 2 as ticks; x must be above 0
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

/// One bar of a reliability diagram, for the answers whose probability is in one part of [0, 1], which is divided into equal
/// parts.
struct ReliabilityBar {
  int64_t count = 0;    ///< number of these answers; no bar is drawn for 0
  double accuracy = 0;  ///< share of right answers, from 0 to 1
  double low = 0;       ///< the lower bound of its interval
  double high = 1;      ///< the upper bound of its interval
};
/// A reliability diagram as SVG, from bars in ascending order of the probability. Accuracies on the diagonal agree with the
/// probabilities; the counts are drawn below. Fails when there are no bars.
std::string reliability_chart(const std::vector<ReliabilityBar>& bars, const std::string& title);

/// One image with its answer.
struct Prediction {
  Image image;             ///< what was classified
  std::string predicted;   ///< name of the likeliest class
  double probability = 0;  ///< of that class, from 0 to 1
  std::string truth;       ///< name of the right class; empty when unknown
  Image heat = {};         ///< drawn beside the image, of the same size; empty: nothing is
  std::string name = {};   ///< name of the file, which a browser shows while the pointer rests on the image; empty: none
};

/// A grid of images as SVG, each with the answer and its probability; right and wrong answers have different colors.
std::string prediction_sheet(const std::vector<Prediction>& predictions, const std::string& title, int64_t columns = 8);

}  // namespace fovea
