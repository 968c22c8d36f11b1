// fovea models: what there is.
#include <fmt/format.h>

#include "app/command.h"
#include "fovea/models/registry.h"
#include "fovea/train/counts.h"

namespace fovea {

Command models_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("models", "list the networks, with their parameters and multiply-accumulates");
  auto common = std::make_shared<CommonOptions>();
  add_common_options(*app, *common);
  return {app, [common] {
            nlohmann::ordered_json list = nlohmann::ordered_json::array();
            std::string text = fmt::format("{:20} {:16} {:>8} {:>13} {:>16}  {}\n", "name", "input", "classes", "parameters",
                                           "MACs", "what it is");
            for (const ModelEntry& entry : models()) {
              const Counts counts = count(trace_inference(make_model(entry.name), 1));
              list.push_back({{"name", entry.name},
                              {"family", entry.family},
                              {"input", entry.input},
                              {"classes", entry.classes},
                              {"parameters", counts.parameters},
                              {"macs", counts.macs},
                              {"summary", entry.summary}});
              text += fmt::format("{:20} {:16} {:>8} {:>13} {:>16}  {}\n", entry.name, to_string(entry.input), entry.classes,
                                  with_separators(counts.parameters), with_separators(counts.macs), entry.summary);
            }
            print_text(*common, text);
            if (common->json) print_json(list);
          }};
}

}  // namespace fovea
