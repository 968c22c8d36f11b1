// SPDX-License-Identifier: Apache-2.0
// fovea train DIR, fovea train MODEL --data SPEC: trains a network that is chosen for the images, or by a recipe.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/command.h"
#include "app/evaluation.h"
#include "app/interrupt.h"
#include "app/processes.h"
#include "app/weights.h"
#include "fovea/core/error.h"
#include "fovea/models/registry.h"
#include "fovea/train/checkpoint.h"
#include "fovea/train/recipe.h"
#include "fovea/train/trainer.h"
#include "fovea/workflows/open_model.h"
#include "fovea/workflows/training_plan.h"

namespace fovea {
namespace {

struct TrainCommandOptions {
  CommonOptions common;
  std::vector<std::string> words;  // a model's name, the data, or both
  std::string recipe, data, out, optimizer, schedule, weights, dtype, orientation, balance, teacher;
  std::vector<std::string> settings, freeze;
  int64_t epochs = -1, batch = 0;
  double rate = 0, minutes = 0;
  int64_t memory = 0;
  std::string device;
  int workers = 0;
  bool resume = false, overwrite = false, quantize_aware = false, allow_overlap = false, mixed = false;
  double stall_limit = 300;  // in seconds
  WeightsOptions published;
};

// A tenth of the epochs at a thousandth of the learning rate, which falls to 0 (Krishnamoorthi 2018, section 3.2: short, with
// small steps).
void fine_tune_for_integers(Recipe& recipe) {
  recipe.quantize_aware = true;
  recipe.epochs = std::max<int64_t>(1, recipe.epochs / 10);
  recipe.rate /= 1000;
  recipe.warmup_epochs = 0;
  recipe.schedule = "cosine";
  recipe.final_rate = 0;
  recipe.whitening.clear();
}

// Refuses what other commands accept as a model but training does not.
void check_model(const std::string& model) {
  if (is_model_file(model))
    refuse("{} is a file; fovea train DIR --weights {} fine-tunes its network on the pictures in DIR", model, model);
  if (std::filesystem::exists(std::filesystem::path(model) / "recipe.toml"))
    refuse("{} is a run; fovea train DIR --weights {} starts another from its weights, --resume --out {} continues it", model,
           model, model);
}

// Finds out which of the words is a model and which the data. A word that is the name of a network is the network.
void sort_words(const TrainCommandOptions& options, TrainingRequest& request) {
  for (const std::string& word : options.words) {
    check_model(word);
    const bool place = word.find_first_of(":/") != word.npos || word == "digits" ||
                       (std::filesystem::exists(word) &&
                        std::ranges::none_of(models(), [&](const ModelEntry& entry) { return entry.name == word; }));
    std::string& target = place ? request.data : request.model;
    if (!target.empty()) refuse("\"{}\" and \"{}\" are both a {}; give one", target, word, place ? "place of data" : "model");
    target = place ? word : make_model(word).name;
  }
  if (!options.data.empty() && !request.data.empty())
    refuse("{} and --data {} are both data; give one", request.data, options.data);
  if (!options.data.empty()) request.data = options.data;
}

// Applies the options to any recipe.
void apply_options(Recipe& recipe, const TrainCommandOptions& options) {
  if (options.quantize_aware && !options.resume) fine_tune_for_integers(recipe);
  if (options.epochs >= 0) recipe.epochs = options.epochs;
  if (options.batch > 0) recipe.batch = options.batch;
  if (options.rate > 0) recipe.rate = options.rate;
  if (!options.optimizer.empty()) apply_setting(recipe, "optimizer.name=" + options.optimizer);
  if (!options.schedule.empty()) apply_setting(recipe, "rate.schedule=" + options.schedule);
  if (!options.dtype.empty()) apply_setting(recipe, "dtype=" + options.dtype);
  if (!options.orientation.empty()) apply_setting(recipe, "input.orientation=" + options.orientation);
  if (!options.balance.empty()) apply_setting(recipe, "loss.balance=" + options.balance);
  if (!options.teacher.empty()) recipe.teacher = options.teacher;
  if (!options.freeze.empty()) recipe.freeze = options.freeze;
  if (options.common.seed_option->count() > 0) recipe.seed = options.common.seed;
  for (const std::string& setting : options.settings) apply_setting(recipe, setting);
}

TrainingRequest request_of(const TrainCommandOptions& options) {
  TrainingRequest request{.weights = options.weights,
                          .recipe_file = options.recipe,
                          .minutes = options.minutes,
                          .threads = options.common.thread_count(),
                          .quantize_aware = options.quantize_aware,
                          .changes = [&options](Recipe& recipe) { apply_options(recipe, options); }};
  sort_words(options, request);
  return request;
}

// Refuses to resume a run with options that would change it. The same options may be given again. A key counts as changed if
// the run differs in it both from what the command line gives alone and from what it gives on top of the run's recipe. Keys
// that were chosen are not on the command line.
void refuse_changes(const TrainCommandOptions& options, const TrainingRequest& request, const Recipe& saved) {
  // A recipe file that names no network goes with the network of the run.
  const bool by_file = request.model.empty() && !request.recipe_file.empty();
  const std::string asked = by_file ? make_model(read_recipe(request.recipe_file, saved).model).name : model_of(request);
  TrainCommandOptions anew = options;
  anew.resume = false;
  const bool chosen = request.model.empty() && request.recipe_file.empty();
  const auto laid_over = [&](Recipe recipe, const TrainCommandOptions& said) {
    if (!request.recipe_file.empty()) recipe = read_recipe(request.recipe_file, recipe);
    if (!asked.empty()) recipe.model = asked;
    if (!request.data.empty()) recipe.data = dataset_spec(request.data);
    if (!request.weights.empty()) recipe.weights = request.weights;
    apply_options(recipe, said);
    shorten_warmups(recipe);
    return recipe;
  };
  Recipe over = laid_over(saved, options);
  over.quantize_aware |= options.quantize_aware;
  const Recipe alone = chosen ? over : laid_over(default_recipe(asked.empty() ? saved.model : asked), anew);
  const std::vector<RecipeChange> real = changes_between(saved, alone);
  std::string differing;
  for (const RecipeChange& change : changes_between(saved, over)) {
    if (std::ranges::find(real, change.key, &RecipeChange::key) == real.end()) continue;
    if (change.key == "data" && same_data(saved.data, over.data)) continue;
    std::error_code error;
    if (change.key == "weights" && std::filesystem::equivalent(saved.weights, over.weights, error) && !error) continue;
    if (change.key == "teacher.model" && std::filesystem::equivalent(saved.teacher, over.teacher, error) && !error) continue;
    differing += fmt::format("{}{} is {}, {} was asked for", differing.empty() ? "" : "; ", change.key, change.from, change.to);
  }
  if (!differing.empty()) refuse("a resumed run keeps the recipe it was started with: {}", differing);
}

TrainingPlan planned(TrainingRequest request, const WeightsOptions& published) {
  Progress progress(false);
  const InterruptGuard guard;
  request.catalog = &catalog_of(published);
  request.places = places_of(published);
  request.fetching = fetch_events(progress, guard);
  return plan_training(request);
}

void print_result(const TrainCommandOptions& options, const TrainingPlan& plan, const TrainResult& result,
                  const std::string& folder) {
  print_text(options.common, fmt::format("{}; run in {}\n", evaluation_text(result.evaluation), folder));
  if (!plan.reasons.empty() && !options.common.json)
    print_text(options.common, fmt::format("next: fovea classify {0} PICTURE, fovea quantize {0}\n", folder));
  if (!options.common.json) return;
  nlohmann::ordered_json json = evaluation_json(result.evaluation);
  json["epochs"] = result.epochs;
  json["seconds"] = result.seconds;
  json["images_per_second"] = result.images_per_second;
  json["run"] = folder;
  print_json(json);
}

// Trains, alone or as one of several processes. The first of them decides what is done; the others learn it from that one.
void run_training(const TrainCommandOptions& options, Communicator* processes) {
  const auto start = std::chrono::steady_clock::now();
  const TrainingRequest request = request_of(options);
  const std::string folder = options.out.empty() ? default_folder(request) : options.out;
  const bool first = processes == nullptr || processes->rank() == 0;
  TrainingPlan plan;
  if (first && options.resume) {
    if (folder.empty()) refuse("there is no run to resume; name it: fovea train --resume --out DIR");
    if (has_checkpoint(folder)) {  // otherwise train() says so
      const std::string state = (std::filesystem::path(folder) / "state.json").string();
      refuse_changes(options, request, parse_recipe(saved_recipe(folder), state));
    }
  } else if (first) {
    if (!folder.empty() && !options.overwrite) refuse_replacing(folder);
    plan = planned(request, options.published);
    for (const std::string& reason : plan.reasons) fmt::print(stderr, "{}\n", reason);
  }
  const InterruptGuard guard;
  const bool shared = processes != nullptr && processes->size() > 1;
  TrainOptions how{.folder = folder,
                   .threads = options.common.threads,
                   .resume = options.resume,
                   .overwrite = options.overwrite,
                   .workers = options.workers,
                   .memory = options.memory,
                   .device = options.device,
                   .allow_overlap = options.allow_overlap,
                   .start = std::move(plan.start),
                   .new_head = plan.new_head,
                   .processes = processes,
                   .mixed = options.mixed,
                   .stop = [&guard] { return guard.signal(); }};
  if (shared) {
    how.properties = program_properties(options.device);
    if (how.threads == 0) how.threads = shared_threads();
  }
  if (options.minutes > 0) {
    const std::chrono::duration<double> limit(60 * options.minutes);
    how.limit = {.end = start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit),
                 .most_epochs = plan.most_epochs};
  }
  const TrainResult result = train(plan.recipe, how);
  if (first) print_result(options, plan, result, folder);
}

}  // namespace

