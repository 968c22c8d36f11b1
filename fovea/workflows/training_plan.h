// SPDX-License-Identifier: Apache-2.0
/// \file
/// From a request to the recipe of a run. What the request says is done, and what it leaves open is chosen.
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
  std::string model;    ///< a name of models(); empty: the recipe's, or that of the weights, or it is chosen
  std::string data;     ///< a spec, or a folder or list whose kind is recognized; empty: the recipe's
  std::string weights;  ///< what starting_point() accepts, a name in the catalog, or a file of `model`; empty: none
  const WeightsCatalog* catalog = nullptr;  ///< of published weights; null: the built-in one
  WeightsPlaces places;                     ///< where weights of the catalog are kept
  FetchEvents fetching;                     ///< callbacks during downloads
  std::string recipe_file;                  ///< a recipe file whose keys override the model's own recipe; empty: none
  double minutes = 0;                       ///< that training may take; 0: not asked for
  int threads = 1;                          ///< that train; used only with `minutes`
  bool quantize_aware = false;              ///< whether to train for 8-bit integers
  /// Changes that the user asks for on top of the complete recipe; empty: none.
  std::function<void(Recipe&)> changes;
};

/// How a request is going to be trained.
struct TrainingPlan {
  Recipe recipe;                     ///< the complete recipe
  std::optional<WeightFile> start;   ///< for TrainOptions::start
  bool new_head = false;             ///< for TrainOptions::new_head
  int64_t most_epochs = 0;           ///< for TimeLimit::most_epochs: the recipe's, if the request has minutes and no epochs
  std::vector<std::string> reasons;  ///< what was chosen and why, in three lines; empty when nothing was left open
};

/// Plans a run. If the request names neither a model nor a recipe, the data decide: `weights` are fine-tuned, or without
/// weights a network is trained from initial values. Otherwise the recipe is the model's own, with the recipe file over it.
/// Fails when there is no data, when the weights are those of another network than the named one, when a recipe file names no
/// network, and when the data or the weights cannot be read.
TrainingPlan plan_training(const TrainingRequest& request);

/// The network that the request, its recipe file or its weights name; "" when none of them does.
std::string model_of(const TrainingRequest& request);

/// The folder of a run when the user has not named one: runs/MODEL, or runs/ and the name of the data's folder.
std::string default_folder(const TrainingRequest& request);

}  // namespace fovea
