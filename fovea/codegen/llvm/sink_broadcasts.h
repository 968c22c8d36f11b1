// SPDX-License-Identifier: Apache-2.0
// Numbers of a row that multiply whole vectors, read where they are used.
//
// Floating point multiplies by what lies in memory. The instructions of groups (dot_product_packing.h) want one factor in a
// register, and LLVM takes all numbers of a tile from the vectors that are read at its beginning: more registers than there
// are, so most of them would wait in the stack. Of three numbers side by side (the channels of a pixel) it reads two together,
// and takes them apart again.
#pragma once

#include <llvm/IR/PassManager.h>

namespace fovea {

/// After LLVM's own passes: factors of products of integer groups, and on x86 of multiply-adds where the vector in memory is no
/// power of two, that repeat one number of it read that number just before the first product of it.
struct SinkBroadcastsPass : llvm::PassInfoMixin<SinkBroadcastsPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace fovea
