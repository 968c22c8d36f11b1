// SPDX-License-Identifier: Apache-2.0
// What is wrong with the pictures of a data set, as far as pixels tell: what `fovea data` lists.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/data/dataset_statistics.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

struct DatasetImage {
  Split split = Split::train;
  int64_t index = 0;
  bool operator==(const DatasetImage&) const = default;
};

struct DuplicateImages {
  std::vector<DatasetImage> images;  ///< two or more; those for training first
  bool exact = true;                 ///< the same pixels; otherwise nearly so (fovea/data/duplicates.h)
  bool across_splits = false;        ///< a test that has it measures nothing
  bool across_classes = false;       ///< one of the labels is wrong
};

struct DatasetFindings {
  std::vector<DuplicateImages> duplicates;
  std::vector<DatasetImage> constant;             ///< hardly anything but one color: a deviation below 3 levels
  std::vector<DatasetImage> blurred;              ///< nothing sharp at all; the most blurred first
  std::vector<DatasetImage> tiny;                 ///< a shorter side below `tiny_below`
  int64_t tiny_below = 0;                         ///< pixels: 64, of data sets of smaller pictures half their median
  int64_t largest_class = 0, smallest_class = 0;  ///< of the training split, by their images
  double imbalance = 1;                           ///< how many times the images of the smallest class the largest has
};

/// The imbalance from which on training looks better than it is.
inline constexpr double notable_imbalance = 1.5;

struct SplitStatistics {
  const Dataset* dataset = nullptr;
  const DatasetStatistics* statistics = nullptr;
};

/// `train` and `test` are of one data set. Blurred, tiny and nearly equal pictures are looked for among photographs and small
/// pictures in color; gray drawings such as digits, which are alike and small by nature, only for equal and constant ones.
DatasetFindings findings(const SplitStatistics& train, const SplitStatistics& test);

}  // namespace fovea
