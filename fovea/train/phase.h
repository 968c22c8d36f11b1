// SPDX-License-Identifier: Apache-2.0
// The stretches of a run: the head alone on features that are computed once, then the whole network.
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
  Recipe recipe;                ///< as step and schedule see it: its epochs are the phase's own
  bool of_head = false;         ///< whether only the head is trained
  int64_t first_epoch = 0;      ///< of the run
  int64_t first_step = 0;       ///< of the run
  int64_t steps_per_epoch = 0;  ///< optimizer steps in an epoch
  /// Each picture passes what is before the cut once, `views` times where its views are drawn; what is after it is trained.
  std::optional<FrozenCut> cut;
  int64_t views = 1;  ///< views of each image that pass the frozen part

  /// The epoch of the run after the last one of this phase.
  int64_t end() const { return first_epoch + recipe.epochs; }
};

/// What training sees of a picture, as the recipe says.
Augmentation augmentation_of(const Recipe& recipe, const Preprocessing& preprocessing);

/// The phases of `recipe` on the images of `train`, in order. Where the recipe freezes parameters and draws nothing, what they
/// make of the pictures is cached, too, as long as `cache_bytes` hold it. Refuses batches of more images than there are.
std::vector<Phase> phases_of(const Recipe& recipe, const Network& network, const Dataset& train, int64_t cache_bytes);

}  // namespace fovea
