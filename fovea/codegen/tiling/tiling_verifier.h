// SPDX-License-Identifier: Apache-2.0
// What must hold for the tile program of a tiling to compute its kernel, whether the tiling was chosen or written by hand.
#pragma once

#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// Fails on a tiling that does not fit the kernel, with the field's name, its value, and what would be right.
void verify_tiling(const Tiling& tiling, const KernelDescription& kernel);

}  // namespace fovea
