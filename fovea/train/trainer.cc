// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/trainer.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "fovea/collective/exchange.h"
#include "fovea/collective/shards.h"
#include "fovea/core/error.h"
#include "fovea/core/process_memory.h"
#include "fovea/core/text.h"
#include "fovea/data/loader.h"
#include "fovea/inference/finite.h"
#include "fovea/inference/predictor.h"
#include "fovea/models/summary.h"
#include "fovea/train/feature_cache.h"
#include "fovea/train/phase.h"
#include "fovea/train/run.h"
#include "fovea/train/run_folder.h"
#include "fovea/train/schedule.h"
#include "fovea/train/shared_test.h"
#include "fovea/train/start_values.h"
#include "fovea/train/training_data.h"
#include "fovea/train/training_step.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

// In bytes. Features that take more are not cached but computed anew in each epoch.
constexpr int64_t most_cached = int64_t{2} << 30;

// The step of a session that measures what recomputation costs, when memory and caches are warm.
constexpr int64_t timed_step = 3;

// What a process may ask for after a step.
constexpr uint64_t asks_to_stop = 1, asks_to_save = 2;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Pages that contain only zeros are not resident yet.
void make_resident(Tensor& tensor) {
  constexpr size_t page = 4096;
  auto* bytes = reinterpret_cast<volatile char*>(tensor.raw());
  for (size_t i = 0; i < tensor.bytes(); i += page) bytes[i] = bytes[i];
}

class Trainer {
 public:
  Trainer(Recipe recipe, const TrainOptions& options)
      : options_(options),
        alone_(options.processes == nullptr ? single_process() : nullptr),
        processes_(alone_ ? *alone_ : *options.processes),
        folder_(options, is_first()),
        threads_(options.threads > 0 ? options.threads : ThreadPool::available()),
        progress_(options.quiet || !is_first()) {
    Checkpoint checkpoint;
    if (options.resume && is_first()) {
      checkpoint = folder_.checkpoint();
      recipe = Recipe();
      apply_recipe(recipe, checkpoint.recipe, (options.folder / "state.json").string());
    }
    if (recipe.shards == 0) {
      const bool together = options.processes != nullptr && !options.resume;
      recipe.shards = together ? chosen_shards(recipe.batch / recipe.accumulate, processes_.size()) : 1;
    }
    share_start(recipe, checkpoint.state);
    for (const std::string& note : shorten_warmups(recipe)) progress_.say(note);
    check_recipe(recipe);
    if (options.resume) folder_.say_if_edited(checkpoint.recipe, progress_);
    recipe_ = std::move(recipe);
    state_ = checkpoint.state;
    open_data();
    if (options.resume) folder_.check_classes(train_->class_names(), recipe_.data);
    build(checkpoint.tensors);
    if (!options.resume) folder_.begin(recipe_, test_->class_names(), split_.get());
  }

  TrainResult run();

 private:
  bool is_first() const { return processes_.rank() == 0; }
  void share_start(Recipe& recipe, TrainingState& state);
  void open_data();
  void check_processes();
  void check_moment() const;
  void build(const TensorMap& saved);
  void fill_tensors(const TensorMap& saved);
  void share(TensorMap& tensors);
  void announce();
  void train_epochs();
  void train_phase();
  void train_epoch();
  void cache_features();
  Metrics test_now();
  void step();
  void check_tensors();
  [[noreturn]] void stop_diverged(const std::string& seen);
  std::optional<NotFinite> origin_of_divergence(int64_t steps);
  void end_epoch(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images);
  void write_metrics(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images);
  Metrics test(Predictor& predictor);
  std::unique_ptr<Predictor> predictor_of(const Network& network, const TensorMap& tensors) const {
    return std::make_unique<Predictor>(network, tensors, Output::logits, DType::f32, test_winograd_, options_.device);
  }
  int64_t loader_bytes(int loaders) const;
  void plan_evaluation();
  int64_t prefetch() const { return train_->encoded() ? 2 : 3; }
  int workers() const { return options_.workers > 0 ? options_.workers : train_->encoded() ? threads_.size() : 1; }
  void finish();
  void save();
  uint64_t asked(bool time_due);
  void stop_if_asked() {
    if ((asked(false) & asks_to_stop) != 0) stop();
  }
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
  bool finished() const { return state_.epoch >= phases_.back().end() || stopped_early(); }
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
  CorruptSampleReport damage_, test_damage_;
  Clock::time_point saved_at_ = Clock::now();
  Winograd test_winograd_ = Winograd::where_faster;
  int64_t evaluation_bytes_ = 0;  // of the process during a test, where memory is limited
  int64_t steps_here_ = 0;        // in this session
  double step_seconds_ = 0;       // of this session
  int64_t step_images_ = 0;
};

