// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/kernel_entry.h"

#include <llvm/IR/IRBuilder.h>
#include <mlir/Target/LLVMIR/Export.h>

#include "fovea/codegen/emit/tile_program.h"
#include "fovea/codegen/llvm/machine_code.h"
#include "fovea/codegen/llvm/non_temporal_stores.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

llvm::Value* bytes_after(llvm::IRBuilder<>& builder, llvm::Value* start, int64_t offset) {
  return builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), start, static_cast<uint64_t>(offset));
}

llvm::Function* entry_of(llvm::Module& module, const std::string& name, llvm::ArrayRef<llvm::Type*> types) {
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()), types, false);
  auto* entry = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name, module);
  llvm::BasicBlock::Create(module.getContext(), "entry", entry);
  return entry;
}

// Loads the operand pointers and calls the kernel. The kernel's index type is 64 bits wide on every target.
void add_shared_entry(llvm::Module& module, const TileProgram& program, llvm::Function& kernel, const std::string& name) {
  llvm::IRBuilder<> builder(module.getContext());
  llvm::Type* pointer = builder.getPtrTy();
  llvm::Function* entry = entry_of(module, name, {pointer, builder.getInt64Ty(), builder.getInt64Ty(), pointer});
  builder.SetInsertPoint(&entry->getEntryBlock());
  llvm::SmallVector<llvm::Value*> arguments;
  for (int64_t i = 0; i < program.operands; ++i)
    arguments.push_back(
        builder.CreateLoad(pointer, builder.CreateConstInBoundsGEP1_64(pointer, entry->getArg(0), static_cast<uint64_t>(i))));
  for (const int64_t offset : program.scratch_offsets) arguments.push_back(bytes_after(builder, entry->getArg(3), offset));
  arguments.push_back(entry->getArg(1));
  arguments.push_back(entry->getArg(2));
  if (program.non_temporal.empty())
    builder.CreateCall(&kernel, arguments);
  else
    call_non_temporal(builder, kernel, arguments, program.non_temporal);
  builder.CreateRetVoid();
}

void add_whole_entry(llvm::Module& module, const TileProgram& program, llvm::Function& kernel, const std::string& name) {
  llvm::FunctionAnalysisManager none;  // the pass uses no analysis
  DropNonTemporalPass().run(kernel, none);
  llvm::IRBuilder<> builder(module.getContext());
  const auto operands = static_cast<unsigned>(program.operands);
  const llvm::SmallVector<llvm::Type*> types(operands + 1, builder.getPtrTy());
  llvm::Function* entry = entry_of(module, name, types);
  builder.SetInsertPoint(&entry->getEntryBlock());
  llvm::SmallVector<llvm::Value*> arguments;
  for (unsigned i = 0; i < operands; ++i) arguments.push_back(entry->getArg(i));
  for (const int64_t offset : program.scratch_offsets)
    arguments.push_back(bytes_after(builder, entry->getArg(operands), offset));
  arguments.push_back(builder.getInt64(0));
  arguments.push_back(builder.getInt64(static_cast<uint64_t>(program.tiles)));
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
  kernel.addFnAttr(llvm::Attribute::AlwaysInline);
}

}  // namespace

std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext& context, const std::string& name,
                                        KernelEntry entry, const Target& target) {
  const TileProgram program = read_tile_program(module);
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(module, context, "kernel");
  if (!translated) fail("kernel {}: LLVM's dialect does not translate to LLVM IR", name);
  llvm::Function* kernel = translated->getFunction(program.function);
  if (kernel == nullptr) fail("kernel {}: @{} is not a function of LLVM's dialect", name, program.function);
  kernel->setLinkage(llvm::Function::InternalLinkage);
  // The memory plan lets operands share memory only if a kernel reads and writes each element at the same loop indices
  // (docs/architecture.md, "Memory").
  for (llvm::Argument& argument : kernel->args())
    if (argument.getType()->isPointerTy()) argument.addAttr(llvm::Attribute::NoAlias);
  (entry == KernelEntry::whole ? add_whole_entry : add_shared_entry)(*translated, program, *kernel, name);
  set_target(*translated, target);
  return translated;
}

}  // namespace fovea
