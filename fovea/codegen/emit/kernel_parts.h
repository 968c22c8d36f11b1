// SPDX-License-Identifier: Apache-2.0
// What the emitters of all kinds of kernels are put together from.
#pragma once

#include "fovea/codegen/emit/block_loops.h"
#include "fovea/codegen/emit/epilogue.h"

namespace fovea {

/// The parts, made in this order for one kernel. None of them keeps a place in the loops: that is a TilePosition.
struct KernelParts {
  KernelParts(const KernelDescription& described, const Tiling& chosen)
      : kernel(described),
        root(described.root),
        tiling(chosen),
        scratch(described.outputs.size()),
        packed(described, chosen, scratch),
        accumulators(plan_accumulators(described, chosen, scratch)),
        function(described, chosen, scratch, packed.places()),
        t(function.builder()),
        loops(t, described.root, chosen),
        operations(described, chosen, function),
        epilogue(described, chosen, function, operations) {}

  const KernelDescription& kernel;
  const LinalgOperation& root;
  const Tiling& tiling;
  ScratchPlan scratch;
  PackedInputs packed;
  llvm::SmallVector<size_t> accumulators;  ///< of a reduction in blocks: their places in what the loops carry
  TileFunction function;
  TileBuilder& t;
  BlockLoops loops;
  TileOperations operations;
  Epilogue epilogue;

 private:
  static llvm::SmallVector<size_t> plan_accumulators(const KernelDescription& kernel, const Tiling& tiling,
                                                     ScratchPlan& scratch);
};

/// Dimensions of results: those that are stepped one by one, then the tiled ones.
llvm::SmallVector<unsigned> parallel_order(const KernelParts& parts);

}  // namespace fovea
