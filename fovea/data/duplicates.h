// SPDX-License-Identifier: Apache-2.0
// Which pictures of a data set are the same, or nearly the same: resized, compressed again, brighter.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/image_traits.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

struct DuplicateGroup {
  std::vector<size_t> images;  ///< numbers in what was searched, ascending; two or more
  bool exact = true;           ///< all have the same pixels
};

/// Groups of pictures that are one: by equal pixels, and where `near` by perceptual hashes of which at most 6 bits differ
/// (candidates by equal bands, Norouzi et al. 2012) and thumbnails that correlate by 0.98. In the order of their first
/// pictures. Pictures that could not be read are in none; constant ones, which all look alike, only in exact groups.
std::vector<DuplicateGroup> duplicate_groups(std::span<const ImageTraits> pictures, bool near = true);

/// A picture of the training split whose file is, byte for byte, one of the test split.
struct SharedImage {
  int64_t train = 0, test = 0;
};

/// All such pictures, by their number in the training split. Reads the files that have the length of one of the other split.
/// Of data sets of pixels, whose splits are as they were published: none.
std::vector<SharedImage> shared_images(const Dataset& train, const Dataset& test, Progress& progress);

}  // namespace fovea
