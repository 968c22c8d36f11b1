// SPDX-License-Identifier: Apache-2.0
// Weights in the order the tiles read them, before the run.
//
// What a contraction reads of its columns is packed as a panel by every grid tile of every run (tile_packing.h). Where that
// operand is known before the run, a parameter or a hoisted tensor, the initializer packs the whole of it once. Inside such a
// kernel a builtin.unrealized_conversion_cast stands between the argument, of the packed type, and the linalg operation, which
// sees the tensor as it was.
#pragma once

#include "fovea/codegen/emit/tile_packing.h"
#include "fovea/codegen/target/target.h"
#include "mlir/IR/BuiltinOps.h"

namespace fovea {

// `module`: stage kernels of an inference program. Changes kernels, their calls and the initializer, which is made where there
// was none. Packing is a kernel of the initializer.
void prepack_weights(mlir::ModuleOp module, const Target& target);

}  // namespace fovea
