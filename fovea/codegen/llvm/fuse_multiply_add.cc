// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/fuse_multiply_add.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>

namespace fovea {

llvm::PreservedAnalyses FuseMultiplyAddPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  bool changed = false;
  for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
    auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
    if (call == nullptr || call->getIntrinsicID() != llvm::Intrinsic::fma) continue;
    llvm::IRBuilder<> builder(call);
    call->replaceAllUsesWith(builder.CreateIntrinsic(llvm::Intrinsic::fmuladd, {call->getType()},
                                                     {call->getArgOperand(0), call->getArgOperand(1), call->getArgOperand(2)}));
    call->eraseFromParent();
    changed = true;
  }
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

}  // namespace fovea
