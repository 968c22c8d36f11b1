// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/program_plan.h"

#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/memory/rematerialize.h"
#include "llvm/ADT/SetVector.h"

namespace fovea {

using mlir::func::CallOp;
using mlir::func::FuncOp;

namespace {

// Bytes are signless in the kernels; arguments and results of u8 have an attribute.
ProgramPort port(mlir::DictionaryAttr attributes, mlir::Type type, bool input = true) {
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  const auto name = attributes ? attributes.getAs<mlir::StringAttr>("fovea.name") : mlir::StringAttr();
  const bool is_unsigned = attributes && attributes.contains("fovea.storage");
  return {.name = name ? name.str() : "",
          .shape = Shape(tensor.getShape().begin(), tensor.getShape().end()),
          .dtype = is_unsigned ? DType::u8 : dtype_of(tensor.getElementType()),
          .input = input};
}

// Results follow the operands, except those that overwrite one.
std::vector<KernelOutput> outputs_of(CallOp call, llvm::ArrayRef<int> in_place) {
  std::vector<KernelOutput> outputs;
  size_t next = call.getNumOperands();
  for (auto [over, type] : llvm::zip_equal(in_place, call.getResultTypes())) {
    auto tensor = mlir::cast<mlir::RankedTensorType>(type);
    outputs.push_back(
        {over >= 0 ? static_cast<size_t>(over) : next++, tensor.getNumElements(), dtype_of(tensor.getElementType())});
  }
  return outputs;
}

void add_calls(const FusedFunction& function, BufferAssignment assignment,
               const std::map<std::string, CompiledKernel>& compiled, ProgramPlan& plan) {
  const auto arguments = static_cast<int64_t>(plan.arguments.size());
  for (size_t i = 0; i < function.calls.size(); ++i) {
    CallOp call = function.calls[i];
    const CompiledKernel& code = compiled.at(call.getCallee().str());
    for (KernelOperand& operand : assignment.operands[i]) {
      if (operand.place != KernelOperand::Place::argument || operand.index < arguments) continue;
      operand.place = KernelOperand::Place::hoisted;
      operand.index -= arguments;
    }
    std::vector<KernelOutput> outputs = outputs_of(call, function.list.traits[i].in_place);
    plan.calls.push_back({.name = call.getCallee().str(),
                          .layer = layer_of(call.getLoc()),
                          .function = code.function,
                          .device_kernel = code.device_kernel,
                          .operands = std::move(assignment.operands[i]),
                          .outputs = std::move(outputs),
                          .tiles = code.tiles,
                          .scratch_bytes = code.scratch_bytes,
                          .flops = 2 * function.list.traits[i].multiply_adds,
                          .repeated = call->hasAttr(repeated_call)});
  }
}

}  // namespace

void describe_ports(FuncOp main, ProgramPlan& plan) {
  for (unsigned i = 0; i < main.getNumArguments(); ++i) {
    const llvm::StringRef role = role_of(main, i);
    auto& ports = role == "hoisted" ? plan.hoisted : plan.arguments;
    ports.push_back(port(main.getArgAttrDict(i), main.getArgumentTypes()[i], role == "input"));
  }
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    plan.results.push_back(port(main.getResultAttrDict(i), main.getResultTypes()[i]));
    plan.result_replaces.push_back(replaced_argument(main, i));
  }
}

llvm::SmallVector<FuncOp> kernels_called_by(llvm::ArrayRef<FuncOp> functions) {
  mlir::SymbolTable symbols(FuncOp(functions.front())->getParentOfType<mlir::ModuleOp>());
  llvm::SetVector<mlir::Operation*> kernels;
  for (FuncOp function : functions) {
    for (CallOp call : function.getOps<CallOp>()) kernels.insert(symbols.lookup(call.getCallee()));
  }
  return llvm::map_to_vector(kernels, [](mlir::Operation* kernel) { return mlir::cast<FuncOp>(kernel); });
}

void add_calls(const FusedFunction& function, const std::map<std::string, CompiledKernel>& compiled, ProgramPlan& plan) {
  BufferAssignment assignment = assign_buffers(function);
  plan.arena_bytes = assignment.arena_bytes;
  plan.constants = std::move(assignment.constants);
  add_calls(function, std::move(assignment), compiled, plan);
}

ProgramPlan plan_function(FuncOp function, const Target& target, int threads) {
  ProgramPlan plan;
  describe_ports(function, plan);
  const auto kernels = kernels_called_by(function);
  const std::vector<CompiledKernel> compiled = KernelCompiler(target, threads).compile(kernels, plan.code);
  add_calls(read_fused_function(function), kernels_by_name(kernels, compiled), plan);
  return plan;
}

}  // namespace fovea
