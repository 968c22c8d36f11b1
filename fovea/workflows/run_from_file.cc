// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/run_from_file.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/random.h"
#include "fovea/graph/operators.h"
#include "fovea/inference/session.h"
#include "fovea/interchange/labels.h"
#include "fovea/models/match.h"
#include "fovea/passes/network/dequantize.h"
#include "fovea/train/checkpoint.h"
#include "fovea/train/run_lock.h"

namespace fovea {
namespace {

// The largest difference between two networks' answers to one image of noise, relative to the largest answer.
double difference(const InferenceModel& a, const InferenceModel& b) {
  ThreadPool threads(1);
  std::vector<Tensor> answers;
  for (const InferenceModel* model : {&a, &b}) {
    Session session(model->graph, model->tensors, {.inference = true});
    for (const Graph::Argument& argument : model->graph.arguments()) {
      if (argument.role != Role::input) continue;
      Random random(1, 1);
      for (float& value : session.argument(argument.name).values<float>()) value = static_cast<float>(2 * random.uniform() - 1);
    }
    session.run(threads);
    answers.push_back(session.result(model->graph.results()[0].name));
  }
  if (answers[0].size() != answers[1].size()) return 1;
  double most = 0, largest = 0;
  for (int64_t i = 0; i < answers[0].size(); ++i) {
    largest = std::max<double>(largest, std::abs(answers[0].data<float>()[i]));
    most = std::max<double>(most, std::abs(answers[0].data<float>()[i] - answers[1].data<float>()[i]));
  }
  return largest > 0 ? most / largest : 1;
}

}  // namespace

TrainedModel matched_model(const InferenceModel& given, const std::string& origin) {
  const InferenceModel file = dequantized(given);
  const std::optional<MatchedNetwork> found = recognized(file);
  if (!found) fail("{} is not one of the networks of fovea models, so it cannot become a run", origin);
  TrainedModel model{
      .tensors = found->tensors, .labels = file.labels, .recipe = default_recipe(found->model), .confidence = file.confidence};
  Recipe& recipe = model.recipe;
  recipe.model = found->model;
  recipe.classes = found->options.classes;
  recipe.width = found->options.width.value_or(0);
  if (found->options.convention) recipe.convention = *found->options.convention == Convention::torch ? "torch" : "tensorflow";
  const Preprocessing& preprocessing = file.preprocessing;
  recipe.mean.assign(preprocessing.mean.begin(), preprocessing.mean.end());
  recipe.deviation.assign(preprocessing.deviation.begin(), preprocessing.deviation.end());
  recipe.crop_resize = preprocessing.resize;
  if (preprocessing.bicubic) recipe.interpolation = "bicubic";
  recipe.orientation = preprocessing.upright ? "exif" : "stored";
  const Shape own = make_model(found->model).input;
  if (own != found->options.input) {
    if (found->options.input[0] != found->options.input[1])
      fail("{} reads images that are not square, so it cannot become a run", origin);
    recipe.size = found->options.input[0];
  }
  model.network = network_of(recipe);
  const bool softmax = std::ranges::any_of(file.graph.nodes(), [](const Graph::Node& node) { return node.is<ops::Softmax>(); });
  Traced traced = trace_inference(model.network, 1, softmax ? Output::probabilities : Output::logits);
  const InferenceModel ours{.name = model.network.name, .graph = std::move(traced.graph), .tensors = model.tensors};
  if (const double error = difference(file, ours); error > 1e-3)
    fail("{} has the layers of {}, but its results differ (by {:.3g} of the largest), so it cannot become a run", origin,
         found->model, error);
  return model;
}

void write_run(const std::filesystem::path& folder, const TrainedModel& model) {
  if (!model.labels.empty() && std::ssize(model.labels) != model.network.classes)
    fail("{} names for {} classes", model.labels.size(), model.network.classes);
  make_folder(folder);
  const RunLock lock(folder);
  if (has_checkpoint(folder)) refuse("{} holds a run that is being trained; give another folder", folder.string());
  write_text(folder / "recipe.toml", to_toml(model.recipe));
  if (!model.labels.empty()) write_labels(folder / "labels.txt", model.labels);
  write_weights(folder / "model.safetensors", model.network, model.tensors);
  write_confidence(folder, model.confidence);
}

}  // namespace fovea
