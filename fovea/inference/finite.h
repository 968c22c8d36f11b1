// SPDX-License-Identifier: Apache-2.0
// Numbers that went astray: a network that diverged must be noticed, and the layer named.
#pragma once

#include <string>

#include "fovea/inference/session.h"

namespace fovea {

// The first of them that holds infinity or NaN; end() where none does.
TensorMap::const_iterator not_finite(const TensorMap& tensors);

// "it began in layer "conv1", which gave nan".
std::string not_finite_text(const NotFinite& found);

}  // namespace fovea
