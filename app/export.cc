// fovea export MODEL -o FILE: a network as a file that other programs read.
#include <fmt/format.h>

#include <filesystem>

#include "app/command.h"
#include "app/inference_model.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/core/text.h"
#include "fovea/onnx/write.h"

namespace fovea {
namespace {

struct ExportOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, output;
  int64_t batch = 1;
  bool probabilities = false;
};

void export_model(const ExportOptions& options) {
  const std::filesystem::path output = options.output;
  if (output.extension() != ".onnx") refuse("{}: a file's name ends in .onnx", options.output);
  const InferenceModel model =
      open_inference_model(options.model, {.weights = options.weights,
                                           .seed = options.common.seed,
                                           .form = options.form,
                                           .batch = options.batch,
                                           .output = options.probabilities ? Output::probabilities : Output::logits});
  write_onnx(output, model);
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(output));
  print_text(options.common, fmt::format("{}: {}, {}\n", options.output, model.name, bytes_text(bytes)));
  if (options.common.json) print_json({{"model", model.name}, {"file", options.output}, {"bytes", bytes}});
}

}  // namespace

Command export_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("export", "a network as a file that other programs read");
  auto options = std::make_shared<ExportOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name with --weights")
      ->required();
  app->add_option("-o,--output", options->output, "NAME.onnx")->required();
  app->add_option("--weights", options->weights, "a .safetensors file");
  app->add_option("--batch", options->batch, "images it reads at once")->check(between(1, 1 << 16))->capture_default_str();
  app->add_flag("--probabilities", options->probabilities, "ends in a softmax of the logits");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { export_model(*options); }};
}

}  // namespace fovea
