// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/training_plan.h"

#include <algorithm>
#include <filesystem>

#include "fovea/core/error.h"
#include "fovea/train/run.h"
#include "fovea/workflows/open_model.h"
#include "fovea/workflows/starting_point.h"
#include "fovea/workflows/training_choice.h"

namespace fovea {
namespace {

// Whether the weights are a run or a model file, both of which say which network they are.
bool names_its_network(const std::string& weights) { return is_model_file(weights) || std::filesystem::is_directory(weights); }

// The entry of the catalog that the weights name, unless a file or folder of that name exists.
const RemoteWeights* named_weights(const TrainingRequest& request, const std::string& model) {
  if (request.weights.empty() || std::filesystem::exists(request.weights)) return nullptr;
  const WeightsCatalog& catalog = request.catalog != nullptr ? *request.catalog : built_in_weights();
  const RemoteWeights* found = find_weights(catalog, request.weights, model);
  if (found == nullptr && request.weights == "imagenet")
    refuse("no published weights of {} are known; fovea models --weights lists those that are", model);
  return found;
}

std::optional<StartingPoint> point_of(const TrainingRequest& request, const std::string& model) {
  if (request.weights.empty() || request.quantize_aware) return std::nullopt;
  if (const RemoteWeights* named = named_weights(request, model))
    return starting_point(*named, fetch_weights(*named, request.places, request.fetching).path);
  if (!model.empty() && !names_its_network(request.weights)) return std::nullopt;  // a file of tensors for the named model
  return starting_point(request.weights);
}

}  // namespace

std::string model_of(const TrainingRequest& request) {
  if (!request.model.empty()) return make_model(request.model).name;
  if (!request.recipe_file.empty()) {
    const Recipe recipe = read_recipe(request.recipe_file);
    if (!recipe.model.empty()) return make_model(recipe.model).name;
  }
  if (!request.weights.empty() && std::filesystem::is_directory(request.weights))
    return open_network(request.weights).network.name;
  if (!request.recipe_file.empty() && request.weights.empty()) {
    const std::string model = model_written_for(request.recipe_file);
    if (model.empty())
      refuse("{} names no model; give one: fovea train MODEL --recipe {}", request.recipe_file, request.recipe_file);
    return model;
  }
  return "";
}

std::string default_folder(const TrainingRequest& request) {
  const bool chosen = request.model.empty() && request.recipe_file.empty();
  if (!chosen) return "runs/" + model_of(request);
  if (request.data.empty()) return "";
  const std::string spec = dataset_spec(request.data);
  const size_t colon = spec.find(':');
  std::filesystem::path path = colon == std::string::npos ? spec : spec.substr(colon + 1);
  if (spec.starts_with("csv:")) path = std::filesystem::absolute(path).parent_path();
  if (path.empty() || spec.starts_with("digits")) path = spec.substr(0, colon);
  return "runs/" + std::filesystem::absolute(path).lexically_normal().filename().string();
}

TrainingPlan plan_training(const TrainingRequest& request) {
  TrainingPlan plan;
  std::string model = model_of(request);
  const bool chosen = request.model.empty() && request.recipe_file.empty();
  std::optional<StartingPoint> point = point_of(request, model);
  if (point && !model.empty() && point->recipe.model != model)
    refuse("{} holds the weights of {}, not of {}", request.weights, point->recipe.model, model);
  if (point) model = point->recipe.model;

  Recipe& recipe = plan.recipe;
  std::shared_ptr<const Dataset> train;  // of request.data, once it has been opened
  const auto finish = [&](Recipe base) {
    recipe = std::move(base);
    if (!request.recipe_file.empty()) recipe = read_recipe(request.recipe_file, recipe);
    if (!model.empty()) recipe.model = model;
    if (!request.data.empty()) recipe.data = dataset_spec(request.data);
    if (!request.weights.empty()) recipe.weights = point ? point->recipe.weights : request.weights;
    const int64_t epochs = recipe.epochs;
    if (request.changes) request.changes(recipe);
    // Other schedules do not end with their epochs.
    const bool ends = recipe.schedule == "cosine" || recipe.schedule == "linear" || recipe.schedule == "polynomial";
    plan.most_epochs = request.minutes > 0 && ends && recipe.epochs == epochs ? epochs : 0;
    if (recipe.data.empty())
      refuse(
          "train on what? fovea train DIR, or --data SPEC: a folder of class folders, mnist:DIR, digits (fovea data --help)");
  };
  if (chosen && !request.quantize_aware) {
    if (request.data.empty())
      refuse(
          "train on what? fovea train DIR, or --data SPEC: a folder of class folders, mnist:DIR, digits (fovea data --help)");
    train = open_dataset(request.data, Split::train);
    TrainingFacts facts = facts_of(*train);
    facts.minutes = request.minutes;
    facts.threads = request.threads;
    TrainingChoice choice = point ? choose_fine_tuning(facts, point->recipe) : choose_training(facts);
    plan.reasons = std::move(choice.reasons);
    model = choice.recipe.model;
    finish(std::move(choice.recipe));
    plan.reasons.push_back(schedule_text(recipe, plan.most_epochs > 0 ? request.minutes : 0));
  } else {
    finish(point ? point->recipe : default_recipe(model));
  }
  if (point) {
    // The names of the classes do not depend on the seed, but the request's changes may name other data.
    if (train == nullptr || recipe.data != dataset_spec(request.data))
      train = open_dataset(recipe.data, Split::train, {.seed = static_cast<uint64_t>(recipe.seed)});
    plan.new_head = !point->labels.empty() && point->labels != train->class_names();
    plan.start = std::move(point->weights);
  }
  return plan;
}

}  // namespace fovea
