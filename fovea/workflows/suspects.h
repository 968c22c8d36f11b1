// SPDX-License-Identifier: Apache-2.0
// The training images of a run whose labels are likely wrong, by cross-validation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/inference/label_errors.h"

namespace fovea {

struct SuspectOptions {
  int folds = 5;    ///< so many networks are trained, each without its share of the images
  int threads = 0;  ///< 0: all there are. Does not change the result
  bool quiet = false;
};

struct Suspects {
  std::shared_ptr<const Dataset> images;  ///< the run's training split
  std::vector<LabelSuspicion> ranked;     ///< of every image that can be read, the most suspicious first
  int64_t confident = 0;                  ///< how many of them confident learning calls wrong
};

/// Parts the training images of the run in `folder` into folds, of every class alike, and trains the run's recipe anew for each
/// on the others, so that every image is judged by a network that never saw it. Takes as long as that many trainings. Refuses
/// fewer than 2 folds, a class with fewer images than folds, and what is no run.
Suspects find_suspects(const std::string& folder, const SuspectOptions& options, Progress& progress);

}  // namespace fovea
