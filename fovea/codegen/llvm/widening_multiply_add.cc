// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/widening_multiply_add.h"

#include <llvm/Analysis/ValueTracking.h>
#include <llvm/Analysis/VectorUtils.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicsWebAssembly.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/Local.h>

namespace fovea {
namespace {

using llvm::Value;

constexpr unsigned dot_lanes = 4;  // of i32; the factors have twice as many 16-bit words

bool is_word_sum(const llvm::Value* value) {
  const auto* type = llvm::dyn_cast<llvm::FixedVectorType>(value->getType());
  return type != nullptr && type->getElementType()->isIntegerTy(32) && type->getNumElements() % dot_lanes == 0 &&
         llvm::isa<llvm::BinaryOperator>(value);
}

llvm::BinaryOperator* operation(Value* value, unsigned opcode) {
  auto* binary = llvm::dyn_cast<llvm::BinaryOperator>(value);
  return binary != nullptr && binary->getOpcode() == opcode ? binary : nullptr;
}

// Whether `value`, which was extended from bytes, can be computed in 16 bits.
bool narrows(Value* value, const llvm::DataLayout& layout) {
  if (llvm::ComputeNumSignBits(value, layout) < 17) return false;
  if (llvm::isa<llvm::SExtInst, llvm::ZExtInst>(value))
    return llvm::cast<llvm::CastInst>(value)->getSrcTy()->getScalarSizeInBits() <= 16;
  auto* binary = llvm::dyn_cast<llvm::BinaryOperator>(value);
  return binary != nullptr &&
         (binary->getOpcode() == llvm::Instruction::Add || binary->getOpcode() == llvm::Instruction::Sub) &&
         llvm::isa<llvm::Constant>(binary->getOperand(1)) && narrows(binary->getOperand(0), layout);
}

// The low 16 bits of values that narrows() accepts, computed next to them.
class Words {
 public:
  Value* of(Value* value) {
    Value*& known = made_[value];
    if (known != nullptr) return known;
    Value* word = nullptr;
    auto* instruction = llvm::cast<llvm::Instruction>(value);
    llvm::IRBuilder<> builder(instruction);
    llvm::Type* type = value->getType()->getWithNewType(builder.getInt16Ty());
    if (auto* cast = llvm::dyn_cast<llvm::CastInst>(instruction)) {
      word = builder.CreateIntCast(cast->getOperand(0), type, llvm::isa<llvm::SExtInst>(cast));
    } else {
      auto* binary = llvm::cast<llvm::BinaryOperator>(instruction);
      Value* constant = builder.CreateTrunc(binary->getOperand(1), type);
      word = builder.CreateBinOp(binary->getOpcode(), of(binary->getOperand(0)), constant);
    }
    return made_[value] = word;
  }

 private:
  llvm::DenseMap<Value*, Value*> made_;
};

class Pairing {
 public:
  explicit Pairing(llvm::Function& function) : function_(function), layout_(function.getParent()->getDataLayout()) {}

  // Returns whether anything was paired.
  bool run() {
    llvm::SmallVector<llvm::BinaryOperator*> sums;
    for (llvm::Instruction& instruction : llvm::instructions(function_))
      if (is_word_sum(&instruction) && is_top(instruction)) sums.push_back(llvm::cast<llvm::BinaryOperator>(&instruction));
    bool changed = false;
    for (llvm::BinaryOperator* sum : sums) changed |= rewrite(*sum);
    return changed;
  }

 private:
  static bool is_top(llvm::Instruction& instruction) {
    if (operation(&instruction, llvm::Instruction::Add) == nullptr) return false;
    return !instruction.hasOneUse() || operation(*instruction.user_begin(), llvm::Instruction::Add) == nullptr;
  }

