// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/run_folder.h"

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/interchange/labels.h"
#include "fovea/train/report.h"
#include "fovea/train/run.h"
#include "fovea/train/training_data.h"

namespace fovea {
namespace {

void check_folder(const TrainOptions& options) {
  if (options.resume) {
    if (!has_checkpoint(options.folder)) refuse("{} holds no checkpoint to resume from", options.folder.string());
  } else if (!options.overwrite) {
    refuse_replacing(options.folder);
  }
}

}  // namespace

RunFolder::RunFolder(const TrainOptions& options, bool own) : path_(options.folder) {
  if (!own) return;
  check_folder(options);
  make_folder(path_);
  lock_ = std::make_unique<RunLock>(path_);
  check_folder(options);  // again, because the last holder of the lock may have left a run
}

void RunFolder::say_if_edited(const std::string& saved, Progress& progress) const {
  if (!lock_) return;
  const std::filesystem::path file = path_ / "recipe.toml";
  std::string what;
  try {
    const Recipe now = read_recipe(file), then = parse_recipe(saved, "state.json");
    for (const RecipeChange& change : changes_between(then, now))
      what += fmt::format("{}{} was {} and is {} there", what.empty() ? "" : ", ", change.key, change.from, change.to);
  } catch (const Error& error) {
    what = error.what();
  }
  if (!what.empty())
    progress.say(fmt::format("{} was edited, and the run keeps what it was started with: {}", file.string(), what));
}

void RunFolder::check_classes(const std::vector<std::string>& names, const std::string& data) const {
  if (!lock_) return;
  const std::filesystem::path path = path_ / "labels.txt";
  if (std::filesystem::exists(path) && read_labels(path, LabelNumbers::keep) != names)
    fail("{} is of other classes than {} has now: {} names them", name(), data, path.string());
}

void RunFolder::begin(const Recipe& recipe, const std::vector<std::string>& class_names, const PictureSplit* split) {
  if (!lock_) return;
  remove_run(path_);
  write_recipe(recipe);
  write_labels(path_ / "labels.txt", class_names);
  if (split != nullptr) write_text(path_ / split_list, split_text(*split));
}

void RunFolder::write_recipe(const Recipe& recipe) {
  if (lock_) write_text(path_ / "recipe.toml", to_toml(recipe));
}

void RunFolder::open_log(const TrainingState& state) {
  log_.reset();  // it is open only once
  if (lock_) log_ = std::make_unique<TrainingLog>(path_, state.epoch, state.step, state.batch == 0);
}

void RunFolder::save(const Checkpoint& checkpoint, int64_t keep) {
  if (lock_) save_checkpoint(path_, checkpoint, keep);
}

void RunFolder::write_step(int64_t step, double loss) {
  if (log_) log_->write_step(step, loss);
}

void RunFolder::write(const EpochEntry& entry) {
  if (log_) log_->write(entry);
}

void RunFolder::save_network(const char* file, const Network& network, const TensorMap& tensors) {
  if (lock_) write_weights(path_ / file, network, network_tensors(network, tensors));
}

void RunFolder::write_charts(const std::string& model, const Metrics& evaluation, const std::vector<std::string>& class_names) {
  if (lock_) write_report(path_, model, evaluation, class_names);
}

void RunFolder::forget_confidence() {
  if (lock_) write_confidence(path_, {});
}

}  // namespace fovea
