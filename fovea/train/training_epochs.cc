// SPDX-License-Identifier: Apache-2.0
// The epochs of a run: steps, tests, checkpoints and the files at its end.
#include <cmath>
#include <cstring>
#include <span>

#include "fovea/collective/exchange.h"
#include "fovea/core/error.h"
#include "fovea/core/text.h"
#include "fovea/data/loader.h"
#include "fovea/inference/finite.h"
#include "fovea/train/feature_cache.h"
#include "fovea/train/run.h"
#include "fovea/train/schedule.h"
#include "fovea/train/training_run.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

// The step of a session that measures what recomputation costs, when memory and caches are warm.
constexpr int64_t timed_step = 3;

// What a process may ask for after a step.
constexpr uint64_t asks_to_stop = 1, asks_to_save = 2, asks_to_end = 4;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

}  // namespace

void TrainingRun::step() {
  const bool timed = ++steps_here_ == timed_step && step_->report().memory.repeated > 0;
  const TrainingStep::Result result = step_->run(*batches_, phase_step(), steps_per_epoch(), threads_,
                                                 timed ? TrainingStep::Mode::timed : TrainingStep::Mode::plain);
  if (timed) progress_.say(rematerialization_text(result.repeated_seconds, result.seconds));
  damage_.report(result.damaged, progress_);
  state_.loss_sum += result.loss_sum;
  state_.correct += result.correct;
  state_.images += result.images;
  step_images_ += result.images;
  ++state_.step;
  ++state_.batch;
  if (!std::isfinite(result.loss_sum)) stop_diverged(fmt::format("the loss is {}", result.loss_sum));
  folder_.write_step(state_.step, result.loss_sum / static_cast<double>(result.images));
}

// Tensors are only saved when all numbers are finite.
void TrainingRun::check_tensors() {
  step_->read_back();
  if (const auto bad = not_finite(tensors_); bad != tensors_.end())
    stop_diverged(fmt::format("tensor \"{}\" is not finite", bad->first));
}

void TrainingRun::stop_diverged(const std::string& seen) {
  const int64_t epoch = state_.epoch + 1, step = state_.step;
  const std::string folder = folder_.name();
  const bool saved = any_of(processes_, folder_.saved() ? 1 : 0) != 0;
  const std::optional<NotFinite> origin = origin_of_divergence(step);
  const std::string where = origin ? not_finite_text(*origin) : "where it began was not found";
  fail("training diverged in epoch {}: after step {} {}; {}, in step {} at a rate of {:.3g}. {}", epoch, step, seen, where,
       state_.step, rate_at(current(), phase_step() - 1, steps_per_epoch()),
       saved ? fmt::format("The last checkpoint in {} is whole", folder) : fmt::format("{} has no checkpoint yet", folder));
}

// Goes back to the last checkpoint or to the beginning, and repeats the steps up to `steps` while checking everything that
// every kernel writes. Numbers that are not finite but have no effect do not count.
std::optional<NotFinite> TrainingRun::origin_of_divergence(int64_t steps) {
  progress_.say("training diverged; looking for the layer where it began");
  Checkpoint checkpoint;
  if (folder_.saved()) checkpoint = folder_.checkpoint();
  broadcast(processes_, std::as_writable_bytes(std::span(&checkpoint.state, 1)));
  TensorMap bound = tensors_;
  state_ = checkpoint.state;
  fill_tensors(checkpoint.tensors);
  for (auto& [name, tensor] : bound) std::memcpy(tensor.raw(), tensors_.at(name).raw(), tensor.bytes());
  tensors_ = std::move(bound);
  step_->values_changed();
  batches_->seek(state_.epoch - phase().first_epoch, state_.batch * parts_of(current()));
  while (state_.step < steps) {
    const TrainingStep::Result result =
        step_->run(*batches_, phase_step(), steps_per_epoch(), threads_, TrainingStep::Mode::checked);
    ++state_.step;
    step_->read_back();
    if (!std::isfinite(result.loss_sum) || not_finite(tensors_) != tensors_.end()) return result.not_finite;
  }
  return std::nullopt;
}

void TrainingRun::save() {
  check_tensors();
  folder_.save({state_, to_toml(recipe_), tensors_}, recipe_.checkpoint_keep);
  saved_at_ = Clock::now();
}

// What some process asks for after a step: all of them do it then.
uint64_t TrainingRun::asked(bool time_due) {
  if (options_.stop) stop_reason_ = options_.stop();
  const bool late = time_ && !time_->has_room_for_steps(1, kept_ && kept_->evaluation);
  return any_of(processes_,
                (stop_reason_.empty() ? 0 : asks_to_stop) | (time_due ? asks_to_save : 0) | (late ? asks_to_end : 0));
}

void TrainingRun::stop_if_asked() {
  if ((asked(false) & asks_to_stop) != 0) stop();
}

