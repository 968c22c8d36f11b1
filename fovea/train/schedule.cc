// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/schedule.h"

#include <cmath>
#include <numbers>

#include "fovea/core/error.h"

namespace fovea {

double rate_at(const Recipe& recipe, int64_t step, int64_t steps_per_epoch) {
  const double per_epoch = static_cast<double>(steps_per_epoch);
  const double warmup = recipe.warmup_epochs * per_epoch;
  const double now = static_cast<double>(step);
  const double scale = recipe.per_images > 0 ? static_cast<double>(recipe.batch) / static_cast<double>(recipe.per_images) : 1;
  const double peak = recipe.rate * scale, last = recipe.final_rate * scale;
  if (now < warmup) return peak * std::min(1.0, (now + 1) / warmup);
  if (recipe.schedule == "constant") return peak;
  if (recipe.schedule == "inverse") return peak / (1 + recipe.decay_per_step * now);
  if (recipe.schedule == "exponential") {
    const double periods = now / (recipe.decay_epochs * per_epoch);
    return peak * std::pow(recipe.gamma, recipe.staircase ? std::floor(periods) : periods);
  }
  if (recipe.schedule == "step") {
    double rate = peak;
    for (const double epoch : recipe.milestones) rate *= now >= epoch * per_epoch ? recipe.gamma : 1;
    return rate;
  }
  // 0 at the end of the warm-up, 1 one step after the last.
  const double length = static_cast<double>(recipe.epochs) * per_epoch - warmup;
  const double progress = length > 0 ? std::min(1.0, (now - warmup) / length) : 1;
  if (recipe.schedule == "cosine") return last + (peak - last) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
  if (recipe.schedule == "linear") return last + (peak - last) * (1 - progress);
  if (recipe.schedule == "polynomial") return last + (peak - last) * std::pow(1 - progress, recipe.power);
  refuse("unknown schedule \"{}\"", recipe.schedule);
}

}  // namespace fovea
