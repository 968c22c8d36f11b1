// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/report.h"

#include <algorithm>

#include "fovea/core/file.h"
#include "fovea/report/chart.h"
#include "fovea/report/json_lines.h"

namespace fovea {
namespace {

constexpr size_t most_points = 300;  // in a curve

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

// The position of a step in epochs, interpolated between the steps at which epochs ended.
double epoch_of(double step, const std::vector<nlohmann::ordered_json>& epochs) {
  double step_before = 0, epoch_before = 0;
  for (const auto& line : epochs) {
    const auto end = line.at("step").get<double>(), epoch = line.at("epoch").get<double>();
    if (step <= end) return epoch_before + (epoch - epoch_before) * (step - step_before) / (end - step_before);
    step_before = end;
    epoch_before = epoch;
  }
  return epoch_before;
}

// The loss of the steps over their position in epochs. Consecutive steps are averaged so that the curve has at most
// `most_points`.
Series step_series(const std::filesystem::path& folder, const std::vector<nlohmann::ordered_json>& epochs) {
  Series series{.name = "training, by steps"};
  const auto is_whole = [](const nlohmann::ordered_json& line) { return line.contains("step") && line.contains("epoch"); };
  if (epochs.empty() || !std::ranges::all_of(epochs, is_whole) || !std::filesystem::exists(folder / "steps.jsonl"))
    return series;
  const auto lines = read_json_lines(folder / "steps.jsonl");
  const size_t together = std::max<size_t>(1, (lines.size() + most_points - 1) / most_points);
  for (size_t first = 0; first < lines.size(); first += together) {
    const size_t last = std::min(lines.size(), first + together);
    double sum = 0;
    for (size_t i = first; i < last; ++i) sum += lines[i].at("loss").get<double>();
    series.x.push_back(epoch_of(lines[last - 1].at("step").get<double>(), epochs));
    series.y.push_back(sum / static_cast<double>(last - first));
  }
  return series;
}

}  // namespace

std::string training_curves(const std::filesystem::path& folder) {
  const auto lines = read_json_lines(folder / "metrics.jsonl");
  Series training = step_series(folder, lines);
  if (training.x.empty()) training = series_of(lines, "training", "loss");  // older runs have no steps.jsonl
  return line_charts(
      {{"loss", "epoch", "cross-entropy", {std::move(training), series_of(lines, "test", "test_loss")}, false},
       {"accuracy", "epoch", "top-1", {series_of(lines, "training", "accuracy"), series_of(lines, "test", "top1")}, true}});
}

void write_report(const std::filesystem::path& folder, const std::string& model, const Metrics& evaluation,
                  const std::vector<std::string>& class_names) {
  write_text(folder / "curves.svg", training_curves(folder));
  write_text(folder / "confusion.svg", confusion_chart(evaluation.confusion(), class_names, model));
}

}  // namespace fovea
