// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/non_temporal_stores.h"

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/Module.h>
#include <llvm/Transforms/Utils/Cloning.h>

namespace fovea {
namespace {

constexpr uint64_t line_bytes = 64;

template <typename Visit>
void each_non_temporal_store(llvm::Function& kernel, Visit visit) {
  for (llvm::Instruction& instruction : llvm::instructions(kernel))
    if (auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction))
      if (store->hasMetadata(llvm::LLVMContext::MD_nontemporal)) visit(*store);
}

}  // namespace

llvm::PreservedAnalyses DropNonTemporalPass::run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
  bool changed = false;
  each_non_temporal_store(function, [&](llvm::StoreInst& store) {
    store.setMetadata(llvm::LLVMContext::MD_nontemporal, nullptr);
    changed = true;
  });
  return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
}

void call_non_temporal(llvm::IRBuilder<>& builder, llvm::Function& kernel, llvm::ArrayRef<llvm::Value*> arguments,
                       llvm::ArrayRef<int64_t> non_temporal) {
  llvm::ValueToValueMapTy same;
  llvm::Function* ordinary = llvm::CloneFunction(&kernel, same);
  ordinary->setName(kernel.getName() + ".ordinary");
  llvm::FunctionAnalysisManager none;  // the pass uses no analysis
  DropNonTemporalPass().run(*ordinary, none);
  each_non_temporal_store(kernel, [](llvm::StoreInst& store) { store.setAlignment(llvm::Align(line_bytes)); });

  llvm::Function* entry = builder.GetInsertBlock()->getParent();
  auto block = [&](const char* name) { return llvm::BasicBlock::Create(builder.getContext(), name, entry); };
  llvm::BasicBlock *past = block("past_caches"), *through = block("through_caches"), *end = block("end");
  llvm::Value* bits = builder.getInt64(0);
  for (const int64_t operand : non_temporal)
    bits = builder.CreateOr(bits, builder.CreatePtrToInt(arguments[static_cast<size_t>(operand)], builder.getInt64Ty()));
  llvm::Value* place = builder.CreateAnd(bits, builder.getInt64(line_bytes - 1));
  builder.CreateCondBr(builder.CreateICmpEQ(place, builder.getInt64(0)), past, through);
  builder.SetInsertPoint(past);
  builder.CreateCall(&kernel, arguments);
  builder.CreateIntrinsic(llvm::Intrinsic::x86_sse_sfence, {}, {});
  builder.CreateBr(end);
  builder.SetInsertPoint(through);
  builder.CreateCall(ordinary, arguments);
  builder.CreateBr(end);
  builder.SetInsertPoint(end);
}

}  // namespace fovea
