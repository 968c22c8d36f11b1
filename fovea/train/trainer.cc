#include "fovea/train/trainer.h"

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/text.h"
#include "fovea/data/loader.h"
#include "fovea/formats/event_file.h"
#include "fovea/formats/json_lines.h"
#include "fovea/formats/labels.h"
#include "fovea/models/summary.h"
#include "fovea/train/aware_start.h"
#include "fovea/train/checkpoint.h"
#include "fovea/train/interrupt.h"
#include "fovea/train/predictor.h"
#include "fovea/train/report.h"
#include "fovea/train/run.h"
#include "fovea/train/schedule.h"
#include "fovea/train/training_step.h"
#include "fovea/train/whitening.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

// Of a sitting: the one that tells what computing again costs, when memory and caches are warm.
constexpr int64_t timed_step = 3;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Augmentation augmentation_of(const Recipe& recipe, const Preprocessing& preprocessing) {
  Augmentation augmentation = evaluation_of(preprocessing);
  if (recipe.crop == "random") augmentation.random_crop = {.least_area = recipe.crop_area};
  augmentation.policy = policy_of(recipe.policy, recipe.operations, recipe.magnitude);
  augmentation.flip = recipe.flip;
  augmentation.alternating = recipe.alternating;
  augmentation.shift = recipe.shift;
  augmentation.border = recipe.border == "reflect" ? Border::reflect : Border::zero;
  augmentation.cutout = recipe.cutout;
  augmentation.erasing = {.probability = recipe.erasing};
  augmentation.mixing = {.mixup = recipe.mixup, .cutmix = recipe.cutmix};
  augmentation.jitter = {.brightness = recipe.jitter, .contrast = recipe.jitter, .saturation = recipe.jitter};
  augmentation.lighting = recipe.lighting;
  return augmentation;
}

// A run that is in the folder already is gone on with, replaced, or left alone: as the options say.
void prepare_folder(const TrainOptions& options) {
  const std::string folder = options.folder.string();
  if (options.resume) {
    if (!has_checkpoint(options.folder)) refuse("{} holds no checkpoint to resume from", folder);
    return;
  }
  if (has_checkpoint(options.folder)) {
    if (!options.overwrite) refuse("{} holds a run already; --resume goes on with it, --overwrite starts anew", folder);
    for (const char* stale : {"state.json", "model.safetensors", "best.safetensors", "curves.svg", "confusion.svg"}) {
      std::filesystem::remove(options.folder / stale);
    }
  }
  make_folder(options.folder);
}

class Trainer {
 public:
  Trainer(Recipe recipe, const TrainOptions& options)
      : options_(options), threads_(options.threads > 0 ? options.threads : ThreadPool::available()), progress_(options.quiet) {
    prepare_folder(options);
    Checkpoint checkpoint;
    if (options.resume) {
      checkpoint = load_checkpoint(options.folder);
      recipe = Recipe();
      apply_recipe(recipe, checkpoint.recipe, (options.folder / "state.json").string());
    }
    check_recipe(recipe);
    recipe_ = std::move(recipe);
    state_ = checkpoint.state;
    open_data();
    build(checkpoint.tensors);
    if (!options.resume) {
      write_text(options_.folder / "recipe.toml", to_toml(recipe_));
      write_labels(options_.folder / "labels.txt", test_->class_names());
    }
  }

  TrainResult run();

 private:
  void open_data();
  void build(const TensorMap& saved);
  void start_from_weights();
  void announce();
  void train_epochs();
  void train_epoch(Loader& loader);
  void step(Loader& loader);
  void end_epoch(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images);
  void write_metrics(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images);
  Metrics test(Predictor& predictor) {
    return evaluate(predictor, test_, step_->batch(), threads_, progress_, views_of(recipe_.evaluate_views), &test_damage_);
  }
  void finish();
  void save();
  void save_network(const char* file, const TensorMap& tensors);
  void stop_if_asked(const InterruptGuard& guard);
  bool stopped_early() const { return recipe_.patience > 0 && state_.epoch - state_.best_epoch >= recipe_.patience; }
  bool finished() const { return state_.epoch >= recipe_.epochs || stopped_early(); }
  bool test_is_due() const { return (state_.epoch + 1) % recipe_.evaluate_every == 0 || state_.epoch + 1 == recipe_.epochs; }
  int64_t steps_per_epoch() const { return train_->count() / recipe_.batch; }
  double mean_loss() const { return state_.images > 0 ? state_.loss_sum / static_cast<double>(state_.images) : 0; }
  double accuracy() const {
    return state_.images > 0 ? static_cast<double>(state_.correct) / static_cast<double>(state_.images) : 0;
  }

