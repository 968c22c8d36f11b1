// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/wasm_peepholes.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PatternMatch.h>

namespace fovea {
namespace {

void replace(llvm::IntrinsicInst& call, llvm::Value* value) {
  call.replaceAllUsesWith(value);
  call.eraseFromParent();
}

bool choose_extreme(llvm::IntrinsicInst& call, bool greatest) {
  llvm::Value *x = call.getArgOperand(0), *bound = call.getArgOperand(1);
  if (llvm::isa<llvm::Constant>(x)) std::swap(x, bound);
  const llvm::APFloat* known = nullptr;
  const bool constant = llvm::PatternMatch::match(bound, llvm::PatternMatch::m_APFloat(known)) && !known->isNaN();
  const bool any_zero = call.hasNoSignedZeros();
  if (!constant && !(call.hasNoNaNs() && any_zero)) return false;
  if (constant && known->isNegZero() && !greatest && !any_zero) return false;
  llvm::IRBuilder<> builder(&call);
  // Adding 0 turns -0 into 0 and changes no other number.
  if (constant && known->isPosZero() && greatest && !any_zero)
    x = builder.CreateFAdd(x, llvm::ConstantFP::get(x->getType(), 0.0));
  replace(call, builder.CreateSelect(greatest ? builder.CreateFCmpOLT(x, bound) : builder.CreateFCmpOLT(bound, x), bound, x));
  return true;
}

bool is_accessed(const llvm::Value& place, const llvm::BasicBlock& block) {
  return llvm::any_of(place.users(), [&](const llvm::User* user) {
    return llvm::getLoadStorePointerOperand(user) == &place && llvm::cast<llvm::Instruction>(user)->getParent() == &block;
  });
}

}  // namespace

llvm::PreservedAnalyses SelectExtremesPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  bool changed = false;
  for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
    auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
    if (call == nullptr || !call->getType()->isVectorTy() || !call->getType()->getScalarType()->isFloatTy()) continue;
    const llvm::Intrinsic::ID id = call->getIntrinsicID();
    if (id == llvm::Intrinsic::maximum || id == llvm::Intrinsic::minimum)
      changed |= choose_extreme(*call, id == llvm::Intrinsic::maximum);
  }
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

llvm::PreservedAnalyses MarkInBoundsPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  const llvm::DataLayout& layout = function.getParent()->getDataLayout();
  bool changed = false;
  for (llvm::Instruction& instruction : llvm::instructions(function)) {
    auto* place = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction);
    if (place == nullptr || place->isInBounds()) continue;
    llvm::APInt distance(layout.getIndexTypeSizeInBits(place->getType()), 0);
    const llvm::Value& start = *place->getPointerOperand();
    if (!place->accumulateConstantOffset(layout, distance) || distance.isNegative() ||
        !is_accessed(*place, *place->getParent()) || !is_accessed(start, *place->getParent()))
      continue;
    place->setIsInBounds(true);
    changed = true;
  }
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

}  // namespace fovea
