// SPDX-License-Identifier: Apache-2.0
// AstroNet: Shallue and Vanderburg 2018, "Identifying exoplanets with deep learning". Light curves, folded at the period of the
// dips that may be a planet's.
#pragma once

#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

// Inputs "global_view" [batch, 2001, 1], the whole orbit, and "local_view" [batch, 201, 1], the transit. Result "logits"
// [batch, 1], of a planet; its sigmoid is the probability. Trained on "target" [batch, 1], 0 or 1, by sigmoid cross-entropy.
NetworkForm astronet();

std::vector<ModelEntry> astronet_models();

}  // namespace fovea
