// SPDX-License-Identifier: Apache-2.0
// What is trained, and how, where nobody said: chosen by what there is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/data/sources/dataset.h"
#include "fovea/train/recipe.h"

namespace fovea {

/// What a choice is a function of.
struct TrainingFacts {
  int64_t images = 0;          ///< for training
  int64_t classes = 0;         ///< for training
  bool photographs = false;    ///< whether the data are image files of any size
  ImageShape shape;            ///< of all images; of photographs the median size
  double minutes = 0;          ///< that training may take, about; 0: nobody asked
  int threads = 1;             ///< looked at only where minutes are asked for
  double forward_seconds = 0;  ///< that the network with weights takes for an image, decoding included; 0: not measured
};

/// The facts of a data set; of photographs the sizes of 50 that are spread over it.
TrainingFacts facts_of(const Dataset& train);

/// A recipe that was chosen, with the reasons.
struct TrainingChoice {
  Recipe recipe;                     ///< without its data
  std::vector<std::string> reasons;  ///< two lines: what there is, and what is trained
};

/// The third line: how the recipe trains and, where minutes are asked for, for about how long.
std::string schedule_text(const Recipe& recipe, const TrainingFacts& facts);

/// Fine-tunes the network of `pretrained` (its recipe: network, weights, preprocessing): the head on cached features, then all
/// of it at a lower rate, as far as the minutes go.
TrainingChoice choose_fine_tuning(const TrainingFacts& facts, const Recipe& pretrained);

/// A network that fits the images, from nothing. Refuses images that no network here reads.
TrainingChoice choose_training(const TrainingFacts& facts);

}  // namespace fovea
