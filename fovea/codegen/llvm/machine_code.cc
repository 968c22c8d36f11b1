// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/machine_code.h"

#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Target/TargetOptions.h>
#include <llvm/TargetParser/Triple.h>

#include <mutex>

#include "fovea/core/error.h"

namespace fovea {
namespace {

// WebAssembly's engines execute instructions in the order of the module. LLVM's scheduler would move all loads of factors
// before the sums, so that the factors of all rows occupy registers. In the order of the kernel, each row's factors are loaded,
// used and dead.
class SourceOrder {
 public:
  explicit SourceOrder(const Target& target) {
    if (!llvm::Triple(target.triple).isWasm()) return;
    static std::mutex one_at_a_time;  // the option belongs to the whole process
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

}  // namespace

std::unique_ptr<llvm::TargetMachine> machine_for(const Target& target) {
  std::string reason;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(target.triple, reason);
  if (found == nullptr) fail("no code generator for {}: {}", target.triple, reason);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;  // a * b + c becomes one multiply-add in every kernel
  // A WebAssembly module has a memory of its own, so nothing is relocated when it is loaded.
  const llvm::Reloc::Model places = llvm::Triple(target.triple).isWasm() ? llvm::Reloc::Static : llvm::Reloc::PIC_;
  return std::unique_ptr<llvm::TargetMachine>(found->createTargetMachine(target.triple, target.cpu, target.features, options,
                                                                         places, std::nullopt, llvm::CodeGenOptLevel::Default));
}

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
