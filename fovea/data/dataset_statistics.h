// SPDX-License-Identifier: Apache-2.0
/// \file
/// Statistics over every image of a data set of files, which `fovea data` prints, and its contact sheet.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "fovea/data/image_traits.h"
#include "fovea/data/loader.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

/// What statistics() found.
struct DatasetStatistics {
  std::vector<int64_t> class_counts;     ///< images of each class
  std::vector<int64_t> heights, widths;  // of the photographs that are whole, each sorted
  std::vector<CorruptSample> damaged;    ///< images that cannot be read, in the order of the data set
  std::vector<ImageTraits> traits;       // of every image; of damaged ones empty
};

// Decodes every image whole, in `threads` threads. `progress` is called from the calling thread with the number done.
DatasetStatistics statistics(const Dataset& dataset, int threads, Orientation orientation,
                             const std::function<void(int64_t)>& progress);

// A row a class (the first `rows` classes), its name and the first images of it side by side, each cut to a square of `side`; a
// class with fewer, or with damaged ones, leaves the rest of its row dark.
Image contact_sheet(const std::shared_ptr<const Dataset>& dataset, Orientation orientation = Orientation::exif,
                    int64_t rows = 10, int64_t columns = 10, int64_t side = 96);

}  // namespace fovea
