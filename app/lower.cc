// SPDX-License-Identifier: Apache-2.0
// fovea lower MODEL --stage STAGE: the lowering pipeline, stage by stage.
#include "app/model_options.h"
#include "fovea/codegen/driver/compile.h"
#include "fovea/core/error.h"
#include "fovea/train/run.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

struct LowerOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, stage = "graph", kernel, target, cpu;
  int64_t batch = 1;
  bool train = false;
  std::string dtype = "f32", winograd = "auto", device;
};

struct Lowered {
  std::string name;
  Graph graph;
};

Lowered graph_of(const LowerOptions& options) {
  if (is_model_file(options.model)) {
    if (options.train) refuse("{} is for inference only; --train is for networks of fovea models", options.model);
    InferenceModel model = open_inference_model(options.model, {.form = options.form, .batch = options.batch});
    return {std::move(model.name), std::move(model.graph)};
  }
  const Network network = open_network(options.model, options.form).network;
  Traced traced = options.train ? trace_training(network, options.batch) : trace_inference(network, options.batch);
  return {network.name, std::move(traced.graph)};
}

void print_stage(const LowerOptions& options) {
  const Lowered network = graph_of(options);
  const std::string text = lower(network.graph, options.stage, options.kernel,
                                 {.device = options.device,
                                  .cpu = options.cpu,
                                  .threads = options.common.thread_count(),
                                  .inference = !options.train,
                                  .winograd = winograd_named(options.winograd),
                                  .dtype = dtype_named(options.dtype)},
                                 options.target);
  if (options.common.json) {
    print_json({{"model", network.name}, {"stage", options.stage}, {"text", text}});
  } else {
    print_text(options.common, text);
  }
}

}  // namespace

Command lower_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("lower", "print one stage of the lowering pipeline, from a network to machine code");
  auto options = std::make_shared<LowerOptions>();
  app->add_option("MODEL", options->model,
                  "a network's name (see fovea models), the folder of a run, or a .tflite or .onnx file")
      ->required();
  app->add_option("--stage", options->stage,
                  "graph, gradient, linalg, kernels, tiles, vectors, llvm or assembly; of a device after kernels: gpu, then "
                  "spirv, or nvvm and ptx, or rocdl and amdgcn (graph)");
  app->add_option("--kernel", options->kernel, "only this kernel, by the name it has in stage kernels");
  app->add_flag("--train", options->train, "the training step instead of inference");
  app->add_option("--batch", options->batch, "images at a time (1)")->check(between(1, 1 << 20));
  app->add_option("--target", options->target, "LLVM's triple, e.g. aarch64-linux-gnu, wasm32 (this machine)");
  app->add_option("--cpu", options->cpu,
                  "the processor, by LLVM's name, e.g. haswell, znver4, cortex-a76 (this one); with --device cuda a chip "
                  "(sm_80), with hip (gfx90a)");
  app->add_option("--device", options->device, "the way to a device: vulkan, cuda or hip (AMD), whether there is one or not");
  add_winograd_option(*app, options->winograd);
  add_model_options(*app, options->form);
  app->add_option("--dtype", options->dtype, "of activations and products: f32 (the default) or bf16");
  add_common_options(*app, options->common);
  return {app, [options] { print_stage(*options); }};
}

}  // namespace fovea