// Gives every process the recipe and the position of process 0.
void Trainer::share_start(Recipe& recipe, TrainingState& state) {
  if (processes_.size() == 1) return;
  std::string text = to_toml(recipe);
  broadcast(processes_, text);
  broadcast(processes_, std::as_writable_bytes(std::span(&state, 1)));
  if (is_first()) return;
  recipe = Recipe();
  apply_recipe(recipe, text, "the recipe of process 0");
}

void Trainer::open_data() {
  recipe_.data = dataset_spec(recipe_.data);
  TrainOptions options = options_;
  options.allow_overlap |= !is_first();  // one process looks for images that are in both parts
  TrainingData data = open_training_data(recipe_.data, static_cast<uint64_t>(recipe_.seed), options, progress_);
  train_ = std::move(data.train);
  test_ = std::move(data.test);
  split_ = std::move(data.drawn);
  check_processes();
  if (recipe_.classes == 0) recipe_.classes = static_cast<int64_t>(train_->class_names().size());
  if (train_->encoded() && recipe_.mean.empty()) {  // ImageNet's, for red, green and blue
    recipe_.mean = {0.485, 0.456, 0.406};
    recipe_.deviation = {0.229, 0.224, 0.225};
  }
  network_ = network_of(recipe_);
  start_values_ = std::make_unique<StartValues>(recipe_, network_, train_, options_);
  recipe_.model = network_.name;
  check_fits(network_, *train_);
  check_fits(network_, *test_);
  phases_ = phases_of(recipe_, network_, *train_, options_.memory > 0 ? 0 : most_cached);
  while (phase_ + 1 < phases_.size() && state_.epoch >= phase().end()) ++phase_;
  check_moment();
}

// Refuses processes that would not compute the same.
void Trainer::check_processes() {
  if (processes_.size() > recipe_.shards) {
    refuse(
        "{} processes are more than the {} shards of the run, and each needs one; a new run may have more, by --set shards={}",
        processes_.size(), recipe_.shards, std::bit_ceil(static_cast<unsigned>(processes_.size())));
  }
  if (processes_.size() == 1) return;
  std::vector<Property> properties = options_.properties;
  for (const auto& [data, what] : {std::pair(train_, "the data set"), std::pair(test_, "the test data")}) {
    const std::vector<Property> own = properties_of(*data, what);
    properties.insert(properties.end(), own.begin(), own.end());
  }
  check_agreement(processes_, properties, options_.mixed, progress_);
}

void Trainer::check_moment() const {
  if (state_.epoch > phase().end() || state_.batch > steps_per_epoch() ||
      phase_step() != (state_.epoch - phase().first_epoch) * steps_per_epoch() + state_.batch) {
    fail("the checkpoint in {} is of step {}, epoch {}, batch {}: not a moment of its recipe on {} images",
         options_.folder.string(), state_.step, state_.epoch, state_.batch, train_->count());
  }
}

// Builds the step of the current phase. Its tensors have their initial values, or those in `saved` where it has them.
void Trainer::build(const TensorMap& saved) {
  step_ = std::make_unique<TrainingStep>(phase().cut ? head_of(network_, *phase().cut) : network_, current(), processes_,
                                         recipe_.balance == "weights" ? class_weights(*train_) : std::vector<double>{});
  if (!current().teacher.empty()) {
    if (options_.memory > 0)
      refuse("--memory counts what training takes, and not what the teacher does: leave out one of the two");
    teacher_ = std::make_unique<Teacher>(current().teacher, network_, train_->class_names());
    step_->learn_from(*teacher_);
  }
  fill_tensors(saved);
  if (const auto bad = not_finite(tensors_); bad != tensors_.end()) {
    fail("tensor \"{}\" of {} is not finite before the first step", bad->first,
         options_.resume ? options_.folder.string() : recipe_.weights);
  }
  predictor_ = predictor_of(network_, averaged(tensors_));
  CompileOptions compile{
      .device = options_.device, .threads = threads_.size(), .memory = options_.memory, .dtype = dtype_named(current().dtype)};
  if (options_.memory > 0) {
    keep_no_large_blocks();
    for (auto& [name, tensor] : tensors_) make_resident(tensor);
    plan_evaluation();
    compile.whole_process = true;
    compile.reserved = loader_bytes(1);
  }
  step_->compile(tensors_, compile);
}

