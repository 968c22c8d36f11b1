// SPDX-License-Identifier: Apache-2.0
// Pictures as SVG text: curves, the confusion matrix, bars, reliability, a sheet of predictions. Write them with write_text().
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fovea/data/image/image.h"

namespace fovea {

struct Series {
  std::string name;
  std::vector<double> x, y;  // equally long; points that are not finite are left out
};

struct Chart {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<Series> series;
  bool percent = false;  // y is a share of 1, shown as a percentage
};

// The charts side by side, each with axes, round ticks, grid and legend: loss in one, accuracy in the other.
std::string line_charts(const std::vector<Chart>& charts);

// counts[truth * classes + predicted], classes = names.size(): rows are the true class, shaded by the share of their row.
// Counts are written in the cells up to 20 classes.
std::string confusion_chart(std::span<const int64_t> counts, const std::vector<std::string>& names, const std::string& title);

// Horizontal bars, a row each name, one bar a series; the first series' values are written beside them. Values that are not
// finite fill the row.
struct BarChart {
  struct Row {
    std::string name;
    std::vector<double> values;  // one a series, not negative
  };
  std::string title, label;  // of the values
  std::vector<std::string> series;
  std::vector<Row> rows;
};
std::string bar_chart(const BarChart& chart);

// Answers whose probability lies in one of equal parts of 0..1: how many there are, and the share that is right with an
// interval.
struct ReliabilityBar {
  int64_t count = 0;
  double accuracy = 0, low = 0, high = 1;
};
// The diagonal is where probabilities are to be believed; below it are the counts.
std::string reliability_chart(const std::vector<ReliabilityBar>& bars, const std::string& title);

struct Prediction {
  Image image;
  std::string predicted;
  double probability = 0;
  std::string truth;      // empty when unknown
  Image heat = {};        // beside the image, of its size; empty: nothing is
  std::string name = {};  // of its file, told where the pointer rests
};

// A grid of pictures, each with what was said about it and how sure; right and wrong ones in different colors.
std::string prediction_sheet(const std::vector<Prediction>& predictions, const std::string& title, int64_t columns = 8);

}  // namespace fovea
