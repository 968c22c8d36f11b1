// SPDX-License-Identifier: Apache-2.0
// Loads of scalars that multiply whole vectors, moved to where they are used.
//
// A multiply-add of floats takes a broadcast scalar from memory. The instructions for groups (dot_product_packing.h) need this
// factor in a register, and LLVM extracts all scalars of a tile from the vectors that are loaded at its beginning: more than
// there are registers, so most would be spilled. Of three contiguous scalars (the channels of a pixel) it loads two together
// and extracts them again.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// Runs after LLVM's own passes. A broadcast factor of a product of integer groups loads its element just before the first such
/// product. On x86 the same is done for multiply-adds if the vector in memory has a length that is no power of two.
struct SinkBroadcastsPass : llvm::PassInfoMixin<SinkBroadcastsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
