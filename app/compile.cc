// SPDX-License-Identifier: Apache-2.0
// fovea compile MODEL --target TRIPLE -o OUT: a network as code for a device.
#include <fmt/ranges.h>

#include <filesystem>

#include "app/classification.h"
#include "app/inference_model.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/deploy/c_header.h"
#include "fovea/deploy/model_header.h"
#include "fovea/deploy/program.h"
#include "fovea/interchange/labels.h"

namespace fovea {
namespace {

struct CompileCommandOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, labels, target, cpu, output;
};

enum class Product : uint8_t { object, module, program };

Product product_of(const CompileCommandOptions& options) {
  const std::string ending = std::filesystem::path(options.output).extension().string();
  if (ending == ".o") return Product::object;
  const bool wasm = options.target.starts_with("wasm");
  if (ending == ".wasm") {
    if (!wasm) refuse("{}: a module of WebAssembly is for the target wasm32, not {}", options.output, options.target);
    return Product::module;
  }
  if (wasm) refuse("{}: for {} take a module, NAME.wasm, or an object, NAME.o", options.output, options.target);
  return Product::program;
}

void write_product(Product product, const CompileCommandOptions& options, const DeployedNetwork& network,
                   const InferenceModel& model) {
  const std::filesystem::path output = options.output;
  std::filesystem::path header = output;
  switch (product) {
    case Product::object:
      write_text(output, network.object);
      write_text(header.replace_extension(".h"), c_header(network, model));
      break;
    case Product::module:
      write_module(output, network, model);
      break;
    case Product::program:
      write_program(output, network, model,
                    class_labels(model.labels, image_model_form(model).classes, model.name,
                                 options.labels.empty() ? options.model : options.labels));
  }
}

void compile_model(const CompileCommandOptions& options) {
  const Product product = product_of(options);
  InferenceModel model =
      open_inference_model(options.model, {.weights = options.weights, .seed = options.common.seed, .form = options.form});
  if (!options.labels.empty()) model.labels = read_labels(options.labels);
  if (product == Product::program) check_program(model, options.target);
  const std::string stem = std::filesystem::path(options.output).stem().string();
  const DeployedNetwork network =
      compile_ahead_of_time(model.graph, model.tensors,
                            {.name = product == Product::object ? c_identifier(stem) : program_network,
                             .triple = options.target,
                             .cpu = options.cpu,
                             .threads = options.common.thread_count()});
  if (product != Product::program && !network.needs.empty())
    refuse("{}: for processor \"{}\" the code would call {}, and an object calls nothing; compile for another processor of {}",
           options.output, network.cpu, fmt::join(network.needs, ", "), network.triple);
  write_product(product, options, network, model);
  warn_if_untrained(options.model, options.weights);
  print_text(options.common, fmt::format("{}: {} for {} ({}{}), {} kernels, {} of weights, {} of working memory\n",
                                         options.output, model.name, network.triple, network.cpu,
                                         options.cpu.empty() ? ", the least of its kind; --cpu NAME uses more" : "",
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
  CLI::App* app = program.add_subcommand("compile", "a network as code for a device");
  auto options = std::make_shared<CompileCommandOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name")->required();
  app->add_option("--target", options->target, "LLVM's triple, e.g. aarch64-linux-gnu, armv7-linux-gnueabihf, wasm32")
      ->required();
  app->add_option(
      "--cpu", options->cpu,
      "the processor, by LLVM's name, e.g. cortex-a76 or x86-64-v3 (the least of its kind); rv64gcv for riscv64 with vectors, "
      "relaxed-simd for wasm32");
  app->add_option("-o,--output", options->output,
                  "NAME.o: an object, and NAME.h beside it; NAME.wasm: a module; else: a program")
      ->required();
  app->add_option("--labels", options->labels, "a file with the name of class i on line i (the model's own)");
  app->add_option("--weights", options->weights, "a .safetensors file");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { compile_model(*options); }};
}

}  // namespace fovea
