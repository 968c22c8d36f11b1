// SPDX-License-Identifier: Apache-2.0
// An emitter for each kind of tiling: the kernel's tile program, without its attribute. Private to fovea/codegen/emit.
#pragma once

#include "fovea/codegen/emit/tile_program.h"

namespace fovea {

TileProgram emit_kind(const KernelDescription& kernel, const Tiling& tiling, const ElementwiseTiling& kind);
TileProgram emit_kind(const KernelDescription& kernel, const Tiling& tiling, const ReductionTiling& kind);
TileProgram emit_kind(const KernelDescription& kernel, const Tiling& tiling, const ContractionTiling& kind);
TileProgram emit_kind(const KernelDescription& kernel, const Tiling& tiling, const DepthwiseTiling& kind);
TileProgram emit_kind(const KernelDescription& kernel, const Tiling& tiling, const DepthwiseFilterGradientTiling& kind);
TileProgram emit_kind(const KernelDescription& kernel, const Tiling& tiling, const InnerProductTiling& kind);
TileProgram emit_kind(const KernelDescription& kernel, const Tiling& tiling, const WinogradTiling& kind);

}  // namespace fovea
