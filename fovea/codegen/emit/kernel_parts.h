// SPDX-License-Identifier: Apache-2.0
// The parts that the emitters of all kinds share.
#pragma once

#include "fovea/codegen/emit/block_loops.h"
#include "fovea/codegen/emit/epilogue.h"

namespace fovea {

/// The parts for one kernel, constructed in this order. None of them holds a position in the loops: that is a TilePosition.
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
  /// The positions of the accumulators among the values that the loops carry, if the reduction is cut into blocks.
  llvm::SmallVector<size_t> accumulators;
  TileFunction function;
  TileBuilder& t;
  BlockLoops loops;
  TileOperations operations;
  Epilogue epilogue;

 private:
  static llvm::SmallVector<size_t> plan_accumulators(const KernelDescription& kernel, const Tiling& tiling,
                                                     ScratchPlan& scratch);
};

/// The dimensions of results in the order of the loops: those that are not tiled, then the tiled ones.
llvm::SmallVector<unsigned> parallel_order(const KernelParts& parts);

}  // namespace fovea
