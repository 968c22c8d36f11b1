// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/ahead_of_time.h"

#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Object/ObjectFile.h>

#include "fovea/codegen/driver/fault_guard.h"
#include "fovea/codegen/driver/kernel_compiler.h"
#include "fovea/codegen/driver/program_plan.h"
#include "fovea/codegen/driver/stages.h"
#include "fovea/codegen/llvm/kernel_pipeline.h"
#include "fovea/codegen/llvm/machine_code.h"
#include "fovea/codegen/llvm/relaxed_dot.h"
#include "fovea/core/error.h"
#include "fovea/core/internal_error.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

using mlir::func::FuncOp;
using Place = KernelOperand::Place;

// An argument of the compiled function: an input, by its index among the inputs, or a value that is stored in the object.
struct Argument {
  int64_t input = -1;
  Tensor value;
};

Tensor value_of(const Graph::Argument& argument, const std::map<std::string, Tensor>& values) {
  const auto found = values.find(argument.name);
  if (found == values.end()) fail(ErrorCode::not_found, "compile: no value for \"{}\"", argument.name);
  if (found->second.shape() != argument.type.shape || found->second.dtype() != argument.type.dtype) {
    fail("compile: the value of \"{}\" is {} {}, must be {}", argument.name, to_string(found->second.shape()),
         name(found->second.dtype()), to_string(argument.type));
  }
  return found->second;
}

std::vector<Argument> read_arguments(const Graph& graph, const std::map<std::string, Tensor>& values,
                                     DeployedNetwork& network) {
  std::vector<Argument> arguments;
  for (const Graph::Argument& argument : graph.arguments()) {
    if (argument.role == Role::input) {
      arguments.push_back({.input = static_cast<int64_t>(network.inputs.size())});
      network.inputs.push_back({argument.name, argument.type});
    } else {
      arguments.push_back({.value = value_of(argument, values)});
    }
  }
  return arguments;
}

void describe_outputs(const Graph& graph, FuncOp main, DeployedNetwork& network) {
  for (const Graph::Result& result : graph.results()) {
    if (replaced_argument(main, static_cast<unsigned>(network.outputs.size())) >= 0) {
      refuse("\"{}\" changes when the network runs: only networks for inference are compiled ahead of time", result.name);
    }
    network.outputs.push_back({result.name, result.type});
  }
}

// Runs the initializer on this machine, so that hoisted tensors have the same values for every target.
std::vector<Argument> prepare(mlir::ModuleOp module, const Graph& graph, std::vector<Argument>& arguments, int threads) {
  FuncOp initializer = initializer_of(module);
  if (!initializer) return {};
  Program program(plan_function(initializer, Target::host(), threads));
  std::vector<Tensor*> read, written;
  for (const ProgramPort& port : program.plan().arguments) {
    const auto argument =
        std::ranges::find_if(graph.arguments(), [&](const Graph::Argument& known) { return known.name == port.name; });
    read.push_back(&arguments.at(static_cast<size_t>(argument - graph.arguments().begin())).value);
  }
  std::vector<Argument> hoisted;
  for (const ProgramPort& port : program.plan().results) hoisted.push_back({.value = Tensor(port.shape, port.dtype)});
  for (Argument& tensor : hoisted) written.push_back(&tensor.value);
  ThreadPool pool(threads);
  program.run(read, written, pool);
  return hoisted;
}

// The object's module: kernels, weights, and the function that calls the kernels.
class ObjectModule {
 public:
  ObjectModule(const Target& target, const std::string& name) : target_(target), module_(name, context_), linker_(module_) {
    set_target(module_, target_);
  }

  void add_kernel(const KernelBitcode& kernel) {
    if (module_.getFunction(kernel.function) != nullptr) return;
    auto parsed = llvm::parseBitcodeFile(llvm::MemoryBufferRef(kernel.bytes, kernel.function), context_);
    if (!parsed) fail("compile: {}", llvm::toString(parsed.takeError()));
    if (linker_.linkInModule(std::move(*parsed))) fail("compile: kernel {} does not link", kernel.function);
    llvm::Function* function = module_.getFunction(kernel.function);
    function->setLinkage(llvm::GlobalValue::InternalLinkage);
    function->addFnAttr(llvm::Attribute::NoInline);
  }

  llvm::Constant* add_weights(const Tensor& tensor) {
    bytes_ += static_cast<int64_t>(tensor.bytes());
    const llvm::StringRef bytes(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes());
    llvm::Constant* data = llvm::ConstantDataArray::getRaw(bytes, bytes.size(), llvm::Type::getInt8Ty(context_));
    auto* global =
        new llvm::GlobalVariable(module_, data->getType(), true, llvm::GlobalValue::InternalLinkage, data, "weights");
    global->setAlignment(llvm::Align(arena_alignment));
    return global;
  }

