// SPDX-License-Identifier: Apache-2.0
// Filters of 3x3 convolutions in the transformed domain of Winograd's algorithm (winograd.h), before the run.
#pragma once

#include "fovea/codegen/options.h"
#include "fovea/codegen/target/target.h"
#include "mlir/IR/BuiltinOps.h"

namespace fovea {

// `module`: stage kernels of an inference program. Each convolution whose filter is known before the run, and which is faster
// that way, gets the attribute `fovea.winograd`; its filter comes from the initializer as [tiles of
// columns][numbers][channels][one tile of columns], the panel its products read. The transform is a kernel of the initializer.
void transform_winograd_filters(mlir::ModuleOp module, const Target& target, Winograd when);

}  // namespace fovea
