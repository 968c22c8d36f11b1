// SPDX-License-Identifier: Apache-2.0
/// \file
/// A run of train() while it goes on: its data, its phases, its step and where it stands.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/corrupt_samples.h"
#include "fovea/data/stored_examples.h"
#include "fovea/inference/predictor.h"
#include "fovea/train/checkpoint.h"
#include "fovea/train/kept_epoch.h"
#include "fovea/train/phase.h"
#include "fovea/train/run_folder.h"
#include "fovea/train/start_values.h"
#include "fovea/train/teacher.h"
#include "fovea/train/time_budget.h"
#include "fovea/train/trainer.h"
#include "fovea/train/training_step.h"

namespace fovea {

/// Carries out a run. One thread at a time, which shares its work through a ThreadPool. trainer.cc prepares it,
/// training_epochs.cc has its epochs, and training_time.cc what a limit of time changes.
class TrainingRun {
 public:
  /// As train() says.
  TrainingRun(Recipe recipe, const TrainOptions& options);

  /// Trains, tests and writes the network.
  TrainResult run();

 private:
  bool is_first() const { return processes_.rank() == 0; }
  void share_start(Recipe& recipe, TrainingState& state);
  void open_data();
  void check_processes();
  void check_moment() const;
  bool build(const TensorMap& saved);
  void fill_tensors(const TensorMap& saved);
  void share(TensorMap& tensors);
  void announce();
  void train_epochs();
  void train_phase();
  void train_epoch();
  void cache_features();
  void check_pace(int64_t images, int64_t total);
  void test_before_whole();
  void choose_epochs();
  double measured_step();
  void set_epochs(int64_t epochs);
  void go_back();
  void end_by_time();
  Metrics test_now();
  void step();
  void check_tensors();
  [[noreturn]] void stop_diverged(const std::string& seen);
  std::optional<NotFinite> origin_of_divergence(int64_t steps);
  void end_epoch(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images);
  void write_metrics(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images);
  Metrics test(Predictor& predictor);
  std::unique_ptr<Predictor> predictor_of(const Network& network, const TensorMap& tensors) const {
    return std::make_unique<Predictor>(network, tensors, Output::logits, DType::f32, test_winograd_, options_.device,
                                       threads_.size());
  }
  int64_t loader_bytes(int loaders) const;
  void plan_evaluation();
  int64_t prefetch() const { return train_->encoded() ? 2 : 3; }
  int workers() const { return options_.workers > 0 ? options_.workers : train_->encoded() ? threads_.size() : 1; }
  void finish();
  void save();
  uint64_t asked(bool time_due);
  void stop_if_asked();
  [[noreturn]] void stop();
  bool stopped_early() const {
    return recipe_.patience > 0 && !phase().of_head &&
           state_.epoch - std::max(state_.best_epoch, phase().first_epoch) >= recipe_.patience;
  }
  int64_t test_batch() const { return recipe_.batch / parts_of(recipe_); }
  const Phase& phase() const { return phases_[phase_]; }
  const Recipe& current() const { return phase().recipe; }  // of the current phase
  int64_t phase_step() const { return state_.step - phase().first_step; }
  bool at_start_of_phase() const { return state_.epoch == phase().first_epoch && state_.batch == 0; }
  bool finished() const { return state_.epoch >= phases_.back().end() || stopped_early() || time_is_up_; }
  bool test_is_due() const {
    return phase().cut || (state_.epoch + 1) % recipe_.evaluate_every == 0 || state_.epoch + 1 == phase().end();
  }
  int64_t steps_per_epoch() const { return phase().steps_per_epoch; }
  std::string epoch_title() const {
    return fmt::format("{} {}/{}", phase().of_head ? "head, epoch" : "epoch", state_.epoch + 1 - phase().first_epoch,
                       current().epochs);
  }
  double mean_loss() const { return state_.images > 0 ? state_.loss_sum / static_cast<double>(state_.images) : 0; }
  double accuracy() const {
    return state_.images > 0 ? static_cast<double>(state_.correct) / static_cast<double>(state_.images) : 0;
  }

  TrainOptions options_;
  std::unique_ptr<Communicator> alone_;  // where no processes are given
  Communicator& processes_;
  RunFolder folder_;
  Recipe recipe_;
  ThreadPool threads_;
  Progress progress_;
  TrainingState state_;
  Network network_;
  std::vector<Phase> phases_;
  std::unique_ptr<StartValues> start_values_;
  size_t phase_ = 0;                                                      // the phase of the next epoch, or the last phase
  std::shared_ptr<const StoredExamples> train_features_, test_features_;  // only in a phase with a cut
  std::shared_ptr<const PictureSplit> split_;                             // if this process has drawn it
  std::shared_ptr<const Dataset> train_, test_;
  TensorMap tensors_;  // parameters, running statistics and the optimizer's state, shared with the programs
  std::unique_ptr<Teacher> teacher_;
  std::unique_ptr<TrainingStep> step_;
  std::unique_ptr<Predictor> predictor_;
  std::unique_ptr<BatchSource> batches_;  // during training
  std::optional<Metrics> evaluation_;     // of the current values, if they have been tested
  std::string stop_reason_;               // of this process, when it was last asked
  std::optional<TimeBudget> time_;        // if there is a limit
  bool time_is_up_ = false;
  Pace features_;                  // of the training images through the frozen part
  double features_compile_ = 0;    // seconds
  std::optional<KeptEpoch> kept_;  // the last whole epoch, with which a run ends that gets no further
  CorruptSampleReport damage_, test_damage_;
  std::chrono::steady_clock::time_point saved_at_ = std::chrono::steady_clock::now();
  Winograd test_winograd_ = Winograd::where_faster;
  int64_t evaluation_bytes_ = 0;  // of the process during a test, where memory is limited
  int64_t steps_here_ = 0;        // in this session
  double step_seconds_ = 0;       // of this session
  int64_t step_images_ = 0;
};

}  // namespace fovea
