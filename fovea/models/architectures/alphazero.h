// SPDX-License-Identifier: Apache-2.0
// AlphaZero's tower: Silver et al. 2017, "Mastering the game of Go without human knowledge" (AlphaGo Zero) and 2018.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

// Input "image" [batch, size, size, planes]. Results "policy" [batch, moves], logits of every point and of passing, and "value"
// [batch, 1], from -1 to 1. Trained on "target_policy" [batch, moves], probabilities, and "target_value" [batch, 1]: the
// policy's cross-entropy plus the value's squared error.
struct AlphaZeroOptions {
  int64_t blocks = 20;
  int64_t width = 256;
  Shape input{19, 19, 17};
};
NetworkForm alphazero(const AlphaZeroOptions& options);

std::vector<ModelEntry> alphazero_models();

}  // namespace fovea
