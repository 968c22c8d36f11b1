// SPDX-License-Identifier: Apache-2.0
// What a run needs to go on exactly where it stopped: every parameter and state tensor, and the position in the data.
//
// On disk: checkpoint-STEP.safetensors (names as torchvision's checkpoints; see docs/architecture.md for the layout) and
// state.json, which names it. state.json is replaced last and atomically, so that a run killed at any moment leaves a pair that
// belongs together; older files are removed afterwards.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "fovea/core/tensor.h"

namespace fovea {

struct TrainingState {
  int64_t epoch = 0;  // the next batch is `batch` of `epoch`
  int64_t batch = 0;
  int64_t step = 0;     // steps done
  double loss_sum = 0;  // over the images of this epoch so far
  int64_t correct = 0;  // of them
  int64_t images = 0;
  double seconds = 0;  // spent training so far
  double best_top1 = 0;
  int64_t best_epoch = 0;  // counted from 1, 0: none yet
};

struct Checkpoint {
  TrainingState state;
  std::string recipe;  // its TOML
  std::map<std::string, Tensor> tensors;
};

bool has_checkpoint(const std::filesystem::path& folder);
// A checkpoint, or a network without: what nobody may replace unasked.
bool has_run(const std::filesystem::path& folder);
// Refuses a folder that holds a run, saying what can be done.
void refuse_replacing(const std::filesystem::path& folder);
// What a run leaves, but for logs that a new run starts anew.
void remove_run(const std::filesystem::path& folder);

// Leaves the newest `keep` tensor files, this one among them.
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint, int64_t keep = 1);

// The recipe's TOML alone; fails as load_checkpoint does.
std::string saved_recipe(const std::filesystem::path& folder);

// Fails naming the file and what is wrong with it: missing, not JSON, a key missing or out of range, tensors of another step.
Checkpoint load_checkpoint(const std::filesystem::path& folder);

}  // namespace fovea
