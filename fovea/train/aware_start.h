// SPDX-License-Identifier: Apache-2.0
/// \file
/// The start of a quantization-aware training run.
#pragma once

#include <memory>

#include "fovea/core/progress.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/inference/session.h"
#include "fovea/runtime/thread_pool.h"
#include "fovea/train/recipe.h"

namespace fovea {

/// The tensors of network_of(recipe): recipe.weights (a .safetensors file, or the folder of a finished run) with norms folded,
/// and the ranges of activations over training images.
TensorMap aware_start(const Recipe& recipe, std::shared_ptr<const Dataset> train, ThreadPool& threads, Progress& progress);

}  // namespace fovea