void TrainingRun::stop() {
  std::string reason;
  for (const std::string& text : gather(processes_, stop_reason_)) {
    if (reason.empty()) reason = text;
  }
  save();
  fail(ErrorCode::cancelled, "interrupted by {} at step {}; go on with: fovea train --resume --out {}", reason, state_.step,
       options_.folder.string());
}

void TrainingRun::train_epoch() {
  progress_.start(epoch_title(), steps_per_epoch() * current().batch, state_.images);
  while (state_.batch < steps_per_epoch()) {
    const Clock::time_point start = Clock::now();
    step();
    const double spent = seconds_since(start);
    state_.seconds += spent;
    step_seconds_ += spent;
    progress_.update(state_.images, fmt::format("loss {:.4f}  accuracy {:.2f}%", mean_loss(), 100 * accuracy()));
    const bool steps_due = recipe_.checkpoint_steps > 0 && state_.step % recipe_.checkpoint_steps == 0;
    const bool time_due = recipe_.checkpoint_seconds > 0 && seconds_since(saved_at_) >= recipe_.checkpoint_seconds;
    const uint64_t asked_for = asked(time_due);
    if ((asked_for & asks_to_stop) != 0) stop();
    if ((asked_for & asks_to_end) != 0) return end_by_time();
    if (steps_due || (asked_for & asks_to_save) != 0) save();
  }
  // The rest of the epoch is not enough for a whole step.
  if (steps_per_epoch() * parts_of(current()) < batches_->batches_per_epoch())
    batches_->seek(state_.epoch + 1 - phase().first_epoch, 0);
}

void TrainingRun::write_metrics(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images) {
  const double speed = epoch_seconds > 0 ? static_cast<double>(epoch_images) / epoch_seconds : 0;
  EpochEntry entry{.epoch = state_.epoch + 1,
                   .step = state_.step,
                   .rate = rate_at(current(), phase_step() - 1, steps_per_epoch()),
                   .loss = mean_loss(),
                   .accuracy = accuracy(),
                   .test = evaluation,
                   .images_per_second = speed,
                   .epoch_seconds = epoch_seconds,
                   .seconds = state_.seconds};
  if (train_->encoded()) entry.damaged = std::pair(damage_.images(), test_damage_.images());
  folder_.write(entry);
  // The epochs of the head are so short that only the last one is printed.
  if (phase().of_head && state_.epoch + 1 < phase().end()) return;
  const std::string tested =
      evaluation ? fmt::format("test loss {:.4f}  top-1 {:.2f}%  ", evaluation->loss(), 100 * evaluation->top1()) : "";
  progress_.finish(fmt::format("{}  loss {:.4f}  accuracy {:.2f}%  {}{:.0f} images/s  {}", epoch_title(), mean_loss(),
                               100 * accuracy(), tested, speed, duration_text(epoch_seconds)));
}

void TrainingRun::end_epoch(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images) {
  if (evaluation && evaluation->top1() > state_.best_top1) {
    state_.best_top1 = evaluation->top1();
    state_.best_epoch = state_.epoch + 1;
    if (recipe_.checkpoint_best) folder_.save_network("best.safetensors", network_, averaged(tensors_));
  }
  write_metrics(evaluation, epoch_seconds, epoch_images);
  ++state_.epoch;
  state_.batch = state_.images = state_.correct = 0;
  state_.loss_sum = 0;
  // An epoch on cached features takes less time than a checkpoint, so not every one is followed by one.
  const bool time_due = recipe_.checkpoint_seconds > 0 && seconds_since(saved_at_) >= recipe_.checkpoint_seconds;
  if (!phase().cut || state_.epoch == phase().end() || time_due) save();
  if (stopped_early()) {
    progress_.say(fmt::format("stopped: no better top-1 than {:.2f}% of epoch {} in {} epochs", 100 * state_.best_top1,
                              state_.best_epoch, recipe_.patience));
  }
}

void TrainingRun::train_epochs() {
  while (!finished()) {
    train_phase();
    if (finished()) break;
    const TensorMap tensors = tensors_;
    bool room = true;
    if (time_) {
      test_before_whole();
      room = time_->has_room_for(features_compile_, features_.seconds(), train_->count());
      room = any_of(processes_, room ? 0 : 1) == 0;
    }
    ++phase_;
    train_features_ = test_features_ = nullptr;
    if (!room || !build(tensors)) end_by_time();
  }
  batches_.reset();
}

