// SPDX-License-Identifier: Apache-2.0
// fovea train MODEL --data SPEC: from a recipe to a run.
#include <fmt/format.h>

#include <algorithm>

#include "app/command.h"
#include "app/evaluation.h"
#include "fovea/core/error.h"
#include "fovea/models/registry.h"
#include "fovea/train/checkpoint.h"
#include "fovea/train/recipe.h"
#include "fovea/train/trainer.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

struct TrainCommandOptions {
  CommonOptions common;
  std::string model, recipe, data, out, optimizer, schedule, weights, dtype, orientation;
  std::vector<std::string> settings, freeze;
  int64_t epochs = 0, batch = 0;
  double rate = 0;
  int64_t memory = 0;
  int workers = 0;
  bool resume = false, overwrite = false, quantize_aware = false;
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
    refuse("{} is a file; fovea export {} -o RUN makes a run of it, whose weights train takes by --weights", model, model);
  if (std::filesystem::is_directory(model))
    refuse("{} is a folder; fovea train NAME --weights {} trains on from a run", model, model);
}

// Sets the recipe file and the options of the command line in `recipe`. `model` is the name of its network.
void apply_options(Recipe& recipe, const std::string& model, const TrainCommandOptions& options) {
  if (!options.recipe.empty()) recipe = read_recipe(options.recipe, recipe);
  if (options.quantize_aware && !options.resume) fine_tune_for_integers(recipe);
  recipe.model = model;
  if (!options.data.empty()) recipe.data = options.data;
  if (options.epochs > 0) recipe.epochs = options.epochs;
  if (options.batch > 0) recipe.batch = options.batch;
  if (options.rate > 0) recipe.rate = options.rate;
  if (!options.optimizer.empty()) apply_setting(recipe, "optimizer.name=" + options.optimizer);
  if (!options.schedule.empty()) apply_setting(recipe, "rate.schedule=" + options.schedule);
  if (!options.dtype.empty()) apply_setting(recipe, "dtype=" + options.dtype);
  if (!options.orientation.empty()) apply_setting(recipe, "input.orientation=" + options.orientation);
  if (!options.weights.empty()) recipe.weights = options.weights;
  if (!options.freeze.empty()) recipe.freeze = options.freeze;
  if (options.common.seed_option->count() > 0) recipe.seed = options.common.seed;
  for (const std::string& setting : options.settings) apply_setting(recipe, setting);
}

// The name of the network that is asked for; empty when there is none.
std::string model_of(const TrainCommandOptions& options) {
  std::string model = options.model;
  if (model.empty() && !options.recipe.empty()) model = read_recipe(options.recipe).model;
  if (model.empty()) return model;
  check_model(model);
  return make_model(model).name;
}

// The model's defaults, then the file, then the command line, each of which overrides the one before.
Recipe recipe_of(const TrainCommandOptions& options) {
  const std::string model = model_of(options);
  if (model.empty() && !options.recipe.empty())
    refuse("{} names no model; give one: fovea train MODEL --recipe {}", options.recipe, options.recipe);
  if (model.empty()) refuse("which network? fovea train MODEL --data SPEC, or --recipe FILE.toml");
  Recipe recipe = default_recipe(model);
  apply_options(recipe, model, options);
  if (recipe.data.empty()) refuse("train on what? --data SPEC, e.g. mnist:DIR, cifar10:DIR or digits (see fovea data --help)");
  return recipe;
}

// Whether these are two spellings of one place, e.g. images:pets and images:./pets/.
bool same_place(const std::string& a, const std::string& b) {
  const size_t colon = a.find(':') + 1;  // 0: no kind
  if (a.substr(0, colon) != b.substr(0, colon)) return false;
  std::error_code error;
  return std::filesystem::equivalent(a.substr(colon), b.substr(colon), error) && !error;
}

