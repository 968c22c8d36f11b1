// SPDX-License-Identifier: Apache-2.0
// fovea-opt runs any pass of the project on a file of text, for tests and for looking. It covers the lowering pipeline in four
// steps, each of which reads what the one before it prints.
//
// `fovea-opt FILE PASSES` runs passes on MLIR: those of docs/passes.md and docs/codegen-passes.md.
// `fovea-opt FILE --to-llvm-ir` translates one kernel in LLVM's dialect to LLVM IR, with the function `kernel` that calls it.
// `fovea-opt FILE --llvm-passes=TEXT` runs LLVM's passes and ours (kernel_pipeline.h) on LLVM IR; fovea-kernel is all of them.
// `fovea-opt FILE --to-assembly` translates LLVM IR to machine code as text.
//
// The last three take --triple= and --cpu=, LLVM's names. Without them --to-llvm-ir is for this machine, and the others are for
// the one that the text names. `-` for FILE is standard input.
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <mlir/Parser/Parser.h>
#include <mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h>
#include <mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h>

#include "fovea/codegen/gpu/gpu_module.h"
#include "fovea/codegen/llvm/kernel_entry.h"
#include "fovea/codegen/llvm/kernel_pipeline.h"
#include "fovea/codegen/llvm/machine_code.h"
#include "fovea/codegen/passes.h"
#include "fovea/codegen/vector/schedule.h"
#include "fovea/core/error.h"
#include "fovea/passes/passes.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

namespace fovea {
namespace {

// What is asked for of LLVM; `work` is empty where it is nothing.
struct LlvmRequest {
  std::string work, passes, file = "-", triple, cpu;
};

LlvmRequest read_request(llvm::ArrayRef<const char*> arguments) {
  LlvmRequest request;
  for (const llvm::StringRef argument : arguments)
    if (argument == "--to-llvm-ir" || argument == "--to-assembly" || argument.starts_with("--llvm-passes="))
      request.work = argument.split('=').first.str();
  if (request.work.empty()) return request;
  for (const llvm::StringRef argument : arguments) {
    const auto [name, value] = argument.split('=');
    if (name == "--llvm-passes")
      request.passes = value.str();
    else if (name == "--triple")
      request.triple = value.str();
    else if (name == "--cpu")
      request.cpu = value.str();
    else if (!argument.starts_with("--"))
      request.file = argument.str();
    else if (name != request.work)
      refuse("{} has no {}: a file, --triple=, --cpu=", request.work, argument.str());
  }
  return request;
}

Target target_of(const LlvmRequest& request, const std::string& named = "") {
  const std::string& triple = request.triple.empty() ? named : request.triple;
  return triple.empty() ? Target::host(request.cpu) : Target::named(triple, request.cpu);
}

void print_llvm_ir(const LlvmRequest& request, mlir::DialectRegistry& registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  llvm::SourceMgr sources;
  const mlir::SourceMgrDiagnosticHandler handler(sources, &context);
  const auto module = mlir::parseSourceFile<mlir::ModuleOp>(request.file, sources, &context);
  if (!module) fail("{} cannot be parsed", request.file);
  llvm::LLVMContext llvm_context;
  translate(*module, llvm_context, "kernel", KernelEntry::shared, target_of(request))->print(llvm::outs(), nullptr);
}

void run_llvm(const LlvmRequest& request) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  const std::unique_ptr<llvm::Module> module = llvm::parseIRFile(request.file, problem, context);
  if (!module) {
    problem.print("fovea-opt", llvm::errs());
    fail("{} is not LLVM IR", request.file);
  }
  const Target target = target_of(request, module->getTargetTriple());
  const LlvmDiagnosticCollector diagnostics(context);
  module->setTargetTriple(target.triple);
  module->setDataLayout(machine_for(target)->createDataLayout());
  std::string text;
  if (request.work == "--to-assembly") {
    text = emit(*module, target, CodeKind::assembly);
  } else {
    run_llvm_passes(*module, target, request.passes);
    llvm::raw_string_ostream stream(text);
    module->print(stream, nullptr);
  }
  diagnostics.check();
  llvm::outs() << text;
}

int main_of(int argc, char** argv) {
  mlir::DialectRegistry registry;
  register_dialects(registry);
  register_codegen_dialects(registry);
  register_gpu_dialects(registry);
  const LlvmRequest request = read_request(llvm::ArrayRef<const char*>(argv + 1, static_cast<size_t>(argc - 1)));
  if (request.work == "--to-llvm-ir") {
    print_llvm_ir(request, registry);
  } else if (!request.work.empty()) {
    run_llvm(request);
  } else {
    registerFoveaPasses();
    register_codegen_passes();
    mlir::registerTransformsPasses();
    return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "runs the passes of fovea on MLIR text\n", registry));
  }
  return 0;
}

}  // namespace
}  // namespace fovea

int main(int argc, char** argv) {
  try {
    return fovea::main_of(argc, argv);
  } catch (const std::exception& error) {
    llvm::errs() << "fovea-opt: " << error.what() << "\n";
    return 1;
  }
}
