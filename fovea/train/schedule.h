// SPDX-License-Identifier: Apache-2.0
/// \file
/// The learning rate of every step as a pure function of the step, so that a resumed run need not remember anything.
#pragma once

#include <cstdint>

#include "fovea/train/recipe.h"

namespace fovea {

/// The learning rate of a step. It rises linearly over the warm-up to `recipe.rate` (and is above 0 in step 0). Afterwards, by
/// recipe.schedule:
///
///     constant     it stays
///     step         it is multiplied by gamma after each milestone
///     exponential  it is multiplied by gamma every `decay_epochs`, counted from step 0 (TensorFlow's exponential_decay)
///     inverse      it is divided by 1 + decay_per_step * step (Keras' decay)
///     cosine       it falls along half a cosine to `final_rate` (Loshchilov and Hutter, "SGDR", 2017, without restarts)
///     linear       it falls linearly to `final_rate`
///     polynomial   it falls to `final_rate` as (1 - progress)^power
///
/// With `per_images`, the rates of the recipe are for batches of so many images and grow with the batch (Goyal et al. 2017).
double rate_at(const Recipe& recipe, int64_t step, int64_t steps_per_epoch);

}  // namespace fovea
