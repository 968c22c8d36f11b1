// SPDX-License-Identifier: Apache-2.0
// Kernels without a reduction, copies included: each tile is computed by itself.
#include "fovea/codegen/emit/emitters.h"
#include "fovea/codegen/emit/kernel_parts.h"

namespace fovea {

void emit_kind(const KernelDescription& kernel, const Tiling& tiling, const ElementwiseTiling&) {
  KernelParts parts(kernel, tiling);
  const llvm::SmallVector<unsigned> order = parallel_order(parts), tile = parts.operations.tile_dims(false);
  parts.function.write_grid([&](const TilePosition& block, TileState& state) {
    const TilePosition packed = parts.packed.pack(parts.function, block, state);
    parts.loops.nest(order, packed, state, [&](const TilePosition& position, TileState& inside) {
      llvm::SmallVector<TileOperand> inputs;
      for (size_t i = 0; i < parts.root.inputs.size(); ++i)
        inputs.push_back(parts.operations.root_input(parts.packed, i, tile, position, inside));
      const llvm::SmallVector<mlir::Value> places = parts.epilogue.destinations(parts.root.op, position, inside);
      parts.epilogue.finish(parts.operations.apply_root(inputs, places, tile, parts.root.initial, position), position, inside);
    });
  });
}

}  // namespace fovea