  TrainOptions options_;
  Recipe recipe_;
  ThreadPool threads_;
  Progress progress_;
  TrainingState state_;
  Network network_;
  std::shared_ptr<const Dataset> train_, test_;
  TensorMap tensors_;  // parameters, running statistics and the optimiser's state, shared with the programs
  std::unique_ptr<TrainingStep> step_;
  std::unique_ptr<Predictor> predictor_;
  std::optional<Metrics> evaluation_;  // of the network as it is now
  std::unique_ptr<JsonLines> lines_;
  std::unique_ptr<EventFile> events_;
  DamageReport damage_, test_damage_;
  InterruptGuard guard_;
  Clock::time_point saved_at_ = Clock::now();
  int64_t steps_here_ = 0;   // in this sitting
  double step_seconds_ = 0;  // of this sitting
  int64_t step_images_ = 0;
};

void Trainer::open_data() {
  const DatasetOptions options = {.seed = static_cast<uint64_t>(recipe_.seed)};
  train_ = open_dataset(recipe_.data, Split::train, options);
  test_ = open_dataset(recipe_.data, Split::test, options);
  for (const auto& dataset : {train_, test_}) {
    if (!dataset->remark().empty()) progress_.say(dataset->remark());
  }
  if (recipe_.classes == 0) recipe_.classes = static_cast<int64_t>(train_->class_names().size());
  if (train_->encoded() && recipe_.mean.empty()) {  // ImageNet's, of red, green and blue
    recipe_.mean = {0.485, 0.456, 0.406};
    recipe_.deviation = {0.229, 0.224, 0.225};
  }
  network_ = network_of(recipe_);
  recipe_.model = network_.name;
  check_fits(network_, *train_);
  check_fits(network_, *test_);
  if (recipe_.batch > train_->count()) {
    refuse("a batch of {} is more than the {} training images", recipe_.batch, train_->count());
  }
  if (state_.epoch > recipe_.epochs || state_.batch > steps_per_epoch() ||
      state_.step != state_.epoch * steps_per_epoch() + state_.batch) {
    fail("the checkpoint in {} is of step {}, epoch {}, batch {}: not a moment of its recipe on {} images",
         options_.folder.string(), state_.step, state_.epoch, state_.batch, train_->count());
  }
}

void Trainer::build(const TensorMap& saved) {
  step_ = std::make_unique<TrainingStep>(network_, recipe_);
  for (const ParameterSpec& spec : step_->tensors()) {
    const auto found = saved.find(spec.name);
    if (options_.resume && found == saved.end()) {
      fail("the checkpoint in {} lacks tensor \"{}\"", options_.folder.string(), spec.name);
    }
    tensors_[spec.name] = options_.resume ? found->second : initial_value(spec, static_cast<uint64_t>(recipe_.seed));
  }
  if (!options_.resume) {
    if (!recipe_.weights.empty()) {
      start_from_weights();
    } else if (!recipe_.whitening.empty()) {
      const auto filter = tensors_.find(recipe_.whitening);
      if (filter == tensors_.end()) refuse("network.whitening: {} has no \"{}\"", network_.name, recipe_.whitening);
      filter->second = whitening_filters(*train_, network_.preprocessing, filter->second.shape());
    }
    // Averages start from what they are averages of.
    for (auto& [name, tensor] : tensors_) {
      if (name.starts_with(average_prefix)) tensor = tensors_.at(name.substr(average_prefix.size())).clone();
    }
  }
  step_->compile(tensors_, {.threads = threads_.size(), .memory = options_.memory, .dtype = dtype_named(recipe_.dtype)});
  predictor_ = std::make_unique<Predictor>(network_, averaged(tensors_));
}

void Trainer::start_from_weights() {
  if (recipe_.quantize_aware) {
    for (const auto& [name, tensor] : aware_start(recipe_, train_, threads_, progress_)) tensors_.at(name) = tensor;
    return;
  }
  const LoadedWeights loaded = read_weights(network_, recipe_.weights, HeadRule::start_anew);
  for (const auto& [name, tensor] : loaded.tensors) tensors_[name] = tensor;
  progress_.say(loaded.remark.empty() ? fmt::format("starting from {}", recipe_.weights) : loaded.remark);
}

