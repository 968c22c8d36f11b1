// SPDX-License-Identifier: Apache-2.0
/// \file
/// Inputs for measurements of speed.
#pragma once

#include <cstdint>

#include "fovea/inference/session.h"

namespace fovea {

/// Fills the inputs of a session, which must own them, with numbers like those of normalized images, with labels below
/// `classes`, and with a small learning rate.
void fill_random_inputs(Session& session, int64_t classes, int64_t seed);

}  // namespace fovea
