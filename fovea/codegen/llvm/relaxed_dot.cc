// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/relaxed_dot.h"

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/IntrinsicsWebAssembly.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Utils/Cloning.h>

#include <array>

namespace fovea {
namespace {

using llvm::Value;

constexpr unsigned lanes = 4, bytes_per_lane = 4;

llvm::IntrinsicInst* relaxed_product(llvm::Instruction& instruction) {
  auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
  const bool relaxed = call != nullptr && call->getIntrinsicID() == llvm::Intrinsic::wasm_relaxed_dot_i8x16_i7x16_add_signed;
  return relaxed ? call : nullptr;
}

// Even and odd bytes are extended to 16 bits separately: a pair of neighbors of either kind, and their sum, belong to one lane.
Value* defined_product(llvm::IRBuilder<>& builder, Value* signed_bytes, Value* unsigned_bytes, Value* sum) {
  auto* words = llvm::FixedVectorType::get(builder.getInt16Ty(), 2 * lanes);
  Value *a = builder.CreateBitCast(signed_bytes, words), *b = builder.CreateBitCast(unsigned_bytes, words);
  Value* even = builder.CreateIntrinsic(llvm::Intrinsic::wasm_dot, {},
                                        {builder.CreateAShr(builder.CreateShl(a, 8), 8), builder.CreateAnd(b, 255)});
  Value* odd = builder.CreateIntrinsic(llvm::Intrinsic::wasm_dot, {}, {builder.CreateAShr(a, 8), builder.CreateLShr(b, 8)});
  return builder.CreateAdd(builder.CreateAdd(sum, even), odd);
}

}  // namespace

bool has_relaxed_dots(const llvm::Function& kernel) {
  return llvm::any_of(llvm::instructions(const_cast<llvm::Function&>(kernel)),
                      [](llvm::Instruction& instruction) { return relaxed_product(instruction) != nullptr; });
}

llvm::PreservedAnalyses ExactDotsPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  bool changed = false;
  for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
    llvm::IntrinsicInst* product = relaxed_product(instruction);
    if (product == nullptr) continue;
    llvm::IRBuilder<> builder(product);
    product->replaceAllUsesWith(
        defined_product(builder, product->getArgOperand(0), product->getArgOperand(1), product->getArgOperand(2)));
    product->eraseFromParent();
    changed = true;
  }
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

llvm::Function* with_exact_dots(llvm::Function& kernel) {
  llvm::ValueToValueMapTy map;
  llvm::Function* copy = llvm::CloneFunction(&kernel, map);
  copy->setName(kernel.getName() + "_defined");
  llvm::FunctionAnalysisManager analyses;
  llvm::PassBuilder().registerFunctionAnalyses(analyses);
  llvm::FunctionPassManager passes;
  passes.addPass(ExactDotsPass());
  passes.addPass(llvm::EarlyCSEPass());  // a factor of several products is split once
  passes.run(*copy, analyses);
  return copy;
}

Value* relaxed_dots_are_exact(llvm::IRBuilder<>& builder) {
  constexpr std::array<int8_t, lanes * bytes_per_lane> first{-128, -128, -128, -128, 127, 127, 127, 127,
                                                             -128, 127,  1,    -1,   5,   -7,  11,  -13};
  constexpr std::array<uint8_t, lanes * bytes_per_lane> second{255, 255, 255, 255, 255, 255, 255, 255,
                                                               255, 128, 129, 254, 1,   127, 128, 200};
  std::array<uint8_t, lanes * bytes_per_lane> bits{};
  std::array<uint32_t, lanes> sums{};
  for (size_t i = 0; i < first.size(); ++i) {
    bits[i] = static_cast<uint8_t>(first[i]);
    sums[i / bytes_per_lane] += static_cast<uint32_t>(first[i] * second[i]);
  }
  llvm::LLVMContext& context = builder.getContext();
  Value* products =
      builder.CreateIntrinsic(llvm::Intrinsic::wasm_relaxed_dot_i8x16_i7x16_add_signed, {},
                              {llvm::ConstantDataVector::get(context, bits), llvm::ConstantDataVector::get(context, second),
                               llvm::ConstantAggregateZero::get(llvm::FixedVectorType::get(builder.getInt32Ty(), lanes))});
  return builder.CreateAndReduce(builder.CreateICmpEQ(products, llvm::ConstantDataVector::get(context, sums)));
}

}  // namespace fovea