void Trainer::announce() {
  const CompileReport report = step_->report();
  progress_.say(fmt::format("{}: {} parameters; {} training and {} test images of {} classes", network_.name,
                            with_separators(summarize(network_).parameters), with_separators(train_->count()),
                            with_separators(test_->count()), network_.classes));
  progress_.say(fmt::format("training step: {} kernels, {} from the cache, ready in {:.2f} s; {} of memory, {} thread{}",
                            report.kernels, report.from_cache, report.seconds, bytes_text(step_->memory_bytes(threads_.size())),
                            threads_.size(), threads_.size() == 1 ? "" : "s"));
  if (report.memory.repeated > 0) progress_.say(recomputation_text(report.memory));
  if (options_.resume) progress_.say(fmt::format("resuming at epoch {}, step {}", state_.epoch + 1, state_.step));
}

void Trainer::step(Loader& loader) {
  const bool timed = ++steps_here_ == timed_step && step_->report().memory.repeated > 0;
  const TrainingStep::Result result = step_->run(loader, state_.step, steps_per_epoch(), threads_, timed);
  if (timed) progress_.say(recomputation_text(result.repeated_seconds, result.seconds));
  damage_.report(result.damaged, progress_);
  state_.loss_sum += result.loss_sum;
  state_.correct += result.correct;
  state_.images += result.images;
  step_images_ += result.images;
  ++state_.step;
  ++state_.batch;
}

void Trainer::save() {
  save_checkpoint(options_.folder, {state_, to_toml(recipe_), tensors_}, recipe_.checkpoint_keep);
  saved_at_ = Clock::now();
}

void Trainer::save_network(const char* file, const TensorMap& tensors) {
  write_weights(options_.folder / file, network_, network_tensors(network_, tensors));
}

void Trainer::stop_if_asked(const InterruptGuard& guard) {
  if (guard.signal() == 0) return;
  save();
  throw Error(130, fmt::format("interrupted by {} at step {}; go on with: fovea train --resume --out {}",
                               guard.signal() == SIGINT ? "Ctrl-C" : "SIGTERM", state_.step, options_.folder.string()));
}

void Trainer::train_epoch(Loader& loader) {
  progress_.start(fmt::format("epoch {}/{}", state_.epoch + 1, recipe_.epochs), steps_per_epoch() * recipe_.batch,
                  state_.images);
  while (state_.batch < steps_per_epoch()) {
    const Clock::time_point start = Clock::now();
    step(loader);
    const double spent = seconds_since(start);
    state_.seconds += spent;
    step_seconds_ += spent;
    progress_.update(state_.images, fmt::format("loss {:.4f}  accuracy {:.2f}%", mean_loss(), 100 * accuracy()));
    const bool steps_due = recipe_.checkpoint_steps > 0 && state_.step % recipe_.checkpoint_steps == 0;
    const bool time_due = recipe_.checkpoint_seconds > 0 && seconds_since(saved_at_) >= recipe_.checkpoint_seconds;
    stop_if_asked(guard_);
    if (steps_due || time_due) save();
  }
  // What is left of the epoch does not make a whole step.
  if (steps_per_epoch() * recipe_.accumulate < loader.batches_per_epoch()) loader.seek(state_.epoch + 1, 0);
}

