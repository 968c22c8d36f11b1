// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/starting_point.h"

#include <filesystem>

#include "fovea/core/error.h"
#include "fovea/interchange/pth.h"
#include "fovea/models/match.h"
#include "fovea/models/registry.h"
#include "fovea/train/run.h"
#include "fovea/workflows/open_model.h"
#include "fovea/workflows/run_from_file.h"

namespace fovea {
namespace {

// The keys that belong to weights, from the recipe that they were trained with.
Recipe network_recipe(const Recipe& trained) {
  Recipe recipe = default_recipe(trained.model);
  recipe.width = trained.width;
  recipe.convention = trained.convention;
  recipe.size = trained.size;
  recipe.orientation = trained.orientation;
  recipe.crop_resize = trained.crop_resize;
  recipe.crop_margin = trained.crop_margin;
  recipe.interpolation = trained.interpolation;
  recipe.mean = trained.mean;
  recipe.deviation = trained.deviation;
  return recipe;
}

StartingPoint point_of(TrainedModel model, const std::string& place) {
  if (model.recipe.quantize_aware)
    refuse("{} was trained for integers, with its norms folded; start from the run that it was fine-tuned from", place);
  return {.recipe = network_recipe(model.recipe),
          .weights = {.path = place, .tensors = std::move(model.tensors), .metadata = {{"format", "fovea"}}},
          .labels = std::move(model.labels)};
}

// The network is recognized by its tensors, and the preprocessing is that of its default recipe.
StartingPoint point_of_weights(const std::filesystem::path& path) {
  Safetensors contents = read_weight_file(path);
  StartingPoint point{
      .weights = {.path = path.string(), .tensors = std::move(contents.tensors), .metadata = std::move(contents.metadata)}};
  const std::string model = recognized(point.weights);
  if (model.empty())
    fail(
        "{}: {} tensors, the weights of none of the networks of fovea models; fovea train NAME --weights {} says what is "
        "missing",
        path.string(), point.weights.tensors.size(), path.string());
  point.recipe = default_recipe(model);
  if (path.filename().string().starts_with("tf_")) point.recipe.convention = "tensorflow";
  return point;
}

}  // namespace

StartingPoint starting_point(const std::string& place) {
  StartingPoint point;
  if (std::filesystem::is_directory(place)) {
    point = point_of(open_model(place, {}, 1), place);
  } else if (is_model_file(place)) {
    point = point_of(matched_model(open_inference_model(place, {}), place), place);
  } else if (std::filesystem::exists(place)) {
    point = point_of_weights(place);
  } else {
    refuse("--weights {}: neither a file, nor the folder of a run, nor the name of weights that fovea models --weights lists",
           place);
  }
  point.recipe.weights = place;
  return point;
}

StartingPoint starting_point(const RemoteWeights& weights, const std::filesystem::path& file) {
  StartingPoint point;
  if (is_model_file(file)) {
    point = starting_point(file.string());
  } else {
    Safetensors contents = read_weight_file(file);
    point.weights = {.path = file.string(), .tensors = std::move(contents.tensors), .metadata = std::move(contents.metadata)};
    Recipe& recipe = point.recipe = default_recipe(weights.model);
    if (!weights.convention.empty()) recipe.convention = weights.convention;
    if (weights.width > 0) recipe.width = weights.width;
    const Shape own = make_model(weights.model).input;
    if (weights.size > 0 && weights.size != own.front()) recipe.size = weights.size;
    if (weights.resize > 0) recipe.crop_resize = weights.resize;
    if (!weights.interpolation.empty()) recipe.interpolation = weights.interpolation;
    if (!weights.mean.empty()) {
      recipe.mean = weights.mean;
      recipe.deviation = weights.deviation;
    }
  }
  point.recipe.weights = file.string();
  return point;
}

}  // namespace fovea
