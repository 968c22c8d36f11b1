// SPDX-License-Identifier: Apache-2.0
/// \file
/// AlphaZero's network: Silver et al. 2017, "Mastering the game of Go without human knowledge" (AlphaGo Zero), and 2018.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

/// The options of alphazero.
struct AlphaZeroOptions {
  int64_t blocks = 20;      ///< residual blocks
  int64_t width = 256;      ///< channels
  Shape input{19, 19, 17};  ///< the board and its planes
};
/// Input "image" [batch, size, size, planes]. Results "policy" [batch, moves], the logits of every point and of passing, and
/// "value" [batch, 1], from -1 to 1. It is trained on "target_policy" [batch, moves], probabilities, and "target_value" [batch,
/// 1]; the loss is the policy's cross-entropy plus the value's squared error.
NetworkForm alphazero(const AlphaZeroOptions& options);

/// The entries of this family in the registry.
std::vector<ModelEntry> alphazero_models();

}  // namespace fovea
