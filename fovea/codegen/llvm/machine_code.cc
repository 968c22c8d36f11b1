// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/machine_code.h"

#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Target/TargetOptions.h>
#include <mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Export.h>

#include <mutex>

#include "fovea/codegen/llvm/non_temporal_stores.h"
#include "fovea/codegen/llvm/peephole.h"
#include "fovea/codegen/llvm/sink_broadcasts.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

std::unique_ptr<llvm::TargetMachine> machine_for(const Target& target) {
  std::string reason;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(target.triple, reason);
  if (found == nullptr) fail("no code generator for {}: {}", target.triple, reason);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;  // a * b + c as one multiply-add, the same on every thread
  // A module of WebAssembly has its memory to itself: nothing is placed when it is loaded.
  const llvm::Reloc::Model places = llvm::Triple(target.triple).isWasm() ? llvm::Reloc::Static : llvm::Reloc::PIC_;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(target.triple, target.cpu, target.features, options,
                                                                         places, std::nullopt, llvm::CodeGenOptLevel::Default));
}

llvm::Value* bytes_after(llvm::IRBuilder<>& builder, llvm::Value* start, int64_t offset) {
  return builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), start, static_cast<uint64_t>(offset));
}

llvm::Function* entry_of(llvm::Module& module, const std::string& name, llvm::ArrayRef<llvm::Type*> types) {
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()), types, false);
  auto* entry = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name, module);
  llvm::BasicBlock::Create(module.getContext(), "entry", entry);
  return entry;
}

// Loads the operand pointers and calls the kernel. It counts in the target's index type, which MLIR makes 64 bits wide.
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
  drop_non_temporal_stores(kernel);
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

// Where the processor cannot round (Armv7), or not in this way, LLVM would call the C library for each lane. Numbers of 2^23
// and more are whole.
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
  // Adding 2^23 leaves no bits below the point, and rounds as the processor rounds.
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

// 32-bit Arm, whichever its instruction set, and x86 before SSE4.1.
bool lacks_rounding(const Target& target) {
  const llvm::Triple triple(target.triple);
  return triple.isARM() || triple.isThumb() ||
         (triple.isX86() && !machine_for(target)->getMCSubtargetInfo()->checkFeatures("+sse4.1"));
}

void keep_rounding_inside(llvm::IntrinsicInst& call, bool no_rounding, bool wasm) {
  switch (call.getIntrinsicID()) {
    case llvm::Intrinsic::round:
      if (no_rounding || wasm) Rounding(call).away_from_zero();
      break;
    case llvm::Intrinsic::floor:
      if (no_rounding) Rounding(call).floor();
      break;
    case llvm::Intrinsic::trunc:
      if (no_rounding) Rounding(call).toward_zero();
      break;
    case llvm::Intrinsic::roundeven:
    case llvm::Intrinsic::rint:
    case llvm::Intrinsic::nearbyint:
      if (no_rounding) Rounding(call).to_even();
      break;
    default:
      break;
  }
}

// LLVM orders what WebAssembly's engines then leave as it is: sums after sums, so that all factors of all rows wait in
// registers. In the order of the kernels a row's factors are read, used and forgotten.
class SourceOrder {
 public:
  explicit SourceOrder(const Target& target) {
    if (!llvm::Triple(target.triple).isWasm()) return;
    static std::mutex one_at_a_time;  // the option is the whole program's
    lock_ = std::unique_lock(one_at_a_time);
    option_ = llvm::cl::getRegisteredOptions().lookup("pre-RA-sched");
    if (option_ != nullptr) option_->addOccurrence(0, "pre-RA-sched", "source");
  }
  SourceOrder(const SourceOrder&) = delete;
  SourceOrder& operator=(const SourceOrder&) = delete;
  ~SourceOrder() {
    if (option_ != nullptr) option_->reset();
  }

 private:
  std::unique_lock<std::mutex> lock_;
  llvm::cl::Option* option_ = nullptr;
};

