// SPDX-License-Identifier: Apache-2.0
// From what someone asks for to the recipe of a run: what is said is done, what is left open is chosen.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fovea/fetch/weights_catalog.h"
#include "fovea/train/trainer.h"

namespace fovea {

/// What a user asks of training.
struct TrainingRequest {
  std::string model;    ///< a name (see models()); empty: the recipe's, or that of the weights, or it is chosen
  std::string data;     ///< a spec, or a place whose kind is told by what is in it; empty: the recipe's
  std::string weights;  ///< what starting_point takes, a name of the catalog, or a file of the named model's; empty: none
  const WeightsCatalog* catalog = nullptr;  ///< null: the built-in one
  WeightsPlaces places;                     ///< where weights of the catalog are kept
  FetchEvents fetching;                     ///< told and asked while they are fetched
  std::string recipe_file;                  ///< over the model's own recipe; empty: none
  double minutes = 0;                       ///< that training may take, about, where the recipe is chosen; 0: nobody asked
  int threads = 1;                          ///< that train; looked at only with `minutes`
  bool quantize_aware = false;              ///< whether to train for 8-bit integers
  /// What is said over all that, for a recipe that is otherwise whole; empty: nothing.
  std::function<void(Recipe&)> changes;
};

/// How a request is going to be trained.
struct TrainingPlan {
  Recipe recipe;                     ///< the complete recipe
  std::optional<WeightFile> start;   ///< as TrainOptions has it
  bool new_head = false;             ///< likewise
  std::vector<std::string> reasons;  ///< what was chosen and why, three lines; none where nothing was left open
};

/// Where neither a model nor a recipe is named, looks at the data and chooses: fine-tuning of `weights`, or a network from
/// nothing. Else the model's own recipe with the file over it. Throws Error: nothing to train on, weights of another network
/// than the named one, a recipe file for no network, and whatever the data and the weights are refused for.
TrainingPlan plan_training(const TrainingRequest& request);

/// The network that a request names, its recipe file or its weights; "" where none does.
std::string model_of(const TrainingRequest& request);

/// Where a run goes that nobody named a folder for: runs/MODEL, or runs/ and the name of the data's folder.
std::string default_folder(const TrainingRequest& request);

}  // namespace fovea
