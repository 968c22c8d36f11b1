// SPDX-License-Identifier: Apache-2.0
/// \file
/// What is wrong with the images of a data set, as far as their pixels show it. `fovea data` lists these findings.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/data/picture_statistics.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

/// An image of a data set that has two splits.
struct DatasetImage {
  Split split = Split::train;  ///< the split that it belongs to
  int64_t index = 0;           ///< its index within that split
  /// Whether both are the same image of the same data set; equal pixels are not looked for.
  bool operator==(const DatasetImage&) const = default;
};

/// Images of a data set that are duplicates of each other.
struct DuplicateImages {
  std::vector<DatasetImage> images;  ///< two or more; those of the training split come first
  bool exact = true;                 ///< whether all have the same pixels; otherwise some only nearly (fovea/data/duplicates.h)
  bool across_splits = false;        ///< whether both splits have one of them, so that the test split contains a training image
  bool across_classes = false;       ///< whether their labels differ, so that at least one label is wrong
};

/// What findings() found in both splits of a data set.
struct DatasetFindings {
  /// Ordered by the first image of each, with the training split before the test split.
  std::vector<DuplicateImages> duplicates;
  std::vector<DatasetImage> constant;  ///< images of hardly more than one color: ImageTraits::deviation is below 3
  std::vector<DatasetImage> blurred;   ///< images whose ImageTraits::sharpness is below 20; the most blurred come first
  std::vector<DatasetImage> tiny;      ///< images whose shorter side is below `tiny_below`
  int64_t tiny_below = 0;              ///< in pixels: 64, or half the median of the shorter sides where that is less
  int64_t largest_class = 0;           ///< the class with the most training images
  int64_t smallest_class = 0;          ///< the class with the fewest training images
  double imbalance = 1;                ///< training images of the largest class divided by those of the smallest
};

/// The imbalance from which on it is reported: the accuracy over all images then says little about the smallest class.
inline constexpr double notable_imbalance = 1.5;

/// One split of a data set with its statistics. Neither is owned, and neither may be null in findings().
struct SplitStatistics {
  const Dataset* dataset = nullptr;               ///< the images of the split
  const PictureStatistics* statistics = nullptr;  ///< what picture_statistics() returned for it
};

/// Looks through the statistics of both splits of one data set; decodes nothing. Blurred, tiny and nearly equal images are only
/// looked for in color, because gray drawings such as digits are alike and small by nature. Among gray images, only equal and
/// constant ones are found.
DatasetFindings findings(const SplitStatistics& train, const SplitStatistics& test);

}  // namespace fovea
