// SPDX-License-Identifier: Apache-2.0
// One folder of class folders in two parts: one to train on, one to test on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/data/sources/dataset.h"

namespace fovea {

/// Which picture is of which part. As a file, it is CSV: a line `path,class,part` each, the path from the data set's folder on.
struct PictureSplit {
  /// One image with its class and part.
  struct Item {
    std::filesystem::path path;  ///< from the folder on
    int32_t label = 0;           ///< among `classes`
    Split part = Split::train;   ///< the part that the image belongs to
  };
  std::vector<std::string> classes;  ///< the names of the classes
  std::vector<Item> items;           ///< all images of both parts
  std::string remark;                ///< what the user should know of how it was drawn; empty: nothing
};

/// Whether `folder` holds class folders and no folders of splits, so that the parts have to be drawn.
bool is_undivided(const std::filesystem::path& folder);

/// Draws a fifth of each class for testing, at least one picture, by `seed` and the names of the files, so that a picture that
/// is added later seldom moves others. Files of the same bytes are of one part; a class of one picture is for training alone.
///
/// Throws Error: a folder without pictures, pictures beside the class folders alone, fewer than two classes, a class without
/// pictures, a name that is no line of text.
PictureSplit divided(const std::filesystem::path& folder, uint64_t seed);

/// What open_dataset(spec, ..., {.seed = seed}) divides by; null where the data set has its own parts.
std::shared_ptr<const PictureSplit> drawn_split(std::string_view spec, uint64_t seed);

/// The split as the text of a CSV file.
std::string split_text(const PictureSplit& split);
/// Throws Error with file and line on what is no such list.
PictureSplit read_split(const std::filesystem::path& path);

/// The pictures of one part. Throws Error naming the first that is no longer there.
std::shared_ptr<const Dataset> open_split(const std::filesystem::path& folder, const PictureSplit& split, Split part);

}  // namespace fovea
