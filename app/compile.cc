// SPDX-License-Identifier: Apache-2.0
// fovea compile MODEL --target TRIPLE -o OUT: compiles a network for a device.
#include <fmt/ranges.h>

#include <filesystem>

#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/interchange/labels.h"
#include "fovea/workflows/compile_for_device.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

struct CompileCommandOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, labels, target, cpu, output;
};

// photos.tflite becomes photos, runs/photos becomes runs/photos/classify.
std::string default_output(const std::string& model) {
  if (std::filesystem::is_directory(model)) return (std::filesystem::path(model) / "classify").string();
  if (is_model_file(model)) return std::filesystem::path(model).replace_extension().string();
  refuse("-o OUT says where the code of {} goes", model);
}

void compile_model(CompileCommandOptions options) {
  if (options.output.empty()) options.output = default_output(options.model);
  InferenceModel model =
      open_inference_model(options.model, {.weights = options.weights, .seed = options.common.seed, .form = options.form});
  if (!options.labels.empty()) model.labels = read_labels(options.labels);
  const DeployedNetwork network = compile_for_device(model, options.output,
                                                     {.target = options.target,
                                                      .cpu = options.cpu,
                                                      .labels_origin = options.labels.empty() ? options.model : options.labels,
                                                      .threads = options.common.thread_count()});
  warn_if_untrained(options.model, options.weights);
  print_text(options.common, fmt::format("{}: {} for {} ({}{}), {} kernels, {} of weights, {} of working memory\n",
                                         options.output, model.name, network.triple, network.cpu,
                                         options.cpu.empty() ? ", the baseline of the target; --cpu NAME uses more" : "",
                                         network.kernels, bytes_text(network.weight_bytes), bytes_text(network.arena_bytes)));
  if (options.common.json) {
    print_json({{"output", options.output},
                {"target", network.triple},
                {"cpu", network.cpu},
                {"kernels", network.kernels},
                {"weight_bytes", network.weight_bytes},
                {"arena_bytes", network.arena_bytes}});
  }
}

}  // namespace

Command compile_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("compile", "compile a network for a device");
  auto options = std::make_shared<CompileCommandOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name")->required();
  app->add_option("--target", options->target,
                  "LLVM's triple, e.g. aarch64-linux-gnu, armv7-linux-gnueabihf, wasm32 (that of this machine)");
  app->add_option("--cpu", options->cpu,
                  "the processor, by LLVM's name, e.g. cortex-a76 or x86-64-v3 (the baseline of the target); rv64gcv for "
                  "riscv64 with vectors, "
                  "relaxed-simd for wasm32");
  app->add_option("-o,--output", options->output,
                  "NAME.o: an object, and NAME.h beside it; NAME.wasm: a module; else: a program (FILE without its ending)");
  app->add_option("--labels", options->labels, "a file with the name of class i on line i (the model's own)");
  app->add_option("--weights", options->weights, "a .safetensors file");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { compile_model(*options); }};
}

}  // namespace fovea