Command train_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("train", "train a network on pictures; Ctrl-C saves first, --resume continues");
  auto options = std::make_shared<TrainCommandOptions>();
  app->add_option(
         "MODEL or DIR", options->words,
         "a network's name (see fovea models; chosen without one), and what is trained on: a folder of class folders, or "
         "as --data has it")
      ->expected(0, 2);
  app->add_option("--data", options->data, "a folder, or kind:path, e.g. mnist:DIR, cifar10:DIR, images:DIR, digits");
  app->add_option("--recipe", options->recipe, "a recipe in TOML, over the model's own");
  app->add_option("--minutes", options->minutes,
                  "minutes that the command may take, compiling and tests included: as many epochs as fit, if none are given")
      ->check(above_zero());
  app->add_option("--epochs", options->epochs, "passes over the data; 0: none after those of the head")
      ->check(between(0, 1000000));
  app->add_option("--batch", options->batch, "images a step")->check(between(1, 1 << 20));
  app->add_option("--rate", options->rate, "learning rate after the warm-up")->check(above_zero());
  app->add_option("--dtype", options->dtype, "of activations and products: f32 or bf16; parameters and sums stay f32");
  app->add_option("--optimizer", options->optimizer, "sgd, adam, adamw, rmsprop, lars or muon");
  app->add_option("--schedule", options->schedule, "constant, step, exponential, inverse, cosine, linear or polynomial");
  add_orientation_option(*app, options->orientation, "exif, or the recipe's");
  app->add_option("--set", options->settings, "any key of the recipe: KEY=VALUE, e.g. optimizer.momentum=0.8")
      ->allow_extra_args(false);
  app->add_option(
      "--weights", options->weights,
      "start from these: a run, a .tflite, .onnx, .pth or .safetensors file, a name of fovea models --weights, imagenet; "
      "if no network is named, it is that of the weights. Other classes get a new head");
  app->add_option("--freeze", options->freeze, "parameters that stay as they are: a pattern of their names, e.g. 'layer1.*'")
      ->allow_extra_args(false);
  app->add_flag("--quantize-aware", options->quantize_aware,
                "fine-tune --weights (a file, or the folder of a run) for 8-bit integers; see docs/quantization.md");
  app->add_flag("--balance{sampling}", options->balance,
                "make all classes equally frequent in an epoch; --balance=weights: equally heavy in the loss");
  app->add_option("--teacher", options->teacher, "a run, .onnx or .tflite file whose answers the network learns from, too");
  app->add_option("--out", options->out, "the run's folder (runs/MODEL, or runs/ and the name of DIR)");
  app->add_flag("--resume", options->resume, "continue from the run's last checkpoint");
  app->add_flag("--overwrite", options->overwrite, "replace a run that is in the folder already");
  app->add_flag("--allow-overlap", options->allow_overlap, "train although images for testing are among those for training");
  app->add_option("--workers", options->workers,
                  "threads that make batches beside those that compute; does not change any result")
      ->check(between(1, 1024));
  add_device_option(*app, options->device);
  add_weights_options(*app, options->published);
  add_memory_option(*app, options->memory);
  add_common_options(*app, options->common);
  app->add_option("--stall-limit", options->stall_limit, "of several processes: seconds that one may let others wait (300)")
      ->check(above_zero());
  app->add_flag("--mixed", options->mixed,
                "train even if the processes' programs, processors or data differ, whose results have other bits");
  return {app, [options] {
            if (options->resume && options->overwrite) refuse("--resume continues a run and --overwrite replaces it: give one");
            run_together(options->stall_limit, [&](Communicator* processes) { run_training(*options, processes); });
          }};
}

}  // namespace fovea
