// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/compile.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "fovea/codegen/driver/device_kernel_compiler.h"
#include "fovea/codegen/driver/fault_guard.h"
#include "fovea/codegen/driver/kernel_compiler.h"
#include "fovea/codegen/driver/program_plan.h"
#include "fovea/codegen/driver/stages.h"
#include "fovea/core/error.h"
#include "fovea/core/process_memory.h"
#include "fovea/device/devices.h"
#include "fovea/device/kernel_target.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/memory/rematerialize.h"
#include "fovea/runtime/thread_pool.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"

namespace fovea {
namespace {

using mlir::func::CallOp;
using mlir::func::FuncOp;

int64_t caller_bytes(const ProgramPlan& plan, const FusedFunction& function) {
  const auto bytes = [](const ProgramPort& port) {
    return element_count(port.shape) * static_cast<int64_t>(byte_size(port.dtype));
  };
  int64_t total = 0;
  for (const ProgramPort& port : plan.arguments) total += bytes(port);
  for (const ProgramPort& port : plan.hoisted) total += bytes(port);
  for (size_t i = 0; i < plan.results.size(); ++i) total += plan.result_replaces[i] < 0 ? bytes(plan.results[i]) : 0;
  for (mlir::arith::ConstantOp constant : function.constants) total += bytes_of(constant);
  return total;
}

std::string gigabytes(int64_t bytes) { return fmt::format("{:.3f} GB", static_cast<double>(bytes) / 1e9); }

[[noreturn]] void refuse_memory(const ProgramMemory& memory, int64_t limit) {
  refuse(
      "this takes at least {} of memory, {} for inputs, parameters and their state, {} for the tensors between layers, with "
      "recomputation, and {} for the threads{}; {} are allowed. A smaller batch takes less",
      gigabytes(memory.bytes()), gigabytes(memory.tensors), gigabytes(memory.arena), gigabytes(memory.scratch),
      memory.process > 0 ? fmt::format(", and {} for the rest of the program", gigabytes(memory.process)) : "",
      gigabytes(limit));
}

// Makes the program fit options.memory by recomputing tensors. `function` is read again after a change.
ProgramMemory fit_memory(FuncOp main, FusedFunction& function, const ProgramPlan& plan, int64_t scratch_bytes,
                         const CompileOptions& options, int threads) {
  ProgramMemory memory{.tensors = caller_bytes(plan, function), .scratch = Program::scratch_bytes(scratch_bytes, threads)};
  memory.unlimited = memory.arena = plan_memory(lifetimes_of(function.list).blocks).bytes;
  if (options.whole_process) {
    release_freed_memory();
    memory.process = std::max<int64_t>(0, resident_bytes() - options.counted) + options.reserved;
  }
  if (options.memory == 0 || memory.bytes() <= options.memory) return memory;
  const Rematerialization chosen =
      rematerialize(main, function, options.memory - memory.tensors - memory.scratch - memory.process);
  memory.arena = chosen.bytes;
  if (!chosen.fits) refuse_memory(memory, options.memory);
  memory.repeated = chosen.repeated;
  memory.multiply_adds = chosen.multiply_adds;
  memory.extra_multiply_adds = chosen.multiply_adds > 0 ? chosen.extra_multiply_adds / chosen.multiply_adds : 0;
  memory.extra_work = chosen.extra_work;
  function = read_fused_function(main);
  return memory;
}

// Every thread has LLVM modules of its own, which take less than this.
int compiling_threads(int64_t memory, int threads) {
  constexpr int64_t each = 64 << 20;
  return static_cast<int>(std::clamp<int64_t>((memory - resident_bytes()) / each, 1, threads));
}

std::shared_ptr<const ProgramPlan> plan_initializer(FuncOp initializer, const std::map<std::string, CompiledKernel>& compiled,
                                                    const std::shared_ptr<void>& code) {
  auto plan = std::make_shared<ProgramPlan>();
  describe_ports(initializer, *plan);
  plan->code = code;
  add_calls(read_fused_function(initializer), compiled, *plan);
  return plan;
}

std::vector<CompiledKernel> compile_for_device(llvm::ArrayRef<FuncOp> kernels, ProgramPlan& plan, int threads,
                                               int* from_cache) {
  plan.device_kernels =
      DeviceKernelCompiler(GpuTarget::of_device(kernel_target(*plan.device)), threads).compile(kernels, from_cache);
  std::vector<CompiledKernel> compiled(kernels.size());
  for (size_t i = 0; i < compiled.size(); ++i) compiled[i].device_kernel = static_cast<int64_t>(i);
  return compiled;
}

ProgramPlan plan_program(mlir::ModuleOp module, const Target& target, std::shared_ptr<Device> device,
                         const CompileOptions& options, int threads, CompileReport& report) {
  FuncOp main = network_of(module);
  FusedFunction function = read_fused_function(main);
  llvm::SmallVector<FuncOp> functions{main};
  if (FuncOp initializer = initializer_of(module)) functions.push_back(initializer);
  const auto kernels = kernels_called_by(functions);
  ProgramPlan plan;
  plan.device = std::move(device);
  describe_ports(main, plan);
  const int compilers = options.whole_process ? compiling_threads(options.memory, threads) : threads;
  const std::vector<CompiledKernel> compiled =
      plan.device ? compile_for_device(kernels, plan, compilers, &report.from_cache)
                  : KernelCompiler(target, compilers, options.stop).compile(kernels, plan.code, &report.from_cache);
  report.kernels = static_cast<int>(kernels.size());
  const std::map<std::string, CompiledKernel> by_name = kernels_by_name(kernels, compiled);
  int64_t scratch_bytes = 0;
  for (CallOp call : function.calls) scratch_bytes = std::max(scratch_bytes, by_name.at(call.getCallee().str()).scratch_bytes);
  report.memory = fit_memory(main, function, plan, scratch_bytes, options, threads);
  add_calls(function, by_name, plan);
  if (FuncOp initializer = initializer_of(module)) plan.initializer = plan_initializer(initializer, by_name, plan.code);
  return plan;
}

int threads_of(const CompileOptions& options) { return options.threads > 0 ? options.threads : ThreadPool::available(); }

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
  if (options.dtype != DType::f32 && options.dtype != DType::bf16)
    refuse("networks compute in f32 or bf16, not in {}", name(options.dtype));
  const std::shared_ptr<Device> device = open_device(options.device);
  if (device && options.whole_process) refuse("a limit of the process's memory is for runs on the processor, not on a device");
  CompileReport ours;
  Program program(guarded_result(
      [&] {
        const Target target = device ? Target() : Target::host(options.cpu);
        auto module = device ? module_at(graph, Stage::kernels, options) : kernels_for(target, graph, options);
        return plan_program(*module, target, device, options, threads_of(options), ours);
      },
      [&] { return graph.text(); }));
  ours.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (report) *report = ours;
  release_freed_memory();  // the memory that compiling took would otherwise count beside the tensors
  return program;
}

namespace {

ProgramMemory planned_memory(const Graph& graph, const CompileOptions& options) {
  const Target target = Target::host(options.cpu);
  auto module = kernels_for(target, graph, options);
  FuncOp main = network_of(*module);
  FusedFunction function = read_fused_function(main);
  ProgramPlan plan;
  describe_ports(main, plan);
  const auto kernels = kernels_called_by(main);
  const int threads = threads_of(options);
  return fit_memory(main, function, plan, KernelCompiler(target, threads).scratch_bytes(kernels), options, threads);
}

// The kind of device that a name without a number means; a chip is named as a processor is.
GpuTarget kind_of_device(const CompileOptions& options) {
  const auto chip = [&](GpuCode code, const char* usual) {
    const GpuTarget target = GpuTarget::named(options.cpu.empty() ? usual : options.cpu);
    if (target.code != code) refuse("\"{}\" is no chip for --device {}; {} is one", target.name, options.device, usual);
    return target;
  };
  if (options.device == "cuda") return chip(GpuCode::ptx, "sm_80");
  if (options.device == "hip") return chip(GpuCode::amdgcn, "gfx90a");
  if (options.device == "vulkan") return chip(GpuCode::spirv, "vulkan");
  static const std::vector<std::string> known{"vulkan", "cuda", "hip"};
  refuse_unknown("kind of device", options.device, known);
}

// The stages on the way to a device, up to and after `kernels`.
std::string text_for_device(const Graph& graph, const std::string& stage, const std::string& kernel,
                            const CompileOptions& options) {
  const GpuTarget target = kind_of_device(options);
  const std::vector<std::string>& after = device_stages(target);
  const bool each = llvm::is_contained(after, stage);
  const std::optional<Stage> named = each ? Stage::kernels : stage_named(stage);
  if (!named) {
    std::vector<std::string> known = stage_names();
    known.insert(known.end(), after.begin(), after.end());
    refuse_unknown("stage", stage, known);
  }
  auto module = module_at(graph, *named, options);
  if (!each && (stage != "kernels" || kernel.empty())) return text_of(*module);
  std::string text;
  for (FuncOp chosen : chosen_kernels(*module, kernel))
    text += each ? lower_device_kernel(chosen, stage, target) : text_of(chosen);
  return text;
}

std::string text_at(const Graph& graph, const std::string& stage, const std::string& kernel, const CompileOptions& options,
                    const std::string& triple) {
  static const std::vector<std::string> after_kernels = {"tiles", "vectors", "llvm", "assembly"};
  if (!options.device.empty() && options.device != "cpu") return text_for_device(graph, stage, kernel, options);
  const auto target = [&] { return triple.empty() ? Target::host(options.cpu) : Target::named(triple, options.cpu); };
  if (llvm::is_contained(after_kernels, stage)) {
    const Target machine = target();
    auto module = kernels_for(machine, graph, options);
    std::string text;
    for (FuncOp chosen : chosen_kernels(*module, kernel)) text += lower_kernel(chosen, stage, machine);
    return text;
  }
  const std::optional<Stage> named = stage_named(stage);
  if (!named) {
    std::vector<std::string> known = stage_names();
    known.insert(known.end(), after_kernels.begin(), after_kernels.end());
    refuse_unknown("stage", stage, known);
  }
  auto module = named == Stage::kernels ? kernels_for(target(), graph, options) : module_at(graph, *named, options);
  if (named != Stage::kernels || kernel.empty()) return text_of(*module);
  std::string text;
  for (FuncOp chosen : chosen_kernels(*module, kernel)) text += text_of(chosen);
  return text;
}

}  // namespace

ProgramMemory memory_of(const Graph& graph, const CompileOptions& options) {
  return guarded_result([&] { return planned_memory(graph, options); }, [&] { return graph.text(); });
}

std::string lower(const Graph& graph, const std::string& stage, const std::string& kernel, const CompileOptions& options,
                  const std::string& triple) {
  return guarded_result([&] { return text_at(graph, stage, kernel, options, triple); }, [&] { return graph.text(); });
}

}  // namespace fovea
