// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/call_work.h"

#include "fovea/codegen/driver/fault_guard.h"
#include "fovea/codegen/driver/program_plan.h"
#include "fovea/codegen/driver/stages.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/memory/rematerialize.h"

namespace fovea {
namespace {

using mlir::func::CallOp;
using mlir::func::FuncOp;

int64_t tensor_bytes(mlir::Type type) {
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  return tensor.getNumElements() * ((tensor.getElementTypeBitWidth() + 7) / 8);
}

CallWork work_of(FuncOp kernel) {
  CallWork work;
  for (const mlir::BlockArgument argument : kernel.getArguments()) {
    const bool read = llvm::any_of(argument.getUses(), [](mlir::OpOperand& use) {
      auto insertion = mlir::dyn_cast<mlir::tensor::InsertSliceOp>(use.getOwner());
      return !insertion || insertion.getDest() != use.get();
    });
    if (!read) continue;
    work.bytes_read += tensor_bytes(argument.getType());
    if (mlir::getElementTypeOrSelf(argument.getType()).isBF16()) work.products = DType::bf16;
  }
  for (const mlir::Value result : kernel.getBody().front().getTerminator()->getOperands()) {
    auto insertion = result.getDefiningOp<mlir::tensor::InsertSliceOp>();
    work.bytes_written += tensor_bytes(insertion ? insertion.getSource().getType() : result.getType());
  }
  return work;
}

std::vector<CallWork> planned_work(const Graph& graph, const CompileOptions& options) {
  auto module = module_at(graph, Stage::kernels, options);
  FuncOp main = network_of(*module);
  const FusedFunction function = read_fused_function(main);
  mlir::SymbolTable symbols(*module);
  std::vector<CallWork> calls;
  for (size_t i = 0; i < function.calls.size(); ++i) {
    CallOp call = function.calls[i];
    CallWork work = work_of(symbols.lookup<FuncOp>(call.getCallee()));
    work.kernel = call.getCallee().str();
    work.layer = layer_of(call.getLoc());
    work.flops = 2 * function.list.traits[i].multiply_adds;
    if (work.flops == 0) work.products = DType::f32;
    calls.push_back(std::move(work));
  }
  return calls;
}

}  // namespace

std::vector<CallWork> work_of(const Graph& graph, const CompileOptions& options) {
  return guarded_result([&] { return planned_work(graph, options); }, [&] { return graph.text(); });
}

}  // namespace fovea