// Batches that are ready, being prepared or in use, of each of so many loaders, and image files on their way there. While one
// loader works, the other waits.
int64_t Trainer::loader_bytes(int loaders) const {
  constexpr int64_t photograph = 8 << 20;
  const int64_t batch = step_->batch() * image_shape(network_).size() * static_cast<int64_t>(byte_size(DType::f32));
  return loaders * (prefetch() + 1) * batch + (train_->encoded() ? workers() * photograph : 0);
}

// Compiles the program of a test while there is room for it, and checks that it fits: a test runs in place of a step.
void Trainer::plan_evaluation() {
  const int64_t batch = std::min(test_batch(), test_->count());
  const auto peak = [&] {
    int64_t most = 0;
    for (const int64_t images : {batch, test_->count() % batch})
      if (images > 0) most = std::max(most, predictor_->session(images).program().transient_bytes(threads_.size()));
    release_freed_memory();
    return resident_bytes() + loader_bytes(2) + most;
  };
  int64_t bytes = peak();
  if (any_of(processes_, bytes > options_.memory ? 1 : 0) != 0) {
    // Winograd's algorithm takes filters of up to four times the size.
    test_winograd_ = Winograd::never;
    predictor_ = predictor_of(network_, averaged(tensors_));
    bytes = peak();
    if (bytes <= options_.memory)
      progress_.say("to fit, tests do without Winograd's algorithm: the last digits of their loss differ");
  }
  if (bytes > options_.memory) {
    refuse(
        "a test takes at least {} of memory, with {} for the program and the network; {} are allowed. A smaller batch takes "
        "less",
        bytes_text(bytes), bytes_text(resident_bytes()), bytes_text(options_.memory));
  }
  evaluation_bytes_ = bytes;
}

Metrics Trainer::test(Predictor& predictor) {
  const auto release = [&] {
    if (options_.memory == 0) return;
    step_->release();
    predictor.release();
    release_freed_memory();
  };
  release();
  Metrics metrics = evaluate_together(processes_, predictor, test_, test_batch(), threads_, progress_,
                                      views_of(recipe_.evaluate_views), test_damage_);
  release();
  return metrics;
}

// Fills the tensors of the current phase.
void Trainer::fill_tensors(const TensorMap& saved) {
  if (is_first()) {
    tensors_ = start_values_->fill(step_->tensors(), saved, at_start_of_phase(), threads_, progress_);
  } else {
    tensors_.clear();
    for (const ParameterSpec& spec : step_->tensors())
      tensors_[spec.name] = initial_value(spec, static_cast<uint64_t>(recipe_.seed));
  }
  share(tensors_);
}

// Gives every process the values of process 0.
void Trainer::share(TensorMap& tensors) {
  for (auto& [name, tensor] : tensors) broadcast(processes_, std::span(tensor.raw(), tensor.bytes()));
}

void Trainer::announce() {
  const CompileReport report = step_->report();
  progress_.say(fmt::format("{}: {} parameters; {} training and {} test images of {} classes", network_.name,
                            with_separators(summarize(network_).parameters), with_separators(train_->count()),
                            with_separators(test_->count()), network_.classes));
  progress_.say(fmt::format("training step: {} kernels, {} from the cache, ready in {:.2f} s; {} of memory, {} thread{}",
                            report.kernels, report.from_cache, report.seconds, bytes_text(step_->memory_bytes(threads_.size())),
                            threads_.size(), threads_.size() == 1 ? "" : "s"));
  if (options_.memory > 0) {
    progress_.say(
        fmt::format("memory: {} promised; by plan {} in training, {} of them for the rest of the program, and {} in a test",
                    bytes_text(options_.memory), bytes_text(report.memory.bytes()), bytes_text(report.memory.process),
                    bytes_text(evaluation_bytes_)));
  }
  if (report.memory.repeated > 0) progress_.say(rematerialization_text(report.memory));
  if (recipe_.shards > 1) {
    progress_.say(fmt::format("{} process{} compute{} {} shards of {} images", processes_.size(),
                              processes_.size() == 1 ? "" : "es", processes_.size() == 1 ? "s" : "", recipe_.shards,
                              recipe_.batch / recipe_.shards));
  }
  if (options_.resume) progress_.say(fmt::format("resuming at epoch {}, step {}", state_.epoch + 1, state_.step));
}

