// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/peephole.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/PatternMatch.h>
#include <llvm/TargetParser/Triple.h>

#include "fovea/codegen/llvm/widening_multiply_add.h"

namespace fovea {
namespace {

void replace(llvm::IntrinsicInst& call, llvm::Value* value) {
  call.replaceAllUsesWith(value);
  call.eraseFromParent();
}

bool converts_f32_to_i32(const llvm::FPToSIInst& conversion) {
  return conversion.getOperand(0)->getType()->getScalarType()->isFloatTy() &&
         conversion.getType()->getScalarType()->isIntegerTy(32);
}

// What is rounded to even and then converted is converted as the processor rounds: one instruction of x86 instead of two.
// Elsewhere it is an addition that leaves no bits below the point, and the bits of the sum: Armv7 has no rounding at all,
// WebAssembly's conversion looks for NaNs and large numbers, and QEMU before 8.0 stops at RISC-V's conversion toward zero that
// no other operation on vectors of floats precedes. Integers that are computed in f32 stay below 2^22.
llvm::Value* rounded_integer(llvm::IRBuilder<>& builder, llvm::Value* x, llvm::Type* integers, bool x86) {
  if (x86) return builder.CreateIntrinsic(llvm::Intrinsic::lrint, {integers, x->getType()}, {x});
  constexpr double shift = 12582912;  // 1.5 * 2^23
  constexpr uint32_t shift_bits = 0x4b400000;
  llvm::Value* sum = builder.CreateFAdd(x, llvm::ConstantFP::get(x->getType(), shift));
  return builder.CreateSub(builder.CreateBitCast(sum, integers), llvm::ConstantInt::get(integers, shift_bits));
}

void convert_rounded(llvm::FPToSIInst& conversion, bool x86) {
  auto* rounded = llvm::dyn_cast<llvm::IntrinsicInst>(conversion.getOperand(0));
  if (rounded == nullptr || rounded->getIntrinsicID() != llvm::Intrinsic::roundeven) return;
  llvm::IRBuilder<> builder(&conversion);
  conversion.replaceAllUsesWith(rounded_integer(builder, rounded->getArgOperand(0), conversion.getType(), x86));
  conversion.eraseFromParent();
  if (rounded->use_empty()) rounded->eraseFromParent();
}

// WebAssembly's minimum and maximum propagate NaNs of both and order zeros, eight instructions of x86. Its pmin and pmax, a
// comparison and a choice, are one: they give the first where one is NaN, or both are zero.
void choose_extreme(llvm::IntrinsicInst& call, bool greatest) {
  llvm::Value *x = call.getArgOperand(0), *bound = call.getArgOperand(1);
  if (llvm::isa<llvm::Constant>(x)) std::swap(x, bound);
  const llvm::APFloat* known = nullptr;
  const bool constant = llvm::PatternMatch::match(bound, llvm::PatternMatch::m_APFloat(known)) && !known->isNaN();
  const bool any_zero = call.hasNoSignedZeros();
  if (!constant && !(call.hasNoNaNs() && any_zero)) return;
  if (constant && known->isNegZero() && !greatest && !any_zero) return;
  llvm::IRBuilder<> builder(&call);
  // -0 + 0 is 0, and every other number is left as it is.
  if (constant && known->isPosZero() && greatest && !any_zero)
    x = builder.CreateFAdd(x, llvm::ConstantFP::get(x->getType(), 0.0));
  replace(call, builder.CreateSelect(greatest ? builder.CreateFCmpOLT(x, bound) : builder.CreateFCmpOLT(bound, x), bound, x));
}

void choose_extremes(llvm::Module& module) {
  for (llvm::Function& function : module) {
    for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
      auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
      if (call == nullptr || !call->getType()->isVectorTy() || !call->getType()->getScalarType()->isFloatTy()) continue;
      const llvm::Intrinsic::ID id = call->getIntrinsicID();
      if (id == llvm::Intrinsic::maximum) choose_extreme(*call, true);
      if (id == llvm::Intrinsic::minimum) choose_extreme(*call, false);
    }
  }
}

bool is_accessed(const llvm::Value& place, const llvm::BasicBlock& block) {
  return llvm::any_of(place.users(), [&](const llvm::User* user) {
    return llvm::getLoadStorePointerOperand(user) == &place && llvm::cast<llvm::Instruction>(user)->getParent() == &block;
  });
}

}  // namespace

void convert_rounded_numbers(llvm::Module& module, const Target& target) {
  const bool x86 = llvm::Triple(target.triple).isX86();
  for (llvm::Function& function : module) {
    llvm::SmallVector<llvm::FPToSIInst*> conversions;
    for (llvm::Instruction& instruction : llvm::instructions(function))
      if (auto* conversion = llvm::dyn_cast<llvm::FPToSIInst>(&instruction); conversion && converts_f32_to_i32(*conversion))
        conversions.push_back(conversion);
    for (llvm::FPToSIInst* conversion : conversions) convert_rounded(*conversion, x86);
  }
}

void select_peepholes(llvm::Module& module, const Target& target) {
  const llvm::Triple triple(target.triple);
  if (triple.isX86() || triple.isRISCV() || triple.isWasm()) convert_rounded_numbers(module, target);
  if (target.widening_multiply_add && !triple.isWasm()) multiply_in_16_bits(module);
  if (!triple.isWasm()) return;
  choose_extremes(module);
  pair_into_dots(module);
}

void add_distances_in_loads(llvm::Module& module) {
  for (llvm::Function& function : module) {
    for (llvm::Instruction& instruction : llvm::instructions(function)) {
      auto* place = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction);
      if (place == nullptr) continue;
      llvm::APInt distance(module.getDataLayout().getIndexTypeSizeInBits(place->getType()), 0);
      const llvm::Value& start = *place->getPointerOperand();
      if (place->accumulateConstantOffset(module.getDataLayout(), distance) && distance.isNonNegative() &&
          is_accessed(*place, *place->getParent()) && is_accessed(start, *place->getParent()))
        place->setIsInBounds(true);
    }
  }
}

}  // namespace fovea
