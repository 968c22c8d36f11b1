// SPDX-License-Identifier: Apache-2.0
// fovea export MODEL -o FILE: writes a network as a file for other programs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "app/command.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/text.h"
#include "fovea/interchange/labels.h"
#include "fovea/train/run.h"
#include "fovea/workflows/open_model.h"
#include "fovea/workflows/run_from_file.h"
#include "fovea/workflows/write_model.h"

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

// Writes the network's tensors in the layout of published weights.
std::string export_weights(const ExportOptions& options) {
  if (is_model_file(options.model))
    refuse("{} is a file with a whole network; .safetensors holds only the weights of a run or a network of fovea models",
           options.model);
  const TrainedModel model = open_model(options.model, options.weights, options.common.seed, options.form);
  write_weights(options.output, model.network, model.tensors);
  return model.network.name;
}

std::string export_graph(const ExportOptions& options) {
  const InferenceModel model = opened(options);
  if (simulates_integers(model))
    refuse("{} was trained for integers; fovea quantize {} --calibrate SPEC -o {} writes them", options.model, options.model,
           options.output);
  write_model_file(options.output, model);
  return model.name;
}

void export_run(const ExportOptions& options) {
  TrainedModel model = matched_model(opened(options), options.model);
  if (!options.labels.empty()) model.labels = read_labels(options.labels);
  write_run(options.output, model);
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
  } else if (ending == ".tflite" || ending == ".onnx") {
    name = export_graph(options);
  } else {
    refuse("{}: a file's name ends in .tflite, .onnx or .safetensors", options.output);
  }
  warn_if_untrained(options.model, options.weights);
  std::error_code unknown;  // a pipe has no size
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(options.output, unknown));
  print_text(options.common, fmt::format("{}: {}{}\n", options.output, name, unknown ? "" : ", " + bytes_text(bytes)));
  nlohmann::ordered_json json = {{"model", name}, {"file", options.output}};
  if (!unknown) json["bytes"] = bytes;
  if (options.common.json) print_json(json);
}

}  // namespace

Command export_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("export", "write a network as a file that other programs read");
  auto options = std::make_shared<ExportOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name with --weights")
      ->required();
  app->add_option("-o,--output", options->output,
                  "NAME.tflite, NAME.onnx, NAME.safetensors for the weights alone; or a folder, which gets the weights of a "
                  ".tflite or .onnx file as a run that can be evaluated and trained")
      ->required();
  app->add_option("--labels", options->labels, "for a run's folder: a file with the name of class i on line i (the run's own)");
  app->add_option("--weights", options->weights, "a .safetensors file");
  app->add_option("--batch", options->batch, "images that the network reads at once")
      ->check(between(1, 1 << 16))
      ->capture_default_str();
  app->add_flag("--probabilities", options->probabilities, "ends in a softmax of the logits");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { export_model(*options); }};
}

}  // namespace fovea
