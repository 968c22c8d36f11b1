// SPDX-License-Identifier: Apache-2.0
#include "app/quantization_steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/text.h"

namespace fovea {
namespace {

std::string step_name(const LadderStep& step) { return shorten(step.what + ", " + step.detail, 60); }

// The loss is counted in points: hundredths of the images.
std::string loss_text(double lost, bool labels) {
  return labels ? fmt::format("{:.2f} points of top-1", 100 * lost) : fmt::format("{:.2f}% of the answers", 100 * lost);
}

}  // namespace

double allowed_loss(const std::string& text) {
  const std::optional<double> share = share_in(text);
  if (!share || !(*share >= 0 && *share < 0.5))
    refuse("--lose takes what may be lost, from 0% to below 50%, e.g. 0.5% or 0.005, not \"{}\"", text);
  return *share;
}

std::string steps_text(const LadderResult& result, double lose) {
  const bool labels = result.network.before.has_value();
  size_t width = 12;
  for (const LadderStep& step : result.steps) width = std::max(width, step_name(step).size());
  std::string text = fmt::format("may lose {}, measured on {} images\n", loss_text(lose, labels), result.images);
  text += fmt::format("{:<{}}  {:>7}  {:>9}  {:>7}  {:>7}  {:>6}\n", "step", width, labels ? "top-1" : "", "agreement", "lost",
                      "gained", "time");
  if (labels) text += fmt::format("{:<{}}  {:>6.2f}%\n", "real numbers", width, 100 * result.network.before->top1());
  for (const LadderStep& step : result.steps) {
    text += fmt::format("{:<{}}  {:>7}  {:>8.2f}%  {:>7.2f}  {:>7}  {:>4.0f} s{}\n", step_name(step), width,
                        step.top1 ? fmt::format("{:.2f}%", 100 * *step.top1) : "", 100 * step.agreement, 100 * step.lost,
                        &step == &result.steps.front() ? "" : fmt::format("{:+.2f}", 100 * step.gained), step.seconds,
                        step.kept ? "" : "  undone");
  }
  return text;
}

nlohmann::ordered_json steps_json(const LadderResult& result) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const LadderStep& step : result.steps) {
    nlohmann::ordered_json entry{{"step", step.what}, {"detail", step.detail}};
    if (step.top1) entry["top1"] = *step.top1;
    entry.update({{"agreement", step.agreement},
                  {"lost", step.lost},
                  {"gained", step.gained},
                  {"kept", step.kept},
                  {"seconds", step.seconds}});
    json.push_back(std::move(entry));
  }
  return json;
}

std::string shortfall_text(const LadderResult& result, double lose) {
  const LadderStep& best = result.steps[result.best];
  const bool labels = best.top1.has_value();
  return fmt::format("the best of {} steps loses {}, and {} may be lost: {}", result.steps.size(), loss_text(best.lost, labels),
                     loss_text(lose, labels), step_name(best));
}

}  // namespace fovea
