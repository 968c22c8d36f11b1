// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a run writes about its progress: metrics.jsonl, a line an epoch; steps.jsonl, a line a step; and events for
/// TensorBoard.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>

#include "fovea/inference/metrics.h"
#include "fovea/report/event_file.h"
#include "fovea/report/json_lines.h"

namespace fovea {

/// The end of an epoch.
struct EpochEntry {
  int64_t epoch = 0;            ///< from 1
  int64_t step = 0;             ///< optimizer steps since the start of the run
  double rate = 0;              ///< learning rate of the last step
  double loss = 0;              ///< mean over the epoch's training images
  double accuracy = 0;          ///< of the same images, from 0 to 1
  std::optional<Metrics> test;  ///< on the test split, if it was tested
  /// Image files that could not be read so far, of training and of testing; none when the data are no files.
  std::optional<std::pair<int64_t, int64_t>> damaged;
  double images_per_second = 0;  ///< of the steps alone
  double epoch_seconds = 0;      ///< of the steps alone
  double seconds = 0;            ///< of the run so far
};

/// The files of a run's progress while it goes on. One thread at a time.
class TrainingLog {
 public:
  /// Starts the files, or continues those of a run that has done so many epochs and steps; what is behind them is removed.
  /// `at_epoch` says that the run goes on at the beginning of an epoch.
  TrainingLog(const std::filesystem::path& folder, int64_t epochs, int64_t steps, bool at_epoch);

  /// Writes the mean loss of a step, which counts from 1.
  void write_step(int64_t step, double loss);
  /// Writes the end of an epoch.
  void write(const EpochEntry& entry);

 private:
  JsonLines epochs_, steps_;
  EventFile events_;
};

}  // namespace fovea
