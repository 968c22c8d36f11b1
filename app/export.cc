// fovea export MODEL -o FILE: a network as a file that other programs read.
#include <fmt/format.h>

#include <filesystem>

#include "app/command.h"
#include "app/inference_model.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/core/text.h"
#include "fovea/onnx/write.h"
#include "fovea/tflite/write.h"
#include "fovea/train/run.h"

namespace fovea {
namespace {

struct ExportOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, output;
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
  write(options.output, model);
  return model.name;
}

void export_model(const ExportOptions& options) {
  const std::string ending = std::filesystem::path(options.output).extension().string();
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
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(options.output));
  print_text(options.common, fmt::format("{}: {}, {}\n", options.output, name, bytes_text(bytes)));
  if (options.common.json) print_json({{"model", name}, {"file", options.output}, {"bytes", bytes}});
}

}  // namespace

Command export_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("export", "a network as a file that other programs read");
  auto options = std::make_shared<ExportOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name with --weights")
      ->required();
  app->add_option("-o,--output", options->output, "NAME.tflite, NAME.onnx, or NAME.safetensors for the weights alone")
      ->required();
  app->add_option("--weights", options->weights, "a .safetensors file");
  app->add_option("--batch", options->batch, "images it reads at once")->check(between(1, 1 << 16))->capture_default_str();
  app->add_flag("--probabilities", options->probabilities, "ends in a softmax of the logits");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { export_model(*options); }};
}

}  // namespace fovea
