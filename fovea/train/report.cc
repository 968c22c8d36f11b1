// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/report.h"

#include "fovea/core/file.h"
#include "fovea/report/chart.h"
#include "fovea/report/json_lines.h"

namespace fovea {
namespace {

Series series_of(const std::vector<nlohmann::ordered_json>& lines, const std::string& name, const char* key) {
  Series series{.name = name};
  for (const auto& line : lines) {
    // A diverged epoch has null in place of a number and is left out of the curve.
    if (!line.contains(key) || !line.at(key).is_number()) continue;
    series.x.push_back(line.at("epoch").get<double>());
    series.y.push_back(line.at(key).get<double>());
  }
  return series;
}

}  // namespace

void write_report(const std::filesystem::path& folder, const std::string& model, const Metrics& evaluation,
                  const std::vector<std::string>& class_names) {
  const auto lines = read_json_lines(folder / "metrics.jsonl");
  const std::vector<Chart> charts = {
      {"loss", "epoch", "cross-entropy", {series_of(lines, "training", "loss"), series_of(lines, "test", "test_loss")}, false},
      {"accuracy", "epoch", "top-1", {series_of(lines, "training", "accuracy"), series_of(lines, "test", "top1")}, true}};
  write_text(folder / "curves.svg", line_charts(charts));
  write_text(folder / "confusion.svg", confusion_chart(evaluation.confusion(), class_names, model));
}

}  // namespace fovea
