// SPDX-License-Identifier: Apache-2.0
/// \file
/// Finds images of a data set that are equal, or nearly equal: resized, compressed again, or brighter.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/image_traits.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

/// Images that are duplicates of each other.
struct DuplicateGroup {
  std::vector<size_t> images;  ///< their positions among the images that were searched, ascending; two or more
  bool exact = true;           ///< whether all have the same pixels
};

/// Groups the images that are duplicates, in the order of the first image of each group. Images with equal pixels are
/// duplicates. With `near`, so are images whose perceptual hashes differ in at most 6 bits and whose thumbnails have a
/// correlation of at least 0.98. Candidates are found by equal parts of their hashes (Norouzi et al. 2012). An image that could
/// not be read is in no group. Constant images, which all look alike, are only compared by their pixels.
std::vector<DuplicateGroup> duplicate_groups(std::span<const ImageTraits> pictures, bool near = true);

/// An image whose file is, byte for byte, in both splits.
struct SharedImage {
  int64_t train = 0;  ///< its index in the training split
  int64_t test = 0;   ///< its index in the test split
};

/// All images that are in both splits, ascending by their index in the training split. Where the lengths of files are known,
/// only files are read whose length occurs in the other split. Files that cannot be read are skipped. Returns nothing for data
/// sets of pixels, whose splits are taken as they were published.
std::vector<SharedImage> shared_images(const Dataset& train, const Dataset& test, Progress& progress);

}  // namespace fovea
