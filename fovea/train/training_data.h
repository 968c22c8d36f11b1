// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a run is trained and tested on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/data/sources/picture_split.h"
#include "fovea/train/trainer.h"

namespace fovea {

/// The list of a run's parts, in its folder.
inline constexpr const char* split_list = "split.csv";

/// Both parts of a data set.
struct TrainingData {
  std::shared_ptr<const Dataset> train;       ///< what is learned from
  std::shared_ptr<const Dataset> test;        ///< what the result is measured on
  std::shared_ptr<const PictureSplit> drawn;  ///< the parts, if they were drawn here; null: they were given
};

/// Opens the data of `spec`, or those of the options. A run that is resumed keeps the parts of its list. Remarks go to
/// `progress`. Refuses images that are in both parts, unless the options allow it.
TrainingData open_training_data(const std::string& spec, uint64_t seed, const TrainOptions& options, Progress& progress);

/// For each class the weight of its images: inversely proportional to their number, with a mean over all images of 1
/// (scikit-learn's "balanced"); 0 for a class without images.
std::vector<double> class_weights(const Dataset& train);

}  // namespace fovea