  void terms_of(Value* value, bool top, llvm::SmallVectorImpl<Value*>& others) {
    if (auto* add = operation(value, llvm::Instruction::Add); add != nullptr && (top || add->hasOneUse())) {
      terms_of(add->getOperand(0), false, others);
      terms_of(add->getOperand(1), false, others);
      return;
    }
    auto* product = operation(value, llvm::Instruction::Mul);
    if (product != nullptr && product->hasOneUse() && narrows(product->getOperand(0), layout_) &&
        narrows(product->getOperand(1), layout_)) {
      products_.push_back(product);
    } else {
      others.push_back(value);
    }
  }

  bool rewrite(llvm::BinaryOperator& sum) {
    products_.clear();
    llvm::SmallVector<Value*> others;
    terms_of(&sum, true, others);
    if (products_.empty()) return false;
    llvm::IRBuilder<> builder(&sum);
    Value* total = nullptr;
    auto add = [&](Value* term) { total = total == nullptr ? term : builder.CreateAdd(total, term); };
    for (Value* other : others) add(other);
    for (size_t i = 0; i < products_.size(); i += 2)
      add(dots(builder, *products_[i], i + 1 < products_.size() ? products_[i + 1] : nullptr));
    sum.replaceAllUsesWith(total);
    llvm::RecursivelyDeleteTriviallyDeadInstructions(&sum);
    return true;
  }

  // The dot products of first + second; of `first` alone, its factors are interleaved with zeros.
  Value* dots(llvm::IRBuilder<>& builder, llvm::BinaryOperator& first, llvm::BinaryOperator* second) {
    auto factor = [&](llvm::BinaryOperator* product, unsigned side) -> Value* {
      if (product != nullptr) return words_.of(product->getOperand(side));
      return llvm::Constant::getNullValue(first.getType()->getWithNewType(builder.getInt16Ty()));
    };
    Value* sides[2][2] = {{factor(&first, 0), factor(second, 0)}, {factor(&first, 1), factor(second, 1)}};
    const unsigned lanes = llvm::cast<llvm::FixedVectorType>(first.getType())->getNumElements();
    llvm::SmallVector<Value*> parts;
    for (unsigned at = 0; at < lanes; at += dot_lanes) {
      llvm::SmallVector<int> order;
      for (unsigned i = at; i < at + dot_lanes; ++i) order.append({static_cast<int>(i), static_cast<int>(lanes + i)});
      Value* left = builder.CreateShuffleVector(sides[0][0], sides[0][1], order);
      Value* right = builder.CreateShuffleVector(sides[1][0], sides[1][1], order);
      parts.push_back(builder.CreateIntrinsic(llvm::Intrinsic::wasm_dot, {}, {left, right}));
    }
    return llvm::concatenateVectors(builder, parts);
  }

  llvm::Function& function_;
  const llvm::DataLayout& layout_;
  llvm::SmallVector<llvm::BinaryOperator*> products_;
  Words words_;
};

}  // namespace

llvm::PreservedAnalyses NarrowFactorsPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  const llvm::DataLayout& layout = function.getParent()->getDataLayout();
  llvm::SmallVector<llvm::BinaryOperator*> products;
  for (llvm::Instruction& instruction : llvm::instructions(function)) {
    auto* product = operation(&instruction, llvm::Instruction::Mul);
    if (product != nullptr && is_word_sum(product) && narrows(product->getOperand(0), layout) &&
        narrows(product->getOperand(1), layout))
      products.push_back(product);
  }
  Words words;
  for (llvm::BinaryOperator* product : products) {
    llvm::IRBuilder<> builder(product);
    for (unsigned side : {0U, 1U}) {
      Value* word = words.of(product->getOperand(side));
      product->setOperand(side, builder.CreateSExt(word, product->getType()));
    }
  }
  return products.empty() ? llvm::PreservedAnalyses::all() : llvm::PreservedAnalyses::none();
}

llvm::PreservedAnalyses PairIntoDotsPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  return Pairing(function).run() ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

}  // namespace fovea
