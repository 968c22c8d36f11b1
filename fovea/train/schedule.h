// The rate of every step as a pure function of the step: a run that resumes needs to remember nothing.
#pragma once

#include <cstdint>

#include "fovea/train/recipe.h"

namespace fovea {

// Rises linearly over the warm-up to `recipe.rate` (step 0 already moves), then
//   constant  stays there;
//   step      is multiplied by gamma after each milestone;
//   cosine    falls along half a cosine to `final_rate` (Loshchilov and Hutter, "SGDR", 2017, without restarts);
//   linear    falls in a straight line to `final_rate`.
double rate_at(const Recipe& recipe, int64_t step, int64_t steps_per_epoch);

}  // namespace fovea
