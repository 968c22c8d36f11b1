// SPDX-License-Identifier: Apache-2.0
// What a limit of time changes in a run: how many epochs there are, and with which of them it ends.
#include <algorithm>
#include <span>

#include "fovea/collective/exchange.h"
#include "fovea/core/error.h"
#include "fovea/train/run.h"
#include "fovea/train/training_run.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

// Tests the network that the head's training leaves, which a run ends with that has no time for more.
void TrainingRun::test_before_whole() {
  if (phase().cut) predictor_ = predictor_of(network_, averaged(tensors_));
  predictor_->session(std::min(test_batch(), test_->count()));
  const Clock::time_point start = Clock::now();
  evaluation_ = test(*predictor_);
  time_->set_test(seconds_since(start));
  progress_.say(fmt::format("the head alone: {:.2f}% of {} test images", 100 * evaluation_->top1(), evaluation_->count()));
  kept_.emplace(tensors_, state_, phase_, evaluation_);
}

// Chooses the number of epochs of the current phase by the time that its steps take.
void TrainingRun::choose_epochs() {
  if (time_->test() == 0) predictor_->session(std::min(test_batch(), test_->count()));  // it is compiled before it is timed
  const double step = measured_step();
  time_->set_step(step);
  const int64_t parts = (test_->count() + test_batch() - 1) / test_batch();
  // A forward pass is a third of a step of as many images.
  if (time_->test() == 0)
    time_->set_test(step * static_cast<double>(parts * test_batch()) / static_cast<double>(3 * current().batch));
  int64_t epochs = time_->epochs(steps_per_epoch());
  broadcast(processes_, std::as_writable_bytes(std::span(&epochs, 1)));
  if (!kept_) epochs = std::max<int64_t>(epochs, 1);
  progress_.say(fmt::format("{} are left, and an epoch takes {}: {} epoch{}", duration_text(std::max(time_->left(), 0.0)),
                            duration_text(step * static_cast<double>(steps_per_epoch()) + time_->test()), epochs,
                            epochs == 1 ? "" : "s"));
  if (epochs == 0) return end_by_time();
  set_epochs(epochs);
}

// Seconds of a step of the current phase. The steps that are measured are undone.
double TrainingRun::measured_step() {
  // The batches of the first ones were made before, and memory and caches are cold.
  constexpr int64_t unmeasured = 3, measured = 3;
  const KeptEpoch before(tensors_, state_, phase_, {});
  Clock::time_point start;
  for (int64_t i = 0; i < unmeasured + measured; ++i) {
    if (i == unmeasured) start = Clock::now();
    step_->run(*batches_, phase_step() + i, steps_per_epoch(), threads_);
  }
  const double seconds = seconds_since(start) / static_cast<double>(measured);
  step_->read_back();
  before.restore(tensors_);
  step_->values_changed();
  batches_->seek(state_.epoch - phase().first_epoch, state_.batch * parts_of(current()));
  return seconds;
}

// Makes this the number of epochs of the whole network in the recipe.
void TrainingRun::set_epochs(int64_t epochs) {
  recipe_.epochs = epochs;
  shorten_warmups(recipe_);
  if (!phase().of_head) {
    Recipe& recipe = phases_[phase_].recipe;
    recipe.epochs = epochs;
    shorten_warmups(recipe);
    step_->schedule_by(recipe);
  }
  folder_.write_recipe(recipe_);
}

// Goes back to the end of the last whole epoch.
void TrainingRun::go_back() {
  state_ = kept_->state;
  evaluation_ = kept_->evaluation;
  if (kept_->phase != phase_) {
    phase_ = kept_->phase;
    phases_.resize(phase_ + 1);
    set_epochs(0);
    time_.reset();  // there is no limit for what is compiled already
    build(kept_->tensors);
    return;
  }
  kept_->restore(tensors_);
  step_->values_changed();
}

// Ends the run with the last whole epoch, or where there is none with what the steps so far have made.
void TrainingRun::end_by_time() {
  time_is_up_ = true;
  evaluation_.reset();
  if (kept_) go_back();
  const bool whole = !phase().of_head;
  progress_.say(whole && state_.epoch < phase().end()
                    ? fmt::format("the time is up after {} of {} epochs; go on with: fovea train --resume --out {}",
                                  state_.epoch - phase().first_epoch, current().epochs, options_.folder.string())
                    : std::string("the time is not enough for an epoch of the whole network"));
  folder_.open_log(state_);
  folder_.save({state_, to_toml(recipe_), tensors_}, recipe_.checkpoint_keep);
}

// Counts images whose features are computed. Fails if those and the tests on `total` images will not be ready in time.
void TrainingRun::check_pace(int64_t images, int64_t total) {
  features_.add(images);
  const double missing = features_.seconds() * static_cast<double>(total - features_.done()) - time_->left();
  if (missing > 0 && features_.measured() >= 3 * images)
    fail(ErrorCode::resource_exhausted,
         "the time is not enough to compute the features of the images and to test the network: another {} are needed",
         duration_text(std::max(missing, 1.0)));
}

}  // namespace fovea
