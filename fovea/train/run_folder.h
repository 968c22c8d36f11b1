// SPDX-License-Identifier: Apache-2.0
/// \file
/// The folder of a run while it goes on: its lock, its checkpoints and everything that is written into it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/sources/picture_split.h"
#include "fovea/inference/metrics.h"
#include "fovea/inference/session.h"
#include "fovea/nn/trace.h"
#include "fovea/train/checkpoint.h"
#include "fovea/train/recipe.h"
#include "fovea/train/run_lock.h"
#include "fovea/train/trainer.h"
#include "fovea/train/training_log.h"

namespace fovea {

/// The folder, locked for this process (fovea/train/run_lock.h). Of several processes of a run only one has it: for the others
/// there is nothing in it, and nothing is written. One thread at a time.
class RunFolder {
 public:
  /// Creates the folder and locks it. A run that is in it already is continued, replaced, or refused, as the options say. An
  /// exported run has no checkpoint, but counts as a run. Does nothing where the folder belongs to another process.
  RunFolder(const TrainOptions& options, bool own);

  /// The path, for messages.
  std::string name() const { return path_.string(); }
  /// Whether there is a checkpoint.
  bool saved() const { return lock_ && has_checkpoint(path_); }
  /// The checkpoint; fails as load_checkpoint() does.
  Checkpoint checkpoint() const { return load_checkpoint(path_); }

  /// Says how recipe.toml differs from the recipe of the checkpoint, which the run keeps.
  void say_if_edited(const std::string& saved, Progress& progress) const;
  /// Fails if the run is of other classes than these: folders that were renamed or added since would change the meaning of
  /// every class.
  void check_classes(const std::vector<std::string>& names, const std::string& data) const;
  /// Removes what a run left there, and writes what is known at the start. `split` may be null.
  void begin(const Recipe& recipe, const std::vector<std::string>& class_names, const PictureSplit* split);
  /// Writes the recipe again, whose number of epochs has been chosen.
  void write_recipe(const Recipe& recipe);
  /// Opens the logs at this position, for write().
  void open_log(const TrainingState& state);

  /// Saves a checkpoint.
  void save(const Checkpoint& checkpoint, int64_t keep);
  /// Writes the network's tensors into `file`.
  void save_network(const char* file, const Network& network, const TensorMap& tensors);
  /// Writes the mean loss of a step, which counts from 1.
  void write_step(int64_t step, double loss);
  /// Writes the end of an epoch.
  void write(const EpochEntry& entry);
  /// Writes the charts of the finished run.
  void write_charts(const std::string& model, const Metrics& evaluation, const std::vector<std::string>& class_names);
  /// Removes the confidence that belonged to the network before this training.
  void forget_confidence();

 private:
  std::filesystem::path path_;
  std::unique_ptr<RunLock> lock_;  // null in a process that does not have the folder
  std::unique_ptr<TrainingLog> log_;
};

}  // namespace fovea
