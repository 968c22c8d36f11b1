// SPDX-License-Identifier: Apache-2.0
// fovea edgetpu FILE.tflite: which operators of the file the Edge TPU runs.
#include "fovea/interchange/tflite/edgetpu.h"

#include <fmt/format.h>

#include "app/command.h"

namespace fovea {
namespace {

struct EdgeTpuOptions {
  CommonOptions common;
  std::string file;
};

std::string verdict(const EdgeTpuOperator& op) {
  if (op.mapped) return "mapped";
  return op.reason.empty() ? "host: comes after one that is not mapped" : "host: " + op.reason;
}

std::string report_text(const EdgeTpuReport& report) {
  std::string text = fmt::format("{:>4}  {:24} {:22} {}\n", "", "operator", "output", "");
  for (size_t i = 0; i < report.operators.size(); ++i) {
    const EdgeTpuOperator& op = report.operators[i];
    text += fmt::format("{:>4}  {:24} {:22} {}\n", i, op.name, to_string(op.shape), verdict(op));
  }
  const double megabytes = 1 << 20;
  const int64_t streamed = std::max<int64_t>(0, report.parameter_bytes - edgetpu_on_chip_bytes);
  text += fmt::format("{} of {} operators are mapped; {:.2f} MiB of parameters, {}; {:.2f} MiB at most between operators\n",
                      report.mapped, report.operators.size(), static_cast<double>(report.parameter_bytes) / megabytes,
                      streamed > 0 ? fmt::format("at least {:.2f} of them streamed at every inference (8 MiB on the chip)",
                                                 static_cast<double>(streamed) / megabytes)
                                   : "which the 8 MiB on the chip can hold",
                      static_cast<double>(report.most_activation_bytes) / megabytes);
  return text;
}

void report_mapping(const EdgeTpuOptions& options) {
  const EdgeTpuReport report = edgetpu_report(tflite::File(std::filesystem::path(options.file)));
  print_text(options.common, report_text(report));
  if (!options.common.json) return;
  nlohmann::ordered_json operators = nlohmann::ordered_json::array();
  for (const EdgeTpuOperator& op : report.operators) {
    operators.push_back(
        {{"operator", op.name}, {"output", op.output}, {"shape", op.shape}, {"mapped", op.mapped}, {"reason", op.reason}});
  }
  print_json({{"operators", operators},
              {"count", report.operators.size()},
              {"mapped", report.mapped},
              {"fully_mapped", report.whole()},
              {"parameter_bytes", report.parameter_bytes},
              {"activation_bytes", report.most_activation_bytes}});
}

}  // namespace

Command edgetpu_command(CLI::App& program) {
  CLI::App* app =
      program.add_subcommand("edgetpu", "which operators of a .tflite file the Edge TPU runs, by its published rules");
  auto options = std::make_shared<EdgeTpuOptions>();
  app->add_option("FILE", options->file, "a .tflite file")->required();
  add_common_options(*app, options->common);
  return {app, [options] { report_mapping(*options); }};
}

}  // namespace fovea
