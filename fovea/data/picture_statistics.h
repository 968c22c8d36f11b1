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

/// What picture_statistics() found.
struct PictureStatistics {
  std::vector<int64_t> class_counts;   ///< images of each class
  std::vector<int64_t> heights;        ///< of the images that can be read, in ascending order
  std::vector<int64_t> widths;         ///< of the images that can be read, in ascending order
  std::vector<CorruptSample> damaged;  ///< images that cannot be read, in the order of the data set
  std::vector<ImageTraits> traits;     ///< one for each image in the order of the data set; those of damaged images are empty
};

/// Decodes every image completely, in `threads` threads. `progress` is called from the calling thread with the number of images
/// that are done. Images that cannot be read are listed in the result and are not an error.
PictureStatistics picture_statistics(const Dataset& dataset, int threads, Orientation orientation,
                                     const std::function<void(int64_t)>& progress);

/// An image of the first `rows` classes, with one row for each: the name of the class, and its first `columns` images side by
/// side, each cut to a square of `side` pixels. Damaged images are skipped. Where a class has fewer images, the rest of its row
/// stays dark.
Image contact_sheet(const std::shared_ptr<const Dataset>& dataset, Orientation orientation = Orientation::exif,
                    int64_t rows = 10, int64_t columns = 10, int64_t side = 96);

}  // namespace fovea
