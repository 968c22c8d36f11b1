// SPDX-License-Identifier: Apache-2.0
/// \file
/// Statistics over every image of a data set of files, which `fovea data` prints, and its contact sheet.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "fovea/data/loader.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

/// What statistics() found.
struct DatasetStatistics {
  std::vector<int64_t> class_counts;   ///< images of each class
  std::vector<int64_t> heights;        ///< of the images that can be read, sorted
  std::vector<int64_t> widths;         ///< of the images that can be read, sorted
  std::vector<CorruptSample> damaged;  ///< images that cannot be read, in the order of the data set
};

/// Decodes every image in `threads` threads. `progress` is called on the calling thread with the number of images done.
DatasetStatistics statistics(const Dataset& dataset, int threads, Orientation orientation,
                             const std::function<void(int64_t)>& progress);

/// An image with a row for each of the first `rows` classes, which shows the first images of the class cropped to squares of
/// `side` pixels. Missing or corrupt images leave the rest of a row dark.
Image contact_sheet(const std::shared_ptr<const Dataset>& dataset, Orientation orientation = Orientation::exif,
                    int64_t rows = 10, int64_t columns = 10, int64_t side = 96);

}  // namespace fovea
