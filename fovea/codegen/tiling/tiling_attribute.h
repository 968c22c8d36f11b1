// SPDX-License-Identifier: Apache-2.0
// A tiling as an attribute of its kernel: the pass fovea-choose-tiling writes it, and a file or a test may fix it.
#pragma once

#include <mlir/IR/BuiltinAttributes.h>

#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// The name of the attribute of a kernel function.
inline constexpr const char* tiling_attribute = "fovea.tiling";

/// The attribute {dims = [{block = 8, tile = 4}, ...], kind = "contraction", packing = ["panel", "none"], tile_order = [...],
/// vector_dim = 3, ...}: the fields common to all kinds and those of this kind. Fields with their default value are left out,
/// and so are halos, which follow from the kernel.
mlir::DictionaryAttr attribute_of(const Tiling& tiling, mlir::MLIRContext* context);

/// Reads the attribute and verifies it for this kernel (tiling_verifier.h). Fails on the first wrong field with its name and
/// what would be right.
Tiling tiling_from(mlir::DictionaryAttr attribute, const KernelDescription& kernel);

}  // namespace fovea
