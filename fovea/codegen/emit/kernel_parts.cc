// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/kernel_parts.h"

namespace fovea {

llvm::SmallVector<size_t> KernelParts::plan_accumulators(const KernelDescription& kernel, const Tiling& tiling,
                                                         ScratchPlan& scratch) {
  llvm::SmallVector<size_t> places;
  if (!tiling.reduces_in_blocks()) return places;
  llvm::SmallVector<int64_t> shape;
  for (const unsigned dim : kernel.root.output_dims) shape.push_back(tiling.dims[dim].block);
  for (mlir::Value result : mlir::linalg::GenericOp(kernel.root.op)->getResults())
    places.push_back(scratch.add(mlir::RankedTensorType::get(shape, accumulator_type(kernel.root, result))));
  return places;
}

llvm::SmallVector<unsigned> parallel_order(const KernelParts& parts) {
  llvm::SmallVector<unsigned> order;
  for (const unsigned dim : parts.root.output_dims)
    if (!parts.tiling.tiled(dim)) order.push_back(dim);
  for (const unsigned dim : parts.tiling.tile_order)
    if (!parts.root.reduced[dim]) order.push_back(dim);
  return order;
}

}  // namespace fovea
