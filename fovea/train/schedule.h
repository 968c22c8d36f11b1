// SPDX-License-Identifier: Apache-2.0
// The rate of every step as a pure function of the step: a run that resumes needs to remember nothing.
#pragma once

#include <cstdint>

#include "fovea/train/recipe.h"

namespace fovea {

// Rises linearly over the warm-up to `recipe.rate` (step 0 already moves), then
//   constant     stays there;
//   step         is multiplied by gamma after each milestone;
//   exponential  is multiplied by gamma every `decay_epochs`, counted from step 0 (TensorFlow's exponential_decay);
//   inverse      is divided by 1 + decay_per_step * step (Keras' decay);
//   cosine       falls along half a cosine to `final_rate` (Loshchilov and Hutter, "SGDR", 2017, without restarts);
//   linear       falls in a straight line to `final_rate`;
//   polynomial   falls to `final_rate` as (1 - progress)^power.
// With `per_images`, rates are those of batches of so many images and grow with the batch (Goyal et al. 2017).
double rate_at(const Recipe& recipe, int64_t step, int64_t steps_per_epoch);

}  // namespace fovea
