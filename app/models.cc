// SPDX-License-Identifier: Apache-2.0
// fovea models: lists the built-in networks.
#include <fmt/format.h>

#include "app/weights.h"
#include "fovea/models/registry.h"
#include "fovea/models/summary.h"

namespace fovea {
namespace {

std::string inputs_text(const Network& network) {
  std::string text;
  for (const NetworkForm::Port& port : network.inputs()) text += (text.empty() ? "" : " ") + to_string(port.shape);
  return text;
}

// Prints a table for each family.
void list_models(const CommonOptions& common) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::string text, family;
  for (const ModelEntry& entry : models()) {
    const Network network = make_model(entry.name);
    const Summary counts = summarize(network);
    list.push_back({{"name", entry.name},
                    {"family", entry.family},
                    {"input", entry.input},
                    {"classes", entry.classes},
                    {"parameters", counts.parameters},
                    {"macs", counts.macs},
                    {"summary", entry.summary}});
    if (entry.family != family) {
      family = entry.family;
      text += fmt::format("{}{:24} {:20} {:>7} {:>13} {:>16}  {}\n", text.empty() ? "" : "\n", family, "input", "classes",
                          "parameters", "MACs", "what it is");
    }
    text += fmt::format("  {:22} {:20} {:>7} {:>13} {:>16}  {}\n", entry.name, inputs_text(network),
                        entry.classes > 0 ? std::to_string(entry.classes) : "", with_separators(counts.parameters),
                        with_separators(counts.macs), entry.summary);
  }
  print_text(common, text);
  if (common.json) print_json(list);
}

}  // namespace

Command models_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("models", "list the networks, with their parameters and multiply-accumulates");
  struct ModelsOptions {
    CommonOptions common;
    WeightsOptions weights;
    bool of_weights = false;
  };
  auto options = std::make_shared<ModelsOptions>();
  app->add_flag("--weights", options->of_weights, "list the published weights that --weights takes by name");
  app->add_option("--weights-catalog", options->weights.catalog,
                  "a catalog of weights of one's own, instead of the built-in one");
  add_common_options(*app, options->common);
  return {app,
          [options] { options->of_weights ? list_weights(options->common, options->weights) : list_models(options->common); }};
}

}  // namespace fovea
