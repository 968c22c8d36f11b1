// fovea compile MODEL --target TRIPLE -o OUT: a network as code for a device.
#include <fmt/format.h>

#include <filesystem>

#include "app/command.h"
#include "app/inference_model.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/deploy/c_header.h"

namespace fovea {
namespace {

struct CompileCommandOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, target, cpu, output;
};

void write_object(const DeployedNetwork& network, const InferenceModel& model, const std::filesystem::path& output) {
  std::filesystem::path header = output;
  header.replace_extension(".h");
  write_text(output, network.object);
  write_text(header, c_header(network, model));
}

void compile_model(const CompileCommandOptions& options) {
  const std::filesystem::path output = options.output;
  if (output.extension() != ".o") refuse("{}: an object's name ends in .o", options.output);
  const InferenceModel model =
      open_inference_model(options.model, {.weights = options.weights, .seed = options.common.seed, .form = options.form});
  const DeployedNetwork network = compile_ahead_of_time(model.graph, model.tensors,
                                                        {.name = c_identifier(output.stem().string()),
                                                         .triple = options.target,
                                                         .cpu = options.cpu,
                                                         .threads = options.common.thread_count()});
  write_object(network, model, output);
  print_text(options.common, fmt::format("{}: {} for {} ({}), {} kernels, {} of weights, {} of working memory\n",
                                         options.output, model.name, network.triple, network.cpu, network.kernels,
                                         bytes_text(network.weight_bytes), bytes_text(network.arena_bytes)));
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
  CLI::App* app = program.add_subcommand("compile", "a network as code for a device");
  auto options = std::make_shared<CompileCommandOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, or a network's name")->required();
  app->add_option("--target", options->target, "LLVM's triple, e.g. aarch64-linux-gnu, armv7-linux-gnueabihf, wasm32")
      ->required();
  app->add_option("--cpu", options->cpu, "the processor, by LLVM's name, e.g. cortex-a76 (the least of its kind)");
  app->add_option("-o,--output", options->output, "NAME.o: an object, and NAME.h beside it")->required();
  app->add_option("--weights", options->weights, "a .safetensors file");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { compile_model(*options); }};
}

}  // namespace fovea
