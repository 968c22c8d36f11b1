// SPDX-License-Identifier: Apache-2.0
// Results that no cache would keep, written by non-temporal stores: a store of a whole line need not read that line first.
//
// The processor wants such stores aligned to their size, and an operand may lie anywhere: the entry looks, and calls a copy of
// the kernel with ordinary stores where one does not.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/PassManager.h>

namespace fovea {

/// Marked stores, as ordinary ones.
struct DropNonTemporalPass : llvm::PassInfoMixin<DropNonTemporalPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Calls the kernel, or, where one of the `non_temporal` arguments is not aligned to lines, its copy with ordinary stores.
/// Other threads see what was written when the call has ended.
void call_non_temporal(llvm::IRBuilder<>& builder, llvm::Function& kernel, llvm::ArrayRef<llvm::Value*> arguments,
                       llvm::ArrayRef<int64_t> non_temporal);

}  // namespace fovea
