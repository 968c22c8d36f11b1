#include "fovea/codegen/machine_code.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Target/TargetOptions.h>
#include <mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Export.h>

#include <mutex>

#include "fovea/core/error.h"

namespace fovea {
namespace {

std::unique_ptr<llvm::TargetMachine> machine_for(const Target& target) {
  std::string reason;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(target.triple, reason);
  if (found == nullptr) fail("no code generator for {}: {}", target.triple, reason);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;  // a * b + c as one multiply-add, the same on every thread
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(
      target.triple, target.cpu, target.features, options, llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Default));
}

// void ENTRY(ptr operands, i64 begin, i64 end, ptr scratch): loads the operand pointers and calls the kernel.
void add_entry(llvm::Module& module, const TileProgram& program, llvm::Function& kernel, const std::string& name) {
  llvm::LLVMContext& context = module.getContext();
  llvm::IRBuilder<> builder(context);
  llvm::Type* pointer = builder.getPtrTy();
  llvm::Type* word = builder.getInt64Ty();
  auto* type = llvm::FunctionType::get(builder.getVoidTy(), {pointer, word, word, pointer}, false);
  auto* entry = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name, module);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "entry", entry));
  llvm::SmallVector<llvm::Value*> arguments;
  for (int64_t i = 0; i < program.operands; ++i)
    arguments.push_back(
        builder.CreateLoad(pointer, builder.CreateConstInBoundsGEP1_64(pointer, entry->getArg(0), static_cast<uint64_t>(i))));
  for (const int64_t offset : program.scratch_offsets)
    arguments.push_back(
        builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), entry->getArg(3), static_cast<uint64_t>(offset)));
  // The kernel counts in the target's index type, which MLIR makes 64 bits wide.
  arguments.push_back(entry->getArg(1));
  arguments.push_back(entry->getArg(2));
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
}

void replace(llvm::IntrinsicInst& call, llvm::Value* value) {
  call.replaceAllUsesWith(value);
  call.eraseFromParent();
}

// A product and a sum are fused where the processor does it: llvm.fma would be a call of fmaf where it does not.
void fuse_where_possible(llvm::IntrinsicInst& call) {
  llvm::IRBuilder<> builder(&call);
  replace(call, builder.CreateIntrinsic(llvm::Intrinsic::fmuladd, {call.getType()},
                                        {call.getArgOperand(0), call.getArgOperand(1), call.getArgOperand(2)}));
}

// Armv7 has no rounding instruction: llvm.floor would be a call of floorf for each lane. Numbers of 2^23 and more are whole.
void floor_by_conversion(llvm::IntrinsicInst& call) {
  llvm::IRBuilder<> builder(&call);
  llvm::Value* x = call.getArgOperand(0);
  llvm::Type* integer = x->getType()->getWithNewType(builder.getInt32Ty());
  llvm::Value* toward_zero = builder.CreateSIToFP(builder.CreateFPToSI(x, integer), x->getType());
  llvm::Value* one = builder.CreateSelect(builder.CreateFCmpOGT(toward_zero, x), llvm::ConstantFP::get(x->getType(), 1.0),
                                          llvm::ConstantFP::get(x->getType(), 0.0));
  llvm::Value* small = builder.CreateFCmpOLT(builder.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x),
                                             llvm::ConstantFP::get(x->getType(), 8388608.0));
  replace(call, builder.CreateSelect(small, builder.CreateFSub(toward_zero, one), x));
}

// Intrinsics that would become calls of the C library.
void keep_inside(llvm::Module& module, const Target& target) {
  const bool no_rounding = llvm::Triple(target.triple).isARM();
  for (llvm::Function& function : module) {
    for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
      auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
      if (call == nullptr) continue;
      if (call->getIntrinsicID() == llvm::Intrinsic::fma) {
        fuse_where_possible(*call);
      } else if (call->getIntrinsicID() == llvm::Intrinsic::floor && no_rounding &&
                 call->getType()->getScalarType()->isFloatTy()) {
        floor_by_conversion(*call);
      }
    }
  }
}

}  // namespace

std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext& context, const TileProgram& program,
                                        const std::string& kernel_function, const std::string& entry, const Target& target) {
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(module, context, "kernel");
  if (!translated) fail("kernel {}: LLVM's dialect does not translate", entry);
  translated->setTargetTriple(target.triple);
  translated->setDataLayout(machine_for(target)->createDataLayout());
  llvm::Function* kernel = translated->getFunction(kernel_function);
  kernel->setLinkage(llvm::Function::InternalLinkage);
  // Operands that a planner lets share memory are read and written at the same element only (docs/architecture.md, "Memory").
  for (llvm::Argument& argument : kernel->args())
    if (argument.getType()->isPointerTy()) argument.addAttr(llvm::Attribute::NoAlias);
  add_entry(*translated, program, *kernel, entry);
  keep_inside(*translated, target);
  for (llvm::Function& function : *translated) {
    if (function.isDeclaration()) continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty()) function.addFnAttr("target-features", target.features);
    function.addFnAttr("prefer-vector-width", std::to_string(target.vector_bytes * 8));
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
  return translated;
}

void optimise(llvm::Module& module, const Target& target) {
  llvm::PipelineTuningOptions tuning;
  // Vectors and unrolling are the schedule's business.
  tuning.LoopVectorization = tuning.SLPVectorization = tuning.LoopUnrolling = tuning.LoopInterleaving = false;
  const std::unique_ptr<llvm::TargetMachine> machine = machine_for(target);
  llvm::PassBuilder builder(machine.get(), tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

std::string emit(llvm::Module& module, const Target& target, CodeKind kind) {
  const std::unique_ptr<llvm::TargetMachine> machine = machine_for(target);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  const auto type = kind == CodeKind::object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, type)) fail("cannot emit code for {}", target.triple);
  passes.run(module);
  return {bytes.begin(), bytes.end()};
}

}  // namespace fovea