void Trainer::write_metrics(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images) {
  const double rate = rate_at(recipe_, state_.step - 1, steps_per_epoch());
  const double speed = epoch_seconds > 0 ? static_cast<double>(epoch_images) / epoch_seconds : 0;
  nlohmann::ordered_json line = {
      {"epoch", state_.epoch + 1}, {"step", state_.step}, {"rate", rate}, {"loss", mean_loss()}, {"accuracy", accuracy()}};
  std::vector<std::pair<std::string, double>> scalars = {
      {"train/loss", mean_loss()}, {"train/accuracy", accuracy()}, {"rate", rate}};
  std::string tested;
  if (evaluation) {
    line.update({{"test_loss", evaluation->loss()}, {"top1", evaluation->top1()}, {"top5", evaluation->top5()}});
    scalars.insert(scalars.end(),
                   {{"test/loss", evaluation->loss()}, {"test/top1", evaluation->top1()}, {"test/top5", evaluation->top5()}});
    tested = fmt::format("test loss {:.4f}  top-1 {:.2f}%  ", evaluation->loss(), 100 * evaluation->top1());
  }
  if (train_->encoded()) line.update({{"damaged", damage_.images()}, {"damaged_test", test_damage_.images()}});
  line.update({{"images_per_second", speed}, {"epoch_seconds", epoch_seconds}, {"seconds", state_.seconds}});
  lines_->write(line);
  events_->write(state_.step, scalars);
  progress_.finish(fmt::format("epoch {}/{}  loss {:.4f}  accuracy {:.2f}%  {}{:.0f} images/s  {}", state_.epoch + 1,
                               recipe_.epochs, mean_loss(), 100 * accuracy(), tested, speed, duration_text(epoch_seconds)));
}

void Trainer::end_epoch(const std::optional<Metrics>& evaluation, double epoch_seconds, int64_t epoch_images) {
  if (evaluation && evaluation->top1() > state_.best_top1) {
    state_.best_top1 = evaluation->top1();
    state_.best_epoch = state_.epoch + 1;
    if (recipe_.checkpoint_best) save_network("best.safetensors", averaged(tensors_));
  }
  write_metrics(evaluation, epoch_seconds, epoch_images);
  ++state_.epoch;
  state_.batch = state_.images = state_.correct = 0;
  state_.loss_sum = 0;
  save();
  if (stopped_early()) {
    progress_.say(fmt::format("stopped: no better top-1 than {:.2f}% of epoch {} in {} epochs", 100 * state_.best_top1,
                              state_.best_epoch, recipe_.patience));
  }
}

void Trainer::train_epochs() {
  Loader loader(train_, {.batch = step_->batch(),
                         .shuffle = true,
                         .drop_last = true,
                         .seed = static_cast<uint64_t>(recipe_.seed),
                         .shape = image_shape(network_),
                         .augmentation = augmentation_of(recipe_, network_.preprocessing),
                         .first_epoch = state_.epoch,
                         .first_batch = state_.batch * recipe_.accumulate,
                         .prefetch = train_->encoded() ? 2 : 3,
                         .workers = options_.workers > 0 ? options_.workers
                                    : train_->encoded()  ? threads_.size()
                                                         : 1});
  while (!finished()) {
    const double seconds_before = step_seconds_;
    const int64_t images_before = step_images_;
    train_epoch(loader);
    const Clock::time_point start = Clock::now();
    evaluation_.reset();
    if (test_is_due()) evaluation_ = test(*predictor_);
    state_.seconds += seconds_since(start);
    end_epoch(evaluation_, step_seconds_ - seconds_before, step_images_ - images_before);
    if (!finished()) stop_if_asked(guard_);
  }
}

// Leaves model.safetensors, and what it does on the test split in `evaluation_`.
void Trainer::finish() {
  if (recipe_.checkpoint_model == "best" && state_.best_epoch > 0) {
    const TensorMap best = read_weights(network_, options_.folder / "best.safetensors").tensors;
    Predictor predictor(network_, best);
    evaluation_ = test(predictor);
    save_network("model.safetensors", best);
  } else {
    if (!evaluation_) evaluation_ = test(*predictor_);  // the run had finished before, or stopped between tests
    save_network("model.safetensors", averaged(tensors_));
  }
  write_report(options_.folder, network_.name, *evaluation_, test_->class_names());
}

TrainResult Trainer::run() {
  announce();
  lines_ = std::make_unique<JsonLines>(options_.folder / "metrics.jsonl", "epoch", state_.epoch + (state_.epoch > 0));
  // The event of an epoch's end bears the step its checkpoint bears: it stays when the run goes on from there.
  events_ = std::make_unique<EventFile>(options_.folder, state_.step + (state_.step > 0 && state_.batch == 0));
  if (!finished()) train_epochs();
  finish();
  return {*evaluation_, state_.epoch, state_.seconds,
          step_seconds_ > 0 ? static_cast<double>(step_images_) / step_seconds_ : 0};
}

}  // namespace

TrainResult train(Recipe recipe, const TrainOptions& options) { return Trainer(std::move(recipe), options).run(); }

}  // namespace fovea
