// SPDX-License-Identifier: Apache-2.0
// A tiling as an attribute: what the pass fovea-choose-tiling writes, and what a file or a test may pin.
#pragma once

#include <mlir/IR/BuiltinAttributes.h>

#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// Of a kernel function.
inline constexpr const char* tiling_attribute = "fovea.tiling";

/// {dims = [{block = 8, tile = 4}, ...], kind = "contraction", packing = ["panel", "none"], tile_order = [...], vector_dim = 3,
/// ...}: what all kinds have, and the fields of this one. What is as a Tiling starts out with is left out, and so are halos,
/// which follow from the kernel.
mlir::DictionaryAttr attribute_of(const Tiling& tiling, mlir::MLIRContext* context);

/// Fails, saying which field it is and what would be right, on what is no tiling of this kernel (tiling_verifier.h).
Tiling tiling_from(mlir::DictionaryAttr attribute, const KernelDescription& kernel);

}  // namespace fovea
