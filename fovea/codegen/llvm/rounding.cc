// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/rounding.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>
#include <llvm/TargetParser/Triple.h>

namespace fovea {
namespace {

void replace(llvm::IntrinsicInst& call, llvm::Value* value) {
  call.replaceAllUsesWith(value);
  call.eraseFromParent();
}

class Rounding {
 public:
  explicit Rounding(llvm::IntrinsicInst& call) : call_(call), builder_(&call), x_(call.getArgOperand(0)) {}

  void floor() {
    llvm::Value* toward_zero = truncated();
    finish(
        builder_.CreateFSub(toward_zero, builder_.CreateSelect(builder_.CreateFCmpOGT(toward_zero, x_), number(1), number(0))));
  }
  void toward_zero() { finish(truncated()); }
  void away_from_zero() {
    llvm::Value* toward_zero = truncated();
    llvm::Value* rest = magnitude(builder_.CreateFSub(x_, toward_zero));
    llvm::Value* next = builder_.CreateFAdd(toward_zero, builder_.CreateCopySign(number(1), x_));
    finish(builder_.CreateSelect(builder_.CreateFCmpOGE(rest, number(0.5)), next, toward_zero));
  }
  // Adding 2^23 leaves no bits below the binary point, and rounds to even as every addition does.
  void to_even() {
    llvm::Value* large = builder_.CreateCopySign(number(whole), x_);
    finish(builder_.CreateFSub(builder_.CreateFAdd(x_, large), large));
  }

 private:
  static constexpr double whole = 8388608;
  llvm::Value* number(double value) { return llvm::ConstantFP::get(x_->getType(), value); }
  llvm::Value* magnitude(llvm::Value* value) { return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value); }
  llvm::Value* truncated() {
    llvm::Type* integer = x_->getType()->getWithNewType(builder_.getInt32Ty());
    return builder_.CreateSIToFP(builder_.CreateFPToSI(x_, integer), x_->getType());
  }
  void finish(llvm::Value* rounded) {
    replace(call_, builder_.CreateSelect(builder_.CreateFCmpOLT(magnitude(x_), number(whole)), rounded, x_));
  }

  llvm::IntrinsicInst& call_;
  llvm::IRBuilder<> builder_;
  llvm::Value* x_;
};

// Replaces a rounding; false if the call is something else, or a rounding that the processor has.
bool expand(llvm::IntrinsicInst& call, bool all) {
  if (!call.getType()->getScalarType()->isFloatTy()) return false;
  switch (call.getIntrinsicID()) {
    case llvm::Intrinsic::round:
      Rounding(call).away_from_zero();
      return true;
    case llvm::Intrinsic::floor:
      if (all) Rounding(call).floor();
      return all;
    case llvm::Intrinsic::trunc:
      if (all) Rounding(call).toward_zero();
      return all;
    case llvm::Intrinsic::roundeven:
    case llvm::Intrinsic::rint:
    case llvm::Intrinsic::nearbyint:
      if (all) Rounding(call).to_even();
      return all;
    default:
      return false;
  }
}

bool converts_f32_to_i32(const llvm::FPToSIInst& conversion) {
  return conversion.getOperand(0)->getType()->getScalarType()->isFloatTy() &&
         conversion.getType()->getScalarType()->isIntegerTy(32);
}

llvm::Value* rounded_integer(llvm::IRBuilder<>& builder, llvm::Value* x, llvm::Type* integers, bool x86) {
  if (x86) return builder.CreateIntrinsic(llvm::Intrinsic::lrint, {integers, x->getType()}, {x});
  constexpr double shift = 12582912;  // 1.5 * 2^23
  constexpr uint32_t shift_bits = 0x4b400000;
  llvm::Value* sum = builder.CreateFAdd(x, llvm::ConstantFP::get(x->getType(), shift));
  return builder.CreateSub(builder.CreateBitCast(sum, integers), llvm::ConstantInt::get(integers, shift_bits));
}

bool convert_rounded(llvm::FPToSIInst& conversion, bool x86) {
  auto* rounded = llvm::dyn_cast<llvm::IntrinsicInst>(conversion.getOperand(0));
  if (rounded == nullptr || rounded->getIntrinsicID() != llvm::Intrinsic::roundeven) return false;
  llvm::IRBuilder<> builder(&conversion);
  conversion.replaceAllUsesWith(rounded_integer(builder, rounded->getArgOperand(0), conversion.getType(), x86));
  conversion.eraseFromParent();
  if (rounded->use_empty()) rounded->eraseFromParent();
  return true;
}

}  // namespace

llvm::PreservedAnalyses ExpandRoundingPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  bool changed = false;
  for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function)))
    if (auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction)) changed |= expand(*call, which_ == Which::all);
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

llvm::PreservedAnalyses ConvertRoundedPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  const bool x86 = llvm::Triple(function.getParent()->getTargetTriple()).isX86();
  llvm::SmallVector<llvm::FPToSIInst*> conversions;
  for (llvm::Instruction& instruction : llvm::instructions(function))
    if (auto* conversion = llvm::dyn_cast<llvm::FPToSIInst>(&instruction); conversion && converts_f32_to_i32(*conversion))
      conversions.push_back(conversion);
  bool changed = false;
  for (llvm::FPToSIInst* conversion : conversions) changed |= convert_rounded(*conversion, x86);
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

}  // namespace fovea
