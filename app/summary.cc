// SPDX-License-Identifier: Apache-2.0
// fovea summary MODEL: layers, shapes, parameters, multiply-accumulates, memory.
#include "fovea/models/summary.h"

#include <fmt/format.h>

#include "app/file_summary.h"
#include "app/model_options.h"
#include "app/step_plans.h"
#include "fovea/codegen/driver/compile.h"
#include "fovea/core/error.h"
#include "fovea/core/parallel_for.h"
#include "fovea/inference/session.h"
#include "fovea/train/run.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

struct SummaryOptions {
  CommonOptions common;
  ModelOptions form;
  std::string weights;
  std::string model;
  std::vector<int64_t> batches;
  bool train = false;
  int64_t memory = 0;
  std::string dtype = "f32";
  StepPlanOptions plan;
};

struct MemoryRow {
  int64_t batch;
  bool train;
  ProgramMemory memory;
};

std::string table(const Summary& summary) {
  std::string text = fmt::format("{:28} {:16} {:22} {:>13} {:>16}\n", "layer", "operator", "output", "parameters", "MACs");
  for (const LayerRow& row : summary.layers) {
    text +=
        fmt::format("{:28} {:16} {:22} {:>13} {:>16}\n", row.name, row.operation, to_string(row.output),
                    row.parameters > 0 ? with_separators(row.parameters) : "", row.macs > 0 ? with_separators(row.macs) : "");
  }
  return text + fmt::format("{:28} {:16} {:22} {:>13} {:>16}\nthe parameters are {} in fp32\n", "total", "", "",
                            with_separators(summary.parameters), with_separators(summary.macs),
                            bytes_text(4 * summary.parameters));
}

// Plans the memory of all rows, as many at a time as there are threads.
void plan_rows(const Network& network, const SummaryOptions& options, std::vector<MemoryRow>& rows) {
  parallel_for(rows.size(), options.common.thread_count(), [&] {
    return [&](size_t i) {
      const Traced traced = rows[i].train ? trace_training(network, rows[i].batch) : trace_inference(network, rows[i].batch);
      rows[i].memory = memory_of(traced.graph, {.threads = options.common.thread_count(),
                                                .inference = !rows[i].train,
                                                .memory = rows[i].train ? options.memory : 0,
                                                .dtype = dtype_named(options.dtype)});
    };
  });
}

std::string table(const std::vector<MemoryRow>& rows) {
  std::string text =
      fmt::format("\n{:10} {:>6} {:>12} {:>12} {:>12} {:>12}\n", "memory", "batch", "peak", "tensors", "arena", "scratch");
  for (const MemoryRow& row : rows) {
    text += fmt::format("{:10} {:>6} {:>12} {:>12} {:>12} {:>12}\n", row.train ? "training" : "inference", row.batch,
                        bytes_text(row.memory.bytes()), bytes_text(row.memory.tensors), bytes_text(row.memory.arena),
                        bytes_text(row.memory.scratch));
    if (row.memory.repeated > 0) text += "  " + rematerialization_text(row.memory) + "\n";
  }
  return text;
}

nlohmann::ordered_json json_of(const Network& network, const Summary& summary, const std::vector<MemoryRow>& rows) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array(), memory = nlohmann::ordered_json::array();
  for (const LayerRow& row : summary.layers) {
    layers.push_back({{"layer", row.name},
                      {"operator", row.operation},
                      {"output", row.output},
                      {"parameters", row.parameters},
                      {"macs", row.macs}});
  }
  for (const MemoryRow& row : rows) {
    memory.push_back({{"batch", row.batch},
                      {"train", row.train},
                      {"peak_bytes", row.memory.bytes()},
                      {"tensor_bytes", row.memory.tensors},
                      {"arena_bytes", row.memory.arena},
                      {"scratch_bytes", row.memory.scratch},
                      {"repeated_calls", row.memory.repeated},
                      {"repeated_multiply_adds", row.memory.extra_multiply_adds * row.memory.multiply_adds}});
  }
  nlohmann::ordered_json inputs;
  for (const NetworkForm::Port& port : network.inputs()) inputs[port.name] = port.shape;
  return {{"model", network.name},
          {"input", inputs.size() == 1 ? inputs.front() : inputs},
          {"classes", network.classes},
          {"parameters", summary.parameters},
          {"macs", summary.macs},
          {"memory", memory},
          {"layers", layers}};
}

void plan_steps(const SummaryOptions& options, const TrainedModel& model) {
  if (!options.train) refuse("--processes plans training steps: give --train, too");
  if (options.batches.size() > 1) refuse("--processes plans steps of one --batch; {} are given", options.batches.size());
  print_step_plans(
      options.common, model,
      {.batch = options.batches.empty() ? 0 : options.batches.front(), .dtype = options.dtype, .memory = options.memory},
      options.plan);
}

void summarize(const SummaryOptions& options) {
  if (is_model_file(options.model)) {
    if (!options.weights.empty() || options.form != ModelOptions{} || options.train || !options.batches.empty())
      refuse(
          "{} determines its network: --weights, --batch, --train and options of the network are for networks of fovea models",
          options.model);
    return print_file_summary(options.common, options.model);
  }
  const TrainedModel model = options.weights.empty()
                                 ? open_network(options.model, options.form)
                                 : open_model(options.model, options.weights, options.common.seed, options.form);
  const Network& network = model.network;
  if (!options.plan.processes.empty()) return plan_steps(options, model);
  const Summary summary = summarize(network);
  print_text(options.common, table(summary));
  std::vector<int64_t> batches = options.batches;
  if (batches.empty() && !options.common.json) batches = {1, 8, 32, 128};
  std::vector<MemoryRow> rows;
  for (const bool train : {false, true}) {
    for (const int64_t batch : batches) {
      if (train || !options.train) rows.push_back({.batch = batch, .train = train, .memory = {}});
    }
  }
  plan_rows(network, options, rows);
  if (!rows.empty()) print_text(options.common, table(rows));
  if (options.common.json) print_json(json_of(network, summary, rows));
}

}  // namespace

Command summary_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("summary", "layers, shapes, parameters, multiply-accumulates and memory of a network");
  auto options = std::make_shared<SummaryOptions>();
  app->add_option("MODEL", options->model,
                  "a network's name (see fovea models), the folder of a run, or a .tflite or .onnx file")
      ->required();
  app->add_option("--batch", options->batches,
                  "images at a time, for the memory: one or several (1,8,32,128; with --json none)")
      ->delimiter(',')
      ->check(between(1, 1 << 20));
  app->add_flag("--train", options->train, "the memory of the training step alone");
  add_step_plan_options(*app, options->plan);
  app->add_option("--dtype", options->dtype, "of activations, for the memory: f32 (the default) or bf16");
  add_memory_option(*app, options->memory);
  app->add_option("--weights", options->weights, "a .safetensors file, to see that it fits");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { summarize(*options); }};
}

}  // namespace fovea
