// SPDX-License-Identifier: Apache-2.0
// fovea export MODEL -o FILE: a network as a file that other programs read.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "app/command.h"
#include "app/inference_model.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/random.h"
#include "fovea/core/text.h"
#include "fovea/graph/rewrite/dequantize.h"
#include "fovea/inference/session.h"
#include "fovea/interchange/labels.h"
#include "fovea/interchange/onnx/write.h"
#include "fovea/interchange/tflite/write.h"
#include "fovea/models/match.h"
#include "fovea/train/checkpoint.h"
#include "fovea/train/run.h"
#include "fovea/train/run_lock.h"

namespace fovea {
namespace {

struct ExportOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, output, labels;
  int64_t batch = 1;
  bool probabilities = false;
};

InferenceModel opened(const ExportOptions& options) {
  return open_inference_model(options.model, {.weights = options.weights,
                                              .seed = options.common.seed,
                                              .form = options.form,
                                              .batch = options.batch,
                                              .output = options.probabilities ? Output::probabilities : Output::logits});
}

// The network's tensors as the world publishes them.
std::string export_weights(const ExportOptions& options) {
  if (is_model_file(options.model))
    refuse("{} is a graph; .safetensors are the weights of a network by its name", options.model);
  const TrainedModel model = open_model(options.model, options.weights, options.common.seed, options.form);
  write_weights(options.output, model.network, model.tensors);
  return model.network.name;
}

template <typename Write>
std::string export_graph(const ExportOptions& options, Write write) {
  const InferenceModel model = opened(options);
  if (std::ranges::any_of(model.graph.nodes(), [](const Graph::Node& node) { return node.op == "fake_quantize"; })) {
    refuse("{} was trained for integers; fovea quantize {} --calibrate SPEC -o {} writes them", options.model, options.model,
           options.output);
  }
  write(options.output, model);
  return model.name;
}

// The largest difference of two networks' answers to one noisy image, against the largest answer.
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

// The file's weights in the network of ours that it is.
TrainedModel matched_model(const ExportOptions& options) {
  const InferenceModel file = dequantized(opened(options));
  const std::optional<MatchedNetwork> found = recognized(file);
  if (!found) fail("{} is none of the networks of fovea models; it stays a file", options.model);
  TrainedModel model{.tensors = found->tensors, .labels = file.labels, .recipe = default_recipe(found->model)};
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
    if (found->options.input[0] != found->options.input[1]) fail("{} reads images that are not square", options.model);
    recipe.size = found->options.input[0];
  }
  model.network = network_of(recipe);
  const bool softmax = std::ranges::any_of(file.graph.nodes(), [](const Graph::Node& node) { return node.op == "softmax"; });
  Traced traced = trace_inference(model.network, 1, softmax ? Output::probabilities : Output::logits);
  const InferenceModel ours{.name = model.network.name, .graph = std::move(traced.graph), .tensors = model.tensors};
  if (const double error = difference(file, ours); error > 1e-3)
    fail("{} has the layers of {} and gives other answers (by {:.3g}); it stays a file", options.model, found->model, error);
  return model;
}

void export_run(const ExportOptions& options) {
  TrainedModel model = matched_model(options);
  if (!options.labels.empty()) model.labels = read_labels(options.labels);
  if (!model.labels.empty() && std::ssize(model.labels) != model.network.classes)
    fail("{} names for {} classes", model.labels.size(), model.network.classes);
  const std::filesystem::path folder = options.output;
  make_folder(folder);
  const RunLock lock(folder);
  if (has_checkpoint(folder)) refuse("{} holds a run in training; give another folder", options.output);
  write_text(folder / "recipe.toml", to_toml(model.recipe));
  if (!model.labels.empty()) write_labels(folder / "labels.txt", model.labels);
  write_weights(folder / "model.safetensors", model.network, model.tensors);
  print_text(options.common, fmt::format("{}: {}, {} classes, images {}\n", options.output, model.network.name,
                                         model.network.classes, to_string(model.network.input)));
  if (options.common.json) print_json({{"model", model.network.name}, {"folder", options.output}});
}

void export_model(const ExportOptions& options) {
  const std::string ending = std::filesystem::path(options.output).extension().string();
  const bool file = ending == ".tflite" || ending == ".onnx" || ending == ".safetensors";
  if (!file && is_model_file(options.model)) return export_run(options);
  std::string name;
  if (ending == ".safetensors") {
    name = export_weights(options);
  } else if (ending == ".tflite") {
    name = export_graph(options, write_tflite);
  } else if (ending == ".onnx") {
    name = export_graph(options, write_onnx);
  } else {
    refuse("{}: a file's name ends in .tflite, .onnx or .safetensors", options.output);
  }
  warn_if_untrained(options.model, options.weights);
  std::error_code unknown;  // a pipe keeps nothing whose size could be told
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(options.output, unknown));
  print_text(options.common, fmt::format("{}: {}{}\n", options.output, name, unknown ? "" : ", " + bytes_text(bytes)));
  nlohmann::ordered_json json = {{"model", name}, {"file", options.output}};
  if (!unknown) json["bytes"] = bytes;
  if (options.common.json) print_json(json);
}

}  // namespace

Command export_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("export", "a network as a file that other programs read");
  auto options = std::make_shared<ExportOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name with --weights")
      ->required();
  app->add_option("-o,--output", options->output,
                  "NAME.tflite, NAME.onnx, NAME.safetensors for the weights alone; or a folder: the weights of a .tflite or "
                  ".onnx file as a run of ours, to be tested and trained on")
      ->required();
  app->add_option("--labels", options->labels, "of a run's folder: a file with the name of class i on line i (the file's own)");
  app->add_option("--weights", options->weights, "a .safetensors file");
  app->add_option("--batch", options->batch, "images it reads at once")->check(between(1, 1 << 16))->capture_default_str();
  app->add_flag("--probabilities", options->probabilities, "ends in a softmax of the logits");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { export_model(*options); }};
}

}  // namespace fovea
