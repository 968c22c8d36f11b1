// SPDX-License-Identifier: Apache-2.0
/// \file
/// Finds the training images of a run whose labels are likely wrong, by cross-validation.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/inference/label_errors.h"

namespace fovea {

/// The options of find_suspects().
struct SuspectOptions {
  int folds = 5;       ///< the number of parts and of networks, each of which is trained without one part; at least 2
  int threads = 0;     ///< 0: all available; does not change the result
  bool quiet = false;  ///< whether the trainings print nothing on standard error
  /// As TrainOptions::stop, for each training. Nothing is kept of one that was stopped.
  std::function<std::string()> stop = {};
};

/// What find_suspects() found.
struct Suspects {
  std::shared_ptr<const Dataset> images;  ///< the run's training split
  std::vector<LabelSuspicion> ranked;     ///< one for each image that can be read; the most suspicious come first
  int64_t confident = 0;                  ///< how many labels confident learning calls wrong
};

/// Divides the training images of the run in `folder` into folds, each with an equal share of every class. For each fold, it
/// trains the run's recipe anew on the other folds, so that every image is judged by a network that was not trained on it. This
/// takes as long as that many trainings. `LabelSuspicion::image` is an index into Suspects::images. Refuses fewer than 2 folds,
/// a class with fewer images than folds, and a folder that is no run.
Suspects find_suspects(const std::string& folder, const SuspectOptions& options, Progress& progress);

}  // namespace fovea
