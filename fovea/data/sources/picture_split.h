// SPDX-License-Identifier: Apache-2.0
/// \file
/// Divides a folder of class folders into two parts, for training and for testing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/data/sources/dataset.h"

namespace fovea {

/// The part that each image belongs to. As a file, it is CSV with a line `path,class,part` for each image, where the path is
/// relative to the data set's folder.
struct PictureSplit {
  /// One image with its class and part.
  struct Item {
    std::filesystem::path path;  ///< relative to the folder
    int32_t label = 0;           ///< its class, an index into `classes`
    Split part = Split::train;   ///< the part that the image belongs to
  };
  std::vector<std::string> classes;  ///< the names of the classes
  std::vector<Item> items;           ///< all images of both parts
  std::string remark;                ///< what the user should know about how it was drawn; empty when there is nothing to say
};

/// Whether `folder` contains class folders and no folders of splits, so that the parts have to be drawn.
bool is_undivided(const std::filesystem::path& folder);

/// Draws a fifth of each class for testing, but at least one image. The draw is a function of `seed` and the names of the
/// files, so an image that is added later moves few others. Files with the same bytes are in one part; if they are in several
/// classes, they are for training alone. A class with a single image is for training alone.
///
/// Fails when a class folder has no images, there are fewer than two classes, no image is left for testing, or the name of a
/// file has control characters such as a line break.
PictureSplit divided(const std::filesystem::path& folder, uint64_t seed);

/// The split that open_dataset(spec, ..., {.seed = seed}) draws; null when the data set has parts of its own.
std::shared_ptr<const PictureSplit> drawn_split(std::string_view spec, uint64_t seed);

/// The split as the text of a CSV file.
std::string split_text(const PictureSplit& split);
/// Reads such a file. Fails on text of another form, naming file and line.
PictureSplit read_split(const std::filesystem::path& path);

/// The images of one part. Fails when an image is no longer there, and names the first one.
std::shared_ptr<const Dataset> open_split(const std::filesystem::path& folder, const PictureSplit& split, Split part);

}  // namespace fovea
