// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/training_plan.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "fovea/core/error.h"
#include "fovea/inference/predictor.h"
#include "fovea/train/run.h"
#include "fovea/workflows/open_model.h"
#include "fovea/workflows/starting_point.h"
#include "fovea/workflows/training_choice.h"

namespace fovea {
namespace {

// Whether the weights are a run or a model file, both of which say which network they are.
bool names_its_network(const std::string& weights) { return is_model_file(weights) || std::filesystem::is_directory(weights); }

// Seconds for one image with the threads that train, from the fastest of three batches.
double measured_forward(const Recipe& recipe, int threads) {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t batch = 16;
  constexpr double decoding = 0.003;  // seconds for one photograph on one thread
  const Network network = real_network_of(recipe);
  Predictor predictor(network, initial_tensors(trace_inference(network, 1), 1));
  Shape shape = network.input;
  shape.insert(shape.begin(), batch);
  const Tensor images(shape, DType::f32);
  ThreadPool pool(threads);
  predictor.predict(images, pool);
  double least = 0;
  for (int i = 0; i < 3; ++i) {
    const Clock::time_point start = Clock::now();
    predictor.predict(images, pool);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    least = i == 0 ? seconds : std::min(least, seconds);
  }
  return least / static_cast<double>(batch) + decoding / threads;
}

TrainingFacts facts_for(const TrainingRequest& request, const Dataset& train, const std::optional<StartingPoint>& point) {
  TrainingFacts facts = facts_of(train);
  facts.minutes = request.minutes;
  facts.threads = request.threads;
  if (point && facts.minutes > 0) facts.forward_seconds = measured_forward(point->recipe, request.threads);
  return facts;
}

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
    if (request.changes) request.changes(recipe);
    if (recipe.data.empty())
      refuse(
          "train on what? fovea train DIR, or --data SPEC: a folder of class folders, mnist:DIR, digits (fovea data --help)");
  };
  if (chosen && !request.quantize_aware) {
    if (request.data.empty())
      refuse(
          "train on what? fovea train DIR, or --data SPEC: a folder of class folders, mnist:DIR, digits (fovea data --help)");
    train = open_dataset(request.data, Split::train);
    const TrainingFacts facts = facts_for(request, *train, point);
    TrainingChoice choice = point ? choose_fine_tuning(facts, point->recipe) : choose_training(facts);
    plan.reasons = std::move(choice.reasons);
    model = choice.recipe.model;
    finish(std::move(choice.recipe));
    plan.reasons.push_back(schedule_text(recipe, facts));
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