// Computes the features of all images for the current phase. They depend only on parameters that do not change, so a resumed
// run computes the same ones again.
void TrainingRun::cache_features() {
  if (!folder_.saved()) save();  // so that an interruption from here on can be resumed
  const Clock::time_point start = Clock::now();
  const std::unique_ptr<Predictor> features = predictor_of(features_of(network_, *phase().cut), averaged(tensors_));
  FeatureCacheOptions options{.augmentation = phase().views > 1 ? augmentation_of(current(), network_.preprocessing)
                                                                : evaluation_of(network_.preprocessing),
                              .views = phase().views,
                              .seed = static_cast<uint64_t>(recipe_.seed),
                              .batch = std::min<int64_t>(32, test_batch()),  // the programs of tests have the same kernels
                              .workers = workers(),
                              .title = "features",
                              .after_batch = {}};
  const int64_t total = train_->count() * phase().views + 2 * test_->count();
  features_ = Pace();
  options.after_batch = [&] {
    stop_if_asked();
    if (time_) check_pace(options.batch, total);
  };
  train_features_ = cached_features(*features, train_, options, threads_, progress_, damage_);
  features_compile_ = features->session(options.batch).report().seconds;
  options.augmentation = evaluation_of(network_.preprocessing);
  options.views = 1;
  options.title = "features of the test images";
  test_features_ = cached_features(*features, test_, options, threads_, progress_, test_damage_);
  const double seconds = seconds_since(start);
  state_.seconds += seconds;
  progress_.finish(fmt::format(
      "features of {} images, {:.0f} images/s, {}", with_separators(train_->count() * phase().views + test_->count()),
      static_cast<double>(train_->count() * phase().views + test_->count()) / seconds, duration_text(seconds)));
  predictor_ = predictor_of(head_of(network_, *phase().cut), averaged(tensors_));
}

Metrics TrainingRun::test_now() {
  return test_features_ ? evaluate(*predictor_, *test_features_, step_->batch(), threads_) : test(*predictor_);
}

void TrainingRun::train_phase() {
  const auto seed = static_cast<uint64_t>(recipe_.seed);
  const int64_t epoch = state_.epoch - phase().first_epoch, batch = state_.batch * parts_of(current());
  if (phase().cut) {
    cache_features();
    batches_ =
        std::make_unique<StoredBatches>(train_features_, step_->batch(), seed, epoch, batch, recipe_.balance == "sampling");
  } else {
    batches_ =
        std::make_unique<Loader>(train_, LoaderOptions{.batch = step_->batch(),
                                                       .shuffle = true,
                                                       .balanced = recipe_.balance == "sampling",
                                                       .drop_last = true,
                                                       .seed = seed,
                                                       .shape = image_shape(network_),
                                                       .augmentation = augmentation_of(current(), network_.preprocessing),
                                                       .first_epoch = epoch,
                                                       .first_batch = batch,
                                                       .share = step_->share(),
                                                       .prefetch = prefetch(),
                                                       .workers = workers()});
  }
  if (time_ && time_->limit().most_epochs > 0 && !phase().of_head && at_start_of_phase()) choose_epochs();
  while (!time_is_up_ && state_.epoch < phase().end() && !stopped_early()) {
    if (kept_ && any_of(processes_, time_->has_room_for_steps(steps_per_epoch(), false) ? 0 : 1) != 0) return end_by_time();
    const double seconds_before = step_seconds_;
    const int64_t images_before = step_images_;
    train_epoch();
    if (time_is_up_) return;
    const Clock::time_point start = Clock::now();
    check_tensors();
    std::optional<Metrics> tested;
    if (test_is_due()) tested = test_now();
    state_.seconds += seconds_since(start);
    // Results on cached features are equal to those of the network only up to rounding, so the final ones are the whole
    // network's.
    evaluation_ = phase().cut ? std::nullopt : tested;
    end_epoch(tested, step_seconds_ - seconds_before, step_images_ - images_before);
    if (time_ && !phase().cut) kept_.emplace(tensors_, state_, phase_, evaluation_);
    if (!finished()) stop_if_asked();
  }
}

// Writes model.safetensors, and leaves its result on the test split in `evaluation_`.
void TrainingRun::finish() {
  if (recipe_.checkpoint_model == "best" && state_.best_epoch > 0) {
    TensorMap best;
    if (is_first()) {
      best = read_weights(network_, options_.folder / "best.safetensors").tensors;
    } else {
      for (const auto& [name, tensor] : network_tensors(network_, tensors_)) best[name] = tensor.clone();
    }
    share(best);
    if (options_.memory > 0) {  // the last network is in its checkpoint
      tensors_.clear();
      predictor_.reset();
    }
    evaluation_ = test(*predictor_of(network_, best));
    folder_.save_network("model.safetensors", network_, best);
  } else {
    if (!evaluation_) {  // the run had finished before, or stopped between tests, or its last tests were on features
      if (phase().cut) predictor_ = predictor_of(network_, averaged(tensors_));
      evaluation_ = test(*predictor_);
    }
    folder_.save_network("model.safetensors", network_, averaged(tensors_));
  }
  folder_.write_charts(network_.name, *evaluation_, test_->class_names());
}

}  // namespace fovea
