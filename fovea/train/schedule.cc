#include "fovea/train/schedule.h"

#include <cmath>
#include <numbers>

#include "fovea/core/error.h"

namespace fovea {

double rate_at(const Recipe& recipe, int64_t step, int64_t steps_per_epoch) {
  const double per_epoch = static_cast<double>(steps_per_epoch);
  const double warmup = recipe.warmup_epochs * per_epoch;
  const double now = static_cast<double>(step);
  if (now < warmup) return recipe.rate * std::min(1.0, (now + 1) / warmup);
  if (recipe.schedule == "constant") return recipe.rate;
  if (recipe.schedule == "step") {
    double rate = recipe.rate;
    for (const double epoch : recipe.milestones) rate *= now >= epoch * per_epoch ? recipe.gamma : 1;
    return rate;
  }
  // 0 at the end of the warm-up, 1 one step after the last.
  const double length = static_cast<double>(recipe.epochs) * per_epoch - warmup;
  const double progress = length > 0 ? std::min(1.0, (now - warmup) / length) : 1;
  const double fall = recipe.rate - recipe.final_rate;
  if (recipe.schedule == "cosine") return recipe.final_rate + fall * 0.5 * (1 + std::cos(std::numbers::pi * progress));
  if (recipe.schedule == "linear") return recipe.final_rate + fall * (1 - progress);
  refuse("unknown schedule \"{}\"", recipe.schedule);
}

}  // namespace fovea
