// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a run needs to continue exactly where it stopped: every parameter and state tensor, and the position in the data.
///
/// On disk these are checkpoint-STEP.safetensors (with torchvision's names; docs/architecture.md describes the layout) and
/// state.json, which names it. state.json is replaced last and atomically, so a run that is killed at any moment leaves a
/// consistent pair; older files are removed afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "fovea/core/tensor.h"

namespace fovea {

/// The position of a run and its sums.
struct TrainingState {
  int64_t epoch = 0;       ///< the next batch is `batch` of `epoch`
  int64_t batch = 0;       ///< see epoch
  int64_t step = 0;        ///< steps done
  double loss_sum = 0;     ///< over the images of this epoch so far
  int64_t correct = 0;     ///< how many of these images were right
  int64_t images = 0;      ///< images of this epoch so far
  double seconds = 0;      ///< spent training so far
  double best_top1 = 0;    ///< the best top-1 so far
  int64_t best_epoch = 0;  ///< its epoch, counted from 1; 0: none yet
};

/// What is saved.
struct Checkpoint {
  TrainingState state;                    ///< where the run is
  std::string recipe;                     ///< the recipe as TOML
  std::map<std::string, Tensor> tensors;  ///< parameters, running statistics, averages and the optimizer's state, by name
};

/// Whether the folder has a checkpoint.
bool has_checkpoint(const std::filesystem::path& folder);
/// Whether the folder has a checkpoint, or a network without one, which must not be replaced without a request.
bool has_run(const std::filesystem::path& folder);
/// Refuses a folder that holds a run, saying what can be done.
void refuse_replacing(const std::filesystem::path& folder);
/// Removes what a run leaves, except for logs that a new run starts again.
void remove_run(const std::filesystem::path& folder);

/// Saves a checkpoint, and keeps the newest `keep` tensor files, including this one. Fails when a file cannot be written.
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint, int64_t keep = 1);

/// The recipe's TOML alone; fails as load_checkpoint() does.
std::string saved_recipe(const std::filesystem::path& folder);

/// Loads the checkpoint. Fails, naming the file and what is wrong with it: missing, not JSON, a key missing or out of range,
/// tensors of another step.
Checkpoint load_checkpoint(const std::filesystem::path& folder);

}  // namespace fovea