// The same options may be given again. A key is a change if the run's recipe differs both from the command line alone and from
// the run's recipe with the command line applied.
void refuse_changes(const TrainCommandOptions& options, const Recipe& saved) {
  const std::string asked = model_of(options);
  TrainCommandOptions anew = options;
  anew.resume = false;
  const std::string model = asked.empty() ? saved.model : asked;
  Recipe alone = default_recipe(model), over = saved;
  apply_options(alone, model, anew);
  apply_options(over, model, options);
  over.quantize_aware |= options.quantize_aware;
  shorten_warmups(alone);
  shorten_warmups(over);
  const std::vector<RecipeChange> real = changes_between(saved, alone);
  std::string differing;
  for (const RecipeChange& change : changes_between(saved, over)) {
    if (std::ranges::find(real, change.key, &RecipeChange::key) == real.end()) continue;
    if (change.key == "data" && same_place(saved.data, over.data)) continue;
    if (change.key == "weights" && same_place(saved.weights, over.weights)) continue;
    differing += fmt::format("{}{} is {}, {} was asked for", differing.empty() ? "" : "; ", change.key, change.from, change.to);
  }
  if (!differing.empty()) refuse("a resumed run keeps the recipe it was started with: {}", differing);
}

void run_training(const TrainCommandOptions& options) {
  if (options.resume && options.overwrite) refuse("--resume goes on with a run and --overwrite replaces it: choose one");
  Recipe recipe;
  std::string folder = options.out;
  if (options.resume) {
    const std::string model = model_of(options);
    if (folder.empty() && model.empty()) refuse("resume which run? fovea train --resume --out DIR");
    if (folder.empty()) folder = "runs/" + model;
    if (has_checkpoint(folder)) {  // otherwise train() says so
      const std::string state = (std::filesystem::path(folder) / "state.json").string();
      refuse_changes(options, parse_recipe(saved_recipe(folder), state));
    }
  } else {
    recipe = recipe_of(options);
    if (folder.empty()) folder = "runs/" + recipe.model;
  }
  const TrainResult result = train(recipe, {.folder = folder,
                                            .threads = options.common.threads,
                                            .resume = options.resume,
                                            .overwrite = options.overwrite,
                                            .workers = options.workers,
                                            .memory = options.memory});
  print_text(options.common, fmt::format("{}; run in {}\n", evaluation_text(result.evaluation), folder));
  if (!options.common.json) return;
  nlohmann::ordered_json json = evaluation_json(result.evaluation);
  json["epochs"] = result.epochs;
  json["seconds"] = result.seconds;
  json["images_per_second"] = result.images_per_second;
  json["run"] = folder;
  print_json(json);
}

}  // namespace

Command train_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("train", "train a network; Ctrl-C saves first, --resume goes on");
  auto options = std::make_shared<TrainCommandOptions>();
  app->add_option("MODEL", options->model, "a network's name (see fovea models)");
  app->add_option("--data", options->data, "kind:path, e.g. mnist:DIR, cifar10:DIR, images:DIR, digits");
  app->add_option("--recipe", options->recipe, "a recipe in TOML, over the model's own");
  app->add_option("--epochs", options->epochs, "times through the data")->check(between(1, 1000000));
  app->add_option("--batch", options->batch, "images a step")->check(between(1, 1 << 20));
  app->add_option("--rate", options->rate, "learning rate after the warm-up")->check(above_zero());
  app->add_option("--dtype", options->dtype, "of activations and products: f32 or bf16; parameters and sums stay f32");
  app->add_option("--optimizer", options->optimizer, "sgd, adam, adamw, rmsprop, lars or muon");
  app->add_option("--schedule", options->schedule, "constant, step, exponential, inverse, cosine, linear or polynomial");
  add_orientation_option(*app, options->orientation, "exif, or the recipe's");
  app->add_option("--set", options->settings, "any key of the recipe: KEY=VALUE, e.g. optimizer.momentum=0.8")
      ->allow_extra_args(false);
  app->add_option("--weights", options->weights, "start from these weights (.safetensors), with a new head for other classes");
  app->add_option("--freeze", options->freeze, "parameters that stay as they are: a pattern of their names, e.g. 'layer1.*'")
      ->allow_extra_args(false);
  app->add_flag("--quantize-aware", options->quantize_aware,
                "fine-tune --weights (a file, or the folder of a run) for 8-bit integers; see docs/quantization.md");
  app->add_option("--out", options->out, "the run's folder (runs/MODEL)");
  app->add_flag("--resume", options->resume, "go on from the run's last checkpoint");
  app->add_flag("--overwrite", options->overwrite, "replace a run that is in the folder already");
  app->add_option("--workers", options->workers,
                  "threads that make batches beside those that compute; does not change any result")
      ->check(between(1, 1024));
  add_memory_option(*app, options->memory);
  add_common_options(*app, options->common);
  return {app, [options] { run_training(*options); }};
}

}  // namespace fovea
