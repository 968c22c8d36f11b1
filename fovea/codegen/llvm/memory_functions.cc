// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/memory_functions.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Module.h>

namespace fovea {
namespace {

constexpr uint64_t written_out = 16;  // bytes that every target stores without a call
constexpr unsigned step = 16;         // bytes of a vector

// Emits for (i = begin; i + width <= size; i += width) body(i), and leaves the builder after the loop. Returns the final i.
template <typename Body>
llvm::Value* loop(llvm::IRBuilder<>& builder, llvm::Value* begin, llvm::Value* size, unsigned width, const Body& body) {
  llvm::Function* function = builder.GetInsertBlock()->getParent();
  llvm::LLVMContext& context = function->getContext();
  llvm::BasicBlock* before = builder.GetInsertBlock();
  llvm::BasicBlock* head = llvm::BasicBlock::Create(context, "", function);
  llvm::BasicBlock* inside = llvm::BasicBlock::Create(context, "", function);
  llvm::BasicBlock* behind = llvm::BasicBlock::Create(context, "", function);
  builder.CreateBr(head);
  builder.SetInsertPoint(head);
  llvm::PHINode* i = builder.CreatePHI(size->getType(), 2);
  i->addIncoming(begin, before);
  llvm::Value* next = builder.CreateAdd(i, llvm::ConstantInt::get(size->getType(), width));
  builder.CreateCondBr(builder.CreateICmpULE(next, size), inside, behind);
  builder.SetInsertPoint(inside);
  body(i);
  i->addIncoming(next, builder.GetInsertBlock());
  builder.CreateBr(head);
  builder.SetInsertPoint(behind);
  return i;
}

llvm::Function* define(llvm::Module& module, const char* name, llvm::ArrayRef<llvm::Type*> types) {
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()), types, false);
  auto* function = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, name, module);
  function->addFnAttr(llvm::Attribute::NoInline);
  llvm::BasicBlock::Create(module.getContext(), "entry", function);
  return function;
}

// void fill(ptr to, i8 value, size)
llvm::Function* fill_function(llvm::Module& module, llvm::Type* size) {
  llvm::IRBuilder<> builder(module.getContext());
  llvm::Function* function = define(module, "fill", {builder.getPtrTy(), builder.getInt8Ty(), size});
  builder.SetInsertPoint(&function->getEntryBlock());
  llvm::Argument* to = function->getArg(0);
  llvm::Argument* value = function->getArg(1);
  llvm::Argument* bytes = function->getArg(2);
  llvm::Value* vector = builder.CreateVectorSplat(step, value);
  auto store = [&](llvm::Value* stored) {
    return [&builder, to, stored](llvm::Value* i) {
      builder.CreateAlignedStore(stored, builder.CreateGEP(builder.getInt8Ty(), to, i), llvm::Align(1));
    };
  };
  llvm::Value* reached = loop(builder, llvm::ConstantInt::get(size, 0), bytes, step, store(vector));
  loop(builder, reached, bytes, 1, store(value));
  builder.CreateRetVoid();
  return function;
}

// void copy(ptr to, ptr from, size), from the first byte to the last
llvm::Function* copy_function(llvm::Module& module, llvm::Type* size) {
  llvm::IRBuilder<> builder(module.getContext());
  llvm::Function* function = define(module, "copy", {builder.getPtrTy(), builder.getPtrTy(), size});
  builder.SetInsertPoint(&function->getEntryBlock());
  llvm::Argument* bytes = function->getArg(2);
  auto move = [&](llvm::Type* type) {
    return [&builder, function, type](llvm::Value* i) {
      llvm::Value* from = builder.CreateGEP(builder.getInt8Ty(), function->getArg(1), i);
      llvm::Value* to = builder.CreateGEP(builder.getInt8Ty(), function->getArg(0), i);
      builder.CreateAlignedStore(builder.CreateAlignedLoad(type, from, llvm::Align(1)), to, llvm::Align(1));
    };
  };
  llvm::Type* vector = llvm::FixedVectorType::get(builder.getInt8Ty(), step);
  llvm::Value* reached = loop(builder, llvm::ConstantInt::get(size, 0), bytes, step, move(vector));
  loop(builder, reached, bytes, 1, move(builder.getInt8Ty()));
  builder.CreateRetVoid();
  return function;
}

bool is_written_out(const llvm::MemIntrinsic& call) {
  const auto* size = llvm::dyn_cast<llvm::ConstantInt>(call.getLength());
  return size != nullptr && size->getZExtValue() <= written_out;
}

}  // namespace

llvm::PreservedAnalyses DefineMemoryFunctionsPass::run(llvm::Module& module, llvm::ModuleAnalysisManager&) {
  llvm::SmallVector<llvm::MemIntrinsic*> calls;
  for (llvm::Function& function : module)
    for (llvm::Instruction& instruction : llvm::instructions(function))
      if (auto* call = llvm::dyn_cast<llvm::MemIntrinsic>(&instruction); call != nullptr && !is_written_out(*call))
        calls.push_back(call);
  llvm::Type* size = module.getDataLayout().getIntPtrType(module.getContext());
  llvm::Function* fill = nullptr;
  llvm::Function* copy = nullptr;
  for (llvm::MemIntrinsic* call : calls) {
    llvm::IRBuilder<> builder(call);
    llvm::Value* bytes = builder.CreateZExtOrTrunc(call->getLength(), size);
    if (auto* set = llvm::dyn_cast<llvm::MemSetInst>(call)) {
      if (fill == nullptr) fill = fill_function(module, size);
      builder.CreateCall(fill, {set->getDest(), set->getValue(), bytes});
    } else if (auto* transfer = llvm::dyn_cast<llvm::MemCpyInst>(call)) {
      if (copy == nullptr) copy = copy_function(module, size);
      builder.CreateCall(copy, {transfer->getDest(), transfer->getSource(), bytes});
    } else {
      module.getContext().emitError(call, "a kernel calls memmove, but slices of one tensor never overlap");
      continue;
    }
    call->eraseFromParent();
  }
  return calls.empty() ? llvm::PreservedAnalyses::all() : llvm::PreservedAnalyses::none();
}

}  // namespace fovea