  llvm::LLVMContext& context() { return context_; }
  llvm::Module& module() { return module_; }
  int64_t weight_bytes() const { return bytes_; }
  std::string emit_object() {
    const LlvmDiagnosticCollector diagnostics(context_);
    define_memory_functions(module_, target_);
    set_target(module_, target_);
    std::string object = emit(module_, target_, CodeKind::object);
    diagnostics.check();
    return object;
  }

 private:
  const Target& target_;
  llvm::LLVMContext context_;
  llvm::Module module_;
  llvm::Linker linker_;
  int64_t bytes_ = 0;
};

// Writes NAME_run.
class RunFunction {
 public:
  RunFunction(ObjectModule& object, const std::string& name, size_t inputs, size_t outputs)
      : builder_(object.context()), object_(object) {
    llvm::Type* pointer = builder_.getPtrTy();
    auto* type = llvm::FunctionType::get(builder_.getInt32Ty(), {pointer, pointer, pointer}, false);
    function_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name + "_run", object.module());
    builder_.SetInsertPoint(llvm::BasicBlock::Create(object.context(), "entry", function_));
    refused_ = llvm::BasicBlock::Create(object.context(), "refused", function_);
    // The elements of the arrays are loaded only after the arrays are known not to be null.
    require(builder_.CreateIsNotNull(function_->getArg(0)));
    require(builder_.CreateIsNotNull(function_->getArg(1)));
    llvm::Value* address = builder_.CreatePtrToInt(function_->getArg(2), builder_.getInt64Ty());
    require(builder_.CreateICmpNE(address, builder_.getInt64(0)));
    require(builder_.CreateICmpEQ(builder_.CreateAnd(address, arena_alignment - 1), builder_.getInt64(0)));
    for (size_t i = 0; i < inputs; ++i) inputs_.push_back(load(0, i));
    for (size_t i = 0; i < outputs; ++i) outputs_.push_back(load(1, i));
  }

  llvm::Value* input(int64_t index, int64_t offset) { return after(inputs_.at(static_cast<size_t>(index)), offset); }
  llvm::Value* output(int64_t index, int64_t offset) { return after(outputs_.at(static_cast<size_t>(index)), offset); }
  llvm::Value* arena(int64_t offset) { return after(function_->getArg(2), offset); }
  llvm::Value* after(llvm::Value* start, int64_t offset) {
    if (offset == 0) return start;
    return builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), start, static_cast<uint64_t>(offset));
  }

  void call(const std::string& name, llvm::ArrayRef<llvm::Value*> arguments) {
    llvm::Function* function = object_.module().getFunction(name);
    if (!has_relaxed_dots(*function)) {
      builder_.CreateCall(function, arguments);
      return;
    }
    llvm::Function*& defined = defined_[function];
    if (defined == nullptr) defined = with_exact_dots(*function);
    if (fast_ == nullptr) fast_ = relaxed_dots_are_exact(builder_);
    auto block = [&] { return llvm::BasicBlock::Create(object_.context(), "", function_, refused_); };
    llvm::BasicBlock *fast = block(), *slow = block(), *next = block();
    builder_.CreateCondBr(fast_, fast, slow);
    for (auto [place, kernel] : {std::pair(fast, function), std::pair(slow, defined)}) {
      builder_.SetInsertPoint(place);
      builder_.CreateCall(kernel, arguments);
      builder_.CreateBr(next);
    }
    builder_.SetInsertPoint(next);
  }

  void finish() {
    builder_.CreateRet(builder_.getInt32(0));
    builder_.SetInsertPoint(refused_);
    builder_.CreateRet(builder_.getInt32(1));
  }

 private:
  void require(llvm::Value* condition) {
    llvm::BasicBlock* next = llvm::BasicBlock::Create(object_.context(), "", function_, refused_);
    builder_.CreateCondBr(condition, next, refused_);
    builder_.SetInsertPoint(next);
  }

  llvm::Value* load(unsigned argument, size_t index) {
    llvm::Type* pointer = builder_.getPtrTy();
    llvm::Value* loaded =
        builder_.CreateLoad(pointer, builder_.CreateConstInBoundsGEP1_64(pointer, function_->getArg(argument), index));
    require(builder_.CreateIsNotNull(loaded));
    return loaded;
  }

  llvm::IRBuilder<> builder_;
  ObjectModule& object_;
  llvm::Function* function_ = nullptr;
  llvm::BasicBlock* refused_ = nullptr;
  std::vector<llvm::Value*> inputs_, outputs_;
  llvm::Value* fast_ = nullptr;                         // whether relaxed products are exact on the engine that runs this
  std::map<llvm::Function*, llvm::Function*> defined_;  // from kernels with relaxed products to their copies without
};

// The weights of the object. Each is added when a call first reads it, so a weight that no kernel reads is left out.
class Weights {
 public:
  explicit Weights(ObjectModule& object) : object_(object) {}
  llvm::Constant* of(const Tensor& tensor) {
    llvm::Constant*& constant = made_[tensor.raw()];
    if (constant == nullptr) constant = object_.add_weights(tensor);
    return constant;
  }

 private:
  ObjectModule& object_;
  std::map<const std::byte*, llvm::Constant*> made_;
};