// Intrinsics that would become calls of the C library.
void keep_inside(llvm::Module& module, const Target& target) {
  const bool no_rounding = lacks_rounding(target), wasm = llvm::Triple(target.triple).isWasm();
  const llvm::Triple triple(target.triple);
  if (triple.isARM() || triple.isThumb()) convert_rounded_numbers(module, target);
  for (llvm::Function& function : module) {
    for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
      auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&instruction);
      if (call == nullptr) continue;
      if (call->getIntrinsicID() == llvm::Intrinsic::fma) {
        fuse_where_possible(*call);
      } else if (call->getType()->getScalarType()->isFloatTy()) {
        keep_rounding_inside(*call, no_rounding, wasm);
      }
    }
  }
}

}  // namespace

LlvmDiagnosticCollector::LlvmDiagnosticCollector(llvm::LLVMContext& context) : context_(context) {
  const auto collect = [](const llvm::DiagnosticInfo* diagnostic, void* own) {
    std::string& first = static_cast<LlvmDiagnosticCollector*>(own)->first_;
    if (diagnostic->getSeverity() != llvm::DS_Error || !first.empty()) return;
    llvm::raw_string_ostream stream(first);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    diagnostic->print(printer);
  };
  context_.setDiagnosticHandlerCallBack(collect, this);
}

LlvmDiagnosticCollector::~LlvmDiagnosticCollector() { context_.setDiagnosticHandlerCallBack(nullptr); }

void LlvmDiagnosticCollector::check() const {
  if (!first_.empty()) fail("LLVM: {}", first_);
}

std::unique_ptr<llvm::Module> translate(mlir::ModuleOp module, llvm::LLVMContext& context, const TileProgram& program,
                                        const std::string& kernel_function, const std::string& name, KernelEntry entry,
                                        const Target& target) {
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(module, context, "kernel");
  if (!translated) fail("kernel {}: LLVM's dialect does not translate", name);
  llvm::Function* kernel = translated->getFunction(kernel_function);
  kernel->setLinkage(llvm::Function::InternalLinkage);
  // Operands that a planner lets share memory are read and written at the same element only (docs/architecture.md, "Memory").
  for (llvm::Argument& argument : kernel->args())
    if (argument.getType()->isPointerTy()) argument.addAttr(llvm::Attribute::NoAlias);
  (entry == KernelEntry::whole ? add_whole_entry : add_shared_entry)(*translated, program, *kernel, name);
  keep_inside(*translated, target);
  set_target(*translated, target);
  return translated;
}

void set_target(llvm::Module& module, const Target& target) {
  module.setTargetTriple(target.triple);
  module.setDataLayout(machine_for(target)->createDataLayout());
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    function.addFnAttr("target-cpu", target.cpu);
    if (!target.features.empty()) function.addFnAttr("target-features", target.features);
    function.addFnAttr("prefer-vector-width", std::to_string(target.vector_bytes * 8));
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

void optimize(llvm::Module& module, const Target& target) {
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
  sink_broadcasts(module);
  select_peepholes(module, target);
  if (!llvm::Triple(target.triple).isWasm()) return;
  // What was interleaved once is kept, and pointers are those that the loads will start from.
  llvm::ModulePassManager tidy;
  if (llvm::Error error =
          builder.parsePassPipeline(tidy, "function(early-cse,loop-mssa(licm),loop(loop-reduce),early-cse,adce)"))
    fail("optimize: {}", llvm::toString(std::move(error)));
  modules.clear();
  tidy.run(module, modules);
  add_distances_in_loads(module);
}

std::string emit(llvm::Module& module, const Target& target, CodeKind kind) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  if (kind == CodeKind::bitcode) {
    llvm::WriteBitcodeToFile(module, stream);
    return {bytes.begin(), bytes.end()};
  }
  const std::unique_ptr<llvm::TargetMachine> machine = machine_for(target);
  const SourceOrder order(target);
  llvm::legacy::PassManager passes;
  const auto type = kind == CodeKind::object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if (machine->addPassesToEmitFile(passes, stream, nullptr, type)) fail("cannot emit code for {}", target.triple);
  passes.run(module);
  return {bytes.begin(), bytes.end()};
}

}  // namespace fovea
