// SPDX-License-Identifier: Apache-2.0
/// \file
/// Finding infinities and NaNs, so that a network that diverged is noticed and the layer named.
#pragma once

#include <string>

#include "fovea/inference/session.h"

namespace fovea {

/// The first tensor that contains an infinity or a NaN; end() when none does.
TensorMap::const_iterator not_finite(const TensorMap& tensors);

/// A clause for messages: `it began in layer "conv1", which gave nan`.
std::string not_finite_text(const NotFinite& found);

}  // namespace fovea
