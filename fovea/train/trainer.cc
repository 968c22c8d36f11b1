// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/trainer.h"

#include <algorithm>
#include <bit>
#include <span>

#include "fovea/collective/exchange.h"
#include "fovea/collective/shards.h"
#include "fovea/core/error.h"
#include "fovea/core/process_memory.h"
#include "fovea/core/text.h"
#include "fovea/inference/finite.h"
#include "fovea/train/announcement.h"
#include "fovea/train/run.h"
#include "fovea/train/shared_test.h"
#include "fovea/train/training_data.h"
#include "fovea/train/training_run.h"

namespace fovea {
namespace {

// In bytes. Features that take more are not cached but computed anew in each epoch.
constexpr int64_t most_cached = int64_t{2} << 30;

// Pages that contain only zeros are not resident yet.
void make_resident(Tensor& tensor) {
  constexpr size_t page = 4096;
  auto* bytes = reinterpret_cast<volatile char*>(tensor.raw());
  for (size_t i = 0; i < tensor.bytes(); i += page) bytes[i] = bytes[i];
}

}  // namespace

TrainingRun::TrainingRun(Recipe recipe, const TrainOptions& options)
    : options_(options),
      alone_(options.processes == nullptr ? single_process() : nullptr),
      processes_(alone_ ? *alone_ : *options.processes),
      folder_(options, is_first()),
      threads_(options.threads > 0 ? options.threads : ThreadPool::available()),
      progress_(options.quiet || !is_first()) {
  Checkpoint checkpoint;
  if (options.limit) {
    if (options.memory > 0)
      refuse("--memory does not count the copy of the last epoch that a limit of time needs: leave out one");
    time_.emplace(*options.limit);
  }
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
  if (!build(checkpoint.tensors))
    fail(ErrorCode::resource_exhausted,
         "the time was up before the training step was compiled; what was compiled is kept, and the same command gets "
         "further");
  if (!options.resume) folder_.begin(recipe_, test_->class_names(), split_.get());
}

// Gives every process the recipe and the position of process 0.
void TrainingRun::share_start(Recipe& recipe, TrainingState& state) {
  if (processes_.size() == 1) return;
  std::string text = to_toml(recipe);
  broadcast(processes_, text);
  broadcast(processes_, std::as_writable_bytes(std::span(&state, 1)));
  if (is_first()) return;
  recipe = Recipe();
  apply_recipe(recipe, text, "the recipe of process 0");
}

void TrainingRun::open_data() {
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
void TrainingRun::check_processes() {
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

void TrainingRun::check_moment() const {
  if (state_.epoch > phase().end() || state_.batch > steps_per_epoch() ||
      phase_step() != (state_.epoch - phase().first_epoch) * steps_per_epoch() + state_.batch) {
    fail("the checkpoint in {} is of step {}, epoch {}, batch {}: not a moment of its recipe on {} images",
         options_.folder.string(), state_.step, state_.epoch, state_.batch, train_->count());
  }
}

// Builds the step of the current phase. Its tensors have their initial values, or those in `saved` where it has them. Returns
// false if the time was up before it was compiled.
bool TrainingRun::build(const TensorMap& saved) {
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
  if (!time_) {
    step_->compile(tensors_, compile);
    return true;
  }
  compile.stop = [this] { return time_->left() < 0; };
  bool late = false;
  try {
    step_->compile(tensors_, compile);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::cancelled) throw;
    late = true;
  }
  return any_of(processes_, late ? 1 : 0) == 0;
}

// Batches that are ready, being prepared or in use, of each of so many loaders, and image files on their way there. While one
// loader works, the other waits.
int64_t TrainingRun::loader_bytes(int loaders) const {
  constexpr int64_t photograph = 8 << 20;
  const int64_t batch = step_->batch() * image_shape(network_).size() * static_cast<int64_t>(byte_size(DType::f32));
  return loaders * (prefetch() + 1) * batch + (train_->encoded() ? workers() * photograph : 0);
}

// Compiles the program of a test while there is room for it, and checks that it fits: a test runs in place of a step.
void TrainingRun::plan_evaluation() {
  const int64_t batch = std::min(test_batch(), test_->count());
  const auto peak = [&] {
    const int64_t most = predictor_->session(batch).program().transient_bytes(threads_.size());
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

Metrics TrainingRun::test(Predictor& predictor) {
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
void TrainingRun::fill_tensors(const TensorMap& saved) {
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
void TrainingRun::share(TensorMap& tensors) {
  for (auto& [name, tensor] : tensors) broadcast(processes_, std::span(tensor.raw(), tensor.bytes()));
}

void TrainingRun::announce() {
  const std::vector<std::string> lines = lines_of({.network = network_,
                                                   .train_images = train_->count(),
                                                   .test_images = test_->count(),
                                                   .report = step_->report(),
                                                   .step_bytes = step_->memory_bytes(threads_.size()),
                                                   .threads = threads_.size(),
                                                   .memory_limit = options_.memory,
                                                   .evaluation_bytes = evaluation_bytes_,
                                                   .processes = processes_.size(),
                                                   .shards = recipe_.shards,
                                                   .shard_images = recipe_.batch / recipe_.shards});
  for (const std::string& line : lines) progress_.say(line);
  if (options_.resume) progress_.say(fmt::format("resuming at epoch {}, step {}", state_.epoch + 1, state_.step));
}

TrainResult TrainingRun::run() {
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

TrainResult train(Recipe recipe, const TrainOptions& options) { return TrainingRun(std::move(recipe), options).run(); }

}  // namespace fovea
