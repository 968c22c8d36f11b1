// SPDX-License-Identifier: Apache-2.0
/// \file
/// The phases of a run: first the head alone, on features that are computed once, then the whole network.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fovea/data/augment/augment.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/nn/frozen_features.h"
#include "fovea/train/recipe.h"

namespace fovea {

/// Epochs that train the same parameters in the same way.
struct Phase {
  Recipe recipe;                ///< the recipe of this phase, with the number of its own epochs
  bool of_head = false;         ///< whether only the head is trained
  int64_t first_epoch = 0;      ///< counted from the start of the run
  int64_t first_step = 0;       ///< counted from the start of the run
  int64_t steps_per_epoch = 0;  ///< optimizer steps in an epoch
  /// Where the network is cut, if it is: each image passes the part before the cut once, or `views` times if its views are
  /// drawn, and the part after it is trained on the results.
  std::optional<FrozenCut> cut;
  int64_t views = 1;  ///< views of each image that pass the frozen part

  /// The epoch of the run after the last one of this phase.
  int64_t end() const { return first_epoch + recipe.epochs; }
};

/// How training prepares images by the recipe.
Augmentation augmentation_of(const Recipe& recipe, const Preprocessing& preprocessing);

/// The phases of `recipe` on the images of `train`, in order. If the recipe freezes parameters and no augmentation is random,
/// the phase of the whole network has a cut, too, provided that its features take at most `cache_bytes` bytes. A phase with a
/// cut has one shard: every process computes all of it. Refuses a batch
/// larger than the number of images, and epochs of the head for a network whose last layer cannot be trained apart.
std::vector<Phase> phases_of(const Recipe& recipe, const Network& network, const Dataset& train, int64_t cache_bytes);

}  // namespace fovea
