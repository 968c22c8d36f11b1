// SPDX-License-Identifier: Apache-2.0
/// \file
/// AstroNet: Shallue and Vanderburg 2018, "Identifying exoplanets with deep learning". It reads light curves that are folded at
/// the period of the dips that a planet may cause.
#pragma once

#include <vector>

#include "fovea/models/registry.h"

namespace fovea {

/// Inputs "global_view" [batch, 2001, 1], the whole orbit, and "local_view" [batch, 201, 1], the transit. Result "logits"
/// [batch, 1], whose sigmoid is the probability of a planet. It is trained on "target" [batch, 1], 0 or 1, with sigmoid
/// cross-entropy.
NetworkForm astronet();

/// The entries of this family in the registry.
std::vector<ModelEntry> astronet_models();

}  // namespace fovea
