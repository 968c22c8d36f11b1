// SPDX-License-Identifier: Apache-2.0
// Non-temporal stores of results that no cache would keep until they are read: a store of a whole line need not read that line
// first.
//
// Such stores must be aligned to their size, but an operand may begin anywhere. So the entry checks the pointers, and calls a
// copy of the kernel with ordinary stores if one is not aligned.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/PassManager.h>

namespace fovea {

/// Turns non-temporal stores into ordinary ones.
struct DropNonTemporalPass : llvm::PassInfoMixin<DropNonTemporalPass> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

/// Emits a call of the kernel or, if one of the `non_temporal` arguments is not aligned to cache lines at run time, of a copy
/// of it with ordinary stores. A fence makes the results visible to other threads when the call has ended.
void call_non_temporal(llvm::IRBuilder<>& builder, llvm::Function& kernel, llvm::ArrayRef<llvm::Value*> arguments,
                       llvm::ArrayRef<int64_t> non_temporal);

}  // namespace fovea
