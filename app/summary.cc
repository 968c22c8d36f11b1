// fovea summary MODEL: layers, shapes, parameters, multiply-accumulates, memory.
#include <fmt/format.h>

#include "app/model_options.h"
#include "fovea/train/counts.h"
#include "fovea/train/predictor.h"
#include "fovea/train/run.h"

namespace fovea {
namespace {

struct SummaryOptions {
  CommonOptions common;
  ModelOptions form;
  std::string weights;
  std::string model;
  int64_t batch = 1;
};

std::string table(const Counts& counts) {
  std::string text = fmt::format("{:28} {:16} {:22} {:>13} {:>16}\n", "layer", "operator", "output", "parameters", "MACs");
  for (const LayerCount& row : counts.layers) {
    text +=
        fmt::format("{:28} {:16} {:22} {:>13} {:>16}\n", row.layer, row.operation, to_string(row.output),
                    row.parameters > 0 ? with_separators(row.parameters) : "", row.macs > 0 ? with_separators(row.macs) : "");
  }
  return text + fmt::format("{:28} {:16} {:22} {:>13} {:>16}\n", "total", "", "", with_separators(counts.parameters),
                            with_separators(counts.macs));
}

void summarise(const SummaryOptions& options) {
  const TrainedModel model = open_model(options.model, options.weights, options.common.seed, options.form);
  const Counts counts = count(trace_inference(model.network, 1));
  Predictor predictor(model.network, model.tensors);
  const Session& session = predictor.session(options.batch);
  const int threads = options.common.thread_count();
  const int64_t memory = session.memory_bytes(threads);
  print_text(options.common,
             table(counts) + fmt::format("memory to run a batch of {} on {} thread{}: {}, of it {} planned for what is between "
                                         "input and output\n",
                                         options.batch, threads, threads == 1 ? "" : "s", bytes_text(memory),
                                         bytes_text(session.program().memory_bytes(threads))));
  if (!options.common.json) return;
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const LayerCount& row : counts.layers) {
    layers.push_back({{"layer", row.layer},
                      {"operator", row.operation},
                      {"output", row.output},
                      {"parameters", row.parameters},
                      {"macs", row.macs}});
  }
  nlohmann::ordered_json inputs;
  for (const NetworkForm::Port& port : model.network.inputs()) inputs[port.name] = port.shape;
  print_json({{"model", model.network.name},
              {"input", inputs.size() == 1 ? inputs.front() : inputs},
              {"classes", model.network.classes},
              {"parameters", counts.parameters},
              {"macs", counts.macs},
              {"memory_bytes", memory},
              {"layers", layers}});
}

}  // namespace

Command summary_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("summary", "layers, shapes, parameters, multiply-accumulates and memory of a network");
  auto options = std::make_shared<SummaryOptions>();
  app->add_option("MODEL", options->model, "a network's name (see fovea models) or the folder of a run")->required();
  app->add_option("--batch", options->batch, "images at a time, for the memory (1)")->check(between(1, 1 << 20));
  app->add_option("--weights", options->weights, "a .safetensors file, to see that it fits");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { summarise(*options); }};
}

}  // namespace fovea
