// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a training step takes in one process, for plans of steps in several (fovea/collective/step_plan.h).
#pragma once

#include "fovea/codegen/options.h"
#include "fovea/collective/step_plan.h"
#include "fovea/nn/trace.h"
#include "fovea/runtime/thread_pool.h"
#include "fovea/train/recipe.h"

namespace fovea {

/// Compiles the step by `recipe`, whose shards are `shard_images` images each whatever its batch and `shards` are, and runs
/// shards of it on random images for about `seconds`, at least three times. `recipe.accumulate` must divide the images. The
/// time that a teacher takes is not measured.
StepProfile measure_step(const Network& network, Recipe recipe, int64_t shard_images, ThreadPool& threads, double seconds,
                         const CompileOptions& options);

}  // namespace fovea
