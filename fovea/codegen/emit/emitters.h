// SPDX-License-Identifier: Apache-2.0
// An emitter for each kind of tiling. Each adds the kernel's tile program to its module. Private to fovea/codegen/emit.
#pragma once

#include "fovea/codegen/emit/tile_program.h"

namespace fovea {

void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const ElementwiseTiling& kind);
void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const ReductionTiling& kind);
void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const ContractionTiling& kind);
void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const DepthwiseTiling& kind);
void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const DepthwiseFilterGradientTiling& kind);
void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const InnerProductTiling& kind);
void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const WinogradTiling& kind);

}  // namespace fovea
