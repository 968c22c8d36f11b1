#include "fovea/codegen/compile.h"

#include <chrono>

#include "fovea/codegen/kernel_compiler.h"
#include "fovea/codegen/placement.h"
#include "fovea/codegen/stages.h"
#include "fovea/core/error.h"
#include "fovea/passes/structure.h"
#include "fovea/runtime/thread_pool.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

namespace fovea {
namespace {

using mlir::func::CallOp;
using mlir::func::FuncOp;

ProgramPort port(llvm::StringRef name, mlir::Type type) {
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  return {.name = name.str(),
          .shape = Shape(tensor.getShape().begin(), tensor.getShape().end()),
          .dtype = dtype_of(tensor.getElementType())};
}

llvm::StringRef name_of(mlir::StringAttr attribute) { return attribute ? attribute.getValue() : ""; }

void describe_ports(FuncOp main, ProgramPlan& plan) {
  for (unsigned i = 0; i < main.getNumArguments(); ++i) {
    plan.arguments.push_back(
        port(name_of(main.getArgAttrOfType<mlir::StringAttr>(i, "fovea.name")), main.getArgumentTypes()[i]));
  }
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    plan.results.push_back(
        port(name_of(main.getResultAttrOfType<mlir::StringAttr>(i, "fovea.name")), main.getResultTypes()[i]));
    plan.result_replaces.push_back(replaced_argument(main, i));
  }
}

double flops_of(FuncOp kernel) {
  double flops = 0;
  for (auto op : kernel.getBody().front().getOps<mlir::linalg::GenericOp>()) flops += 2 * multiply_adds(op);
  return flops;
}

// The kernels that `main` calls, each once, in the order of their first call.
llvm::SetVector<mlir::Operation*> distinct_kernels(mlir::ModuleOp module, llvm::ArrayRef<CallOp> calls) {
  llvm::SetVector<mlir::Operation*> kernels;
  for (CallOp call : calls) kernels.insert(module.lookupSymbol(CallOp(call).getCallee()));
  return kernels;
}

ProgramPlan plan_program(mlir::ModuleOp module, const Target& target, int threads, CompileReport* report) {
  FuncOp main = network_of(module);
  const auto calls = llvm::to_vector(main.getOps<CallOp>());
  const auto kernels = distinct_kernels(module, calls);
  llvm::SmallVector<FuncOp> functions;
  for (mlir::Operation* kernel : kernels) functions.push_back(mlir::cast<FuncOp>(kernel));

  ProgramPlan plan;
  describe_ports(main, plan);
  Placement placement = place_tensors(main, calls);
  plan.arena_bytes = placement.arena_bytes;
  plan.constants = std::move(placement.constants);

  int from_cache = 0;
  const std::vector<CompiledKernel> compiled = KernelCompiler(target, threads).compile(functions, plan.code, &from_cache);
  for (size_t i = 0; i < calls.size(); ++i) {
    CallOp call = calls[i];
    mlir::Operation* kernel = module.lookupSymbol(call.getCallee());
    const CompiledKernel& code = compiled[static_cast<size_t>(std::distance(kernels.begin(), llvm::find(kernels, kernel)))];
    plan.calls.push_back({.name = call.getCallee().str(),
                          .layer = layer_of(call.getLoc()),
                          .function = code.function,
                          .operands = std::move(placement.operands[i]),
                          .tiles = code.tiles,
                          .scratch_bytes = code.scratch_bytes,
                          .flops = flops_of(mlir::cast<FuncOp>(kernel))});
  }
  if (report) {
    report->kernels = static_cast<int>(functions.size());
    report->from_cache = from_cache;
  }
  return plan;
}

std::string text_of(mlir::Operation* op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, mlir::OpPrintingFlags().elideLargeElementsAttrs(32).useLocalScope());
  stream << "\n";
  return text;
}

// One kernel by name, or all of them.
llvm::SmallVector<FuncOp> chosen_kernels(mlir::ModuleOp module, const std::string& name) {
  llvm::SmallVector<FuncOp> chosen;
  std::vector<std::string> known;
  for (FuncOp kernel : module.getOps<FuncOp>()) {
    if (!kernel->hasAttr("fovea.kernel")) continue;
    known.push_back(kernel.getName().str());
    if (name.empty() || kernel.getName() == name) chosen.push_back(kernel);
  }
  if (chosen.empty() && !name.empty()) refuse_unknown("kernel", name, known);
  return chosen;
}

}  // namespace

Program compile(const Graph& graph, const CompileOptions& options, CompileReport* report) {
  const auto start = std::chrono::steady_clock::now();
  const Target target = Target::host(options.cpu);
  auto module = module_at(graph, Stage::kernels, options.inference);
  Program program(plan_program(*module, target, options.threads > 0 ? options.threads : ThreadPool::available(), report));
  if (report) report->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return program;
}

std::string lower(const Graph& graph, const std::string& stage, const std::string& kernel, const CompileOptions& options) {
  static const std::vector<std::string> after_kernels = {"tiles", "vectors", "llvm", "assembly"};
  if (llvm::is_contained(after_kernels, stage)) {
    const Target target = Target::host(options.cpu);
    auto module = module_at(graph, Stage::kernels, options.inference);
    std::string text;
    for (FuncOp chosen : chosen_kernels(*module, kernel)) text += lower_kernel(chosen, stage, target);
    return text;
  }
  std::vector<std::string> known = stage_names();
  known.insert(known.end(), after_kernels.begin(), after_kernels.end());
  if (!llvm::is_contained(stage_names(), stage)) refuse_unknown("stage", stage, known);
  auto module = module_at(graph, stage_named(stage), options.inference);
  if (stage != "kernels" || kernel.empty()) return text_of(*module);
  std::string text;
  for (FuncOp chosen : chosen_kernels(*module, kernel)) text += text_of(chosen);
  return text;
}

}  // namespace fovea
