// SPDX-License-Identifier: Apache-2.0
// A tiling as an attribute: what the pass fovea-choose-tiling writes, and what a file or a test may pin.
#pragma once

#include <mlir/IR/BuiltinAttributes.h>

#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

// Of a kernel function.
inline constexpr const char* tiling_attribute = "fovea.tiling";

// {dims = [{block = 8, tile = 4}, ...], tile_order = [...], packing = ["panel", "none"], vector_dim = 3, ...}: numbers that are
// as a Tiling starts out with are left out.
mlir::DictionaryAttr attribute_of(const Tiling& tiling, mlir::MLIRContext* context);

// Fails, saying which number it is and what would be right, on what is no tiling of this kernel.
Tiling tiling_from(mlir::DictionaryAttr attribute, const KernelDescription& kernel);

}  // namespace fovea