void Trainer::step() {
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
void Trainer::check_tensors() {
  step_->read_back();
  if (const auto bad = not_finite(tensors_); bad != tensors_.end())
    stop_diverged(fmt::format("tensor \"{}\" is not finite", bad->first));
}

void Trainer::stop_diverged(const std::string& seen) {
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
std::optional<NotFinite> Trainer::origin_of_divergence(int64_t steps) {
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

void Trainer::save() {
  check_tensors();
  folder_.save({state_, to_toml(recipe_), tensors_}, recipe_.checkpoint_keep);
  saved_at_ = Clock::now();
}

// What some process asks for after a step: all of them do it then.
uint64_t Trainer::asked(bool time_due) {
  if (options_.stop) stop_reason_ = options_.stop();
  return any_of(processes_, (stop_reason_.empty() ? 0 : asks_to_stop) | (time_due ? asks_to_save : 0));
}

void Trainer::stop() {
  std::string reason;
  for (const std::string& text : gather(processes_, stop_reason_)) {
    if (reason.empty()) reason = text;
  }
  save();
  fail(ErrorCode::cancelled, "interrupted by {} at step {}; go on with: fovea train --resume --out {}", reason, state_.step,
       options_.folder.string());
}

void Trainer::train_epoch() {
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
    if (steps_due || (asked_for & asks_to_save) != 0) save();
  }
  // The rest of the epoch is not enough for a whole step.
  if (steps_per_epoch() * parts_of(current()) < batches_->batches_per_epoch())
    batches_->seek(state_.epoch + 1 - phase().first_epoch, 0);
}

void Trainer::write_metrics(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images) {
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

void Trainer::end_epoch(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images) {
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

void Trainer::train_epochs() {
  while (!finished()) {
    train_phase();
    if (finished()) break;
    ++phase_;
    train_features_ = test_features_ = nullptr;
    const TensorMap tensors = tensors_;
    build(tensors);
  }
  batches_.reset();
}

// Computes the features of all images for the current phase. They depend only on parameters that do not change, so a resumed
// run computes the same ones again.
void Trainer::cache_features() {
  if (!folder_.saved()) save();  // so that an interruption from here on can be resumed
  const Clock::time_point start = Clock::now();
  const std::unique_ptr<Predictor> features = predictor_of(features_of(network_, *phase().cut), averaged(tensors_));
  FeatureCacheOptions options{.augmentation = phase().views > 1 ? augmentation_of(current(), network_.preprocessing)
                                                                : evaluation_of(network_.preprocessing),
                              .views = phase().views,
                              .seed = static_cast<uint64_t>(recipe_.seed),
                              .workers = workers(),
                              .title = "features",
                              .after_batch = [this] { stop_if_asked(); }};
  train_features_ = cached_features(*features, train_, options, threads_, progress_, damage_);
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

Metrics Trainer::test_now() {
  return test_features_ ? evaluate(*predictor_, *test_features_, step_->batch(), threads_) : test(*predictor_);
}

void Trainer::train_phase() {
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
  while (state_.epoch < phase().end() && !stopped_early()) {
    const double seconds_before = step_seconds_;
    const int64_t images_before = step_images_;
    train_epoch();
    const Clock::time_point start = Clock::now();
    check_tensors();
    evaluation_.reset();
    if (test_is_due()) evaluation_ = test_now();
    state_.seconds += seconds_since(start);
    end_epoch(evaluation_, step_seconds_ - seconds_before, step_images_ - images_before);
    if (!finished()) stop_if_asked();
  }
}

// Writes model.safetensors, and leaves its result on the test split in `evaluation_`.
void Trainer::finish() {
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
    // Results on cached features are equal to those of the network only up to rounding, so the final ones are the whole
    // network's.
    if (phase().cut) predictor_ = predictor_of(network_, averaged(tensors_));
    if (!evaluation_ || phase().cut)
      evaluation_ = test(*predictor_);  // there is none when the run had finished before, or stopped between tests
    folder_.save_network("model.safetensors", network_, averaged(tensors_));
  }
  folder_.write_charts(network_.name, *evaluation_, test_->class_names());
}

TrainResult Trainer::run() {
  announce();
  folder_.open_log(state_);
  if (!finished()) {
    folder_.forget_confidence();
    train_epochs();
  }
  finish();
  return {*evaluation_, state_.epoch, state_.seconds,
          step_seconds_ > 0 ? static_cast<double>(step_images_) / step_seconds_ : 0};
}

}  // namespace

TrainResult train(Recipe recipe, const TrainOptions& options) { return Trainer(std::move(recipe), options).run(); }

}  // namespace fovea
