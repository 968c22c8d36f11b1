// SPDX-License-Identifier: Apache-2.0
// What a tiling must be for the tile program of a kernel to compute that kernel, whoever wrote it.
#pragma once

#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// Fails on a tiling that does not fit the kernel: with the field's name, what it is, and what would be right.
void verify_tiling(const Tiling& tiling, const KernelDescription& kernel);

}  // namespace fovea