void write_run(const FusedFunction& function, const BufferAssignment& assignment, const std::vector<Argument>& arguments,
               const std::map<std::string, KernelBitcode>& kernels, ObjectModule& object, const DeployedNetwork& network) {
  RunFunction run(object, network.name, network.inputs.size(), network.outputs.size());
  Weights weights(object);
  for (size_t i = 0; i < function.calls.size(); ++i) {
    llvm::SmallVector<llvm::Value*> operands;
    for (const KernelOperand& operand : assignment.operands[i]) {
      const auto index = static_cast<size_t>(operand.index);
      switch (operand.place) {
        case Place::argument:
        case Place::hoisted:  // assign_buffers counts hoisted tensors as arguments
          operands.push_back(arguments[index].input >= 0 ? run.input(arguments[index].input, operand.offset)
                                                         : run.after(weights.of(arguments[index].value), operand.offset));
          break;
        case Place::result:
          operands.push_back(run.output(operand.index, operand.offset));
          break;
        case Place::constant:
          operands.push_back(run.after(weights.of(assignment.constants[index]), operand.offset));
          break;
        case Place::arena:
          operands.push_back(run.arena(operand.offset));
          break;
      }
    }
    operands.push_back(run.arena(assignment.scratch_offsets[i]));
    mlir::func::CallOp call = function.calls[i];
    run.call(kernels.at(call.getCallee().str()).function, operands);
  }
  run.finish();
}

std::vector<std::string> undefined_symbols(const std::string& object) {
  auto file = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "object"));
  if (!file) fail("compile: {}", llvm::toString(file.takeError()));
  std::vector<std::string> names;
  for (const llvm::object::SymbolRef& symbol : (*file)->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (!flags || !name) fail("compile: {}", llvm::toString(llvm::joinErrors(flags.takeError(), name.takeError())));
    // The linker defines WebAssembly's stack pointer and the offset table of position-independent code.
    auto type = symbol.getType();
    if (!type) fail("compile: {}", llvm::toString(type.takeError()));
    const bool linkers = (*file)->isWasm() ? *type != llvm::object::SymbolRef::ST_Function : *name == "_GLOBAL_OFFSET_TABLE_";
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) != 0 && !linkers && !name->empty()) names.push_back(name->str());
  }
  return names;
}

// Machine code is generated for the whole network at once. To find the kernel that LLVM fails on, each is compiled by itself.
void report_faulty_kernel(const Graph& graph, const AheadOfTimeOptions& options) {
  guarded([&] {
    const Target target = Target::named(options.triple, options.cpu);
    auto module = kernels_for(target, graph, {.inference = true, .winograd = Winograd::never});
    for (FuncOp kernel : kernels_called_by(network_of(*module))) compile_object(kernel, "kernel", target);
  });
}

DeployedNetwork compiled_ahead_of_time(const Graph& graph, const std::map<std::string, Tensor>& values,
                                       const AheadOfTimeOptions& options) {
  const Target target = Target::named(options.triple, options.cpu);
  const int threads = options.threads > 0 ? options.threads : ThreadPool::available();
  DeployedNetwork network{.name = options.name, .triple = target.triple, .cpu = options.cpu.empty() ? target.cpu : options.cpu};
  std::vector<Argument> arguments = read_arguments(graph, values, network);
  // Transformed filters would make the object up to four times as large.
  auto module = kernels_for(target, graph, {.inference = true, .winograd = Winograd::never});
  FuncOp main = network_of(*module);
  describe_outputs(graph, main, network);
  for (Argument& hoisted : prepare(*module, graph, arguments, threads)) arguments.push_back(std::move(hoisted));

  const auto kernels = kernels_called_by(main);
  const auto compiled = kernels_by_name(kernels, KernelCompiler(target, threads).bitcode(kernels));
  const FusedFunction function = read_fused_function(main);
  std::vector<int64_t> scratch;
  for (mlir::func::CallOp call : function.calls) scratch.push_back(compiled.at(call.getCallee().str()).scratch_bytes);
  const BufferAssignment assignment = assign_buffers(function, scratch);

  ObjectModule object(target, options.name);
  for (const auto& [name, kernel] : compiled) object.add_kernel(kernel);
  write_run(function, assignment, arguments, compiled, object, network);
  network.object = object.emit_object();
  network.needs = undefined_symbols(network.object);
  network.arena_bytes = assignment.arena_bytes;
  network.weight_bytes = object.weight_bytes();
  network.kernels = static_cast<int>(compiled.size());
  return network;
}

}  // namespace

DeployedNetwork compile_ahead_of_time(const Graph& graph, const std::map<std::string, Tensor>& values,
                                      const AheadOfTimeOptions& options) {
  try {
    return guarded_result([&] { return compiled_ahead_of_time(graph, values, options); }, [&] { return graph.text(); });
  } catch (const InternalError&) {
    report_faulty_kernel(graph, options);
    throw;
  }
}

}  // namespace fovea
