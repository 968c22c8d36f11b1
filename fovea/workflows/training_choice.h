// SPDX-License-Identifier: Apache-2.0
/// \file
/// Chooses a network and a recipe for a data set, when the user has named neither.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/data/sources/dataset.h"
#include "fovea/train/recipe.h"

namespace fovea {

/// The facts that a choice depends on, and nothing else.
struct TrainingFacts {
  int64_t images = 0;        ///< number of training images
  int64_t classes = 0;       ///< number of classes
  bool photographs = false;  ///< whether the data are image files of any size
  ImageShape shape;          ///< of all images; for image files, the median size
  double minutes = 0;        ///< that training may take; 0: not asked for
  int threads = 1;           ///< used only when minutes are asked for
};

/// The facts about a data set. If it consists of image files, the sizes are those of 50 images that are spread evenly over it.
TrainingFacts facts_of(const Dataset& train);

/// A recipe that was chosen, with the reasons.
struct TrainingChoice {
  Recipe recipe;                     ///< without its data
  std::vector<std::string> reasons;  ///< two lines: what the data are, and what is trained
};

/// The third line: how the recipe trains. With `minutes`, its epochs are the most that there may be.
std::string schedule_text(const Recipe& recipe, double minutes);

/// Fine-tunes the network that `pretrained` describes by its keys for network, weights and preprocessing: first the head on
/// cached features, then the whole network at a lower learning rate. If minutes are asked for, the epochs of the recipe are the
/// most that make sense, of which training chooses as many as fit (TimeLimit::most_epochs).
TrainingChoice choose_fine_tuning(const TrainingFacts& facts, const Recipe& pretrained);

/// Trains a network that fits the images from initial values; the epochs are meant as in choose_fine_tuning(). Refuses images
/// that no built-in network reads.
TrainingChoice choose_training(const TrainingFacts& facts);

}  // namespace fovea
