// SPDX-License-Identifier: Apache-2.0
// The pass convert-fovea-to-linalg: lowers operators to linalg operations (LinalgLoweringOpInterface) and quantized tensors to
// their integers.
#include "fovea/dialect/quantized_types.h"
#include "fovea/passes/passes.h"
#include "mlir/Dialect/Quant/QuantOps.h"

namespace fovea {
#define GEN_PASS_DEF_CONVERTTOLINALGPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;
using quant::StorageCastOp;

bool is_quantized(Value value) {
  const auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return tensor && dialect::is_quantized(tensor.getElementType());
}

RankedTensorType storage_type(Value value) { return dialect::storage_type(cast<RankedTensorType>(value.getType())); }

void replace_operator(dialect::LinalgLoweringOpInterface op) {
  OpBuilder builder(op);
  SmallVector<Value> results(op->getNumResults());
  op.lower_to_linalg(builder, results);
  for (auto [result, lowered] : llvm::zip_equal(op->getResults(), results)) {
    if (!lowered) continue;
    if (lowered.getType() != result.getType()) lowered = builder.create<StorageCastOp>(op.getLoc(), result.getType(), lowered);
    result.replaceAllUsesWith(lowered);
  }
  op->erase();
}

// Arguments and results hold integers. These are signless in code, so those of u8 get an attribute.
void store_ports(func::FuncOp function) {
  if (function.isExternal()) return;
  Block& body = function.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  const StringAttr unsigned_bytes = builder.getStringAttr("u8");
  const auto is_unsigned = [](Value value) { return !dialect::quantization_of(value).is_signed; };
  for (BlockArgument argument : body.getArguments()) {
    if (!is_quantized(argument)) continue;
    if (is_unsigned(argument)) function.setArgAttr(argument.getArgNumber(), "fovea.storage", unsigned_bytes);
    const Type type = argument.getType();
    argument.setType(storage_type(argument));
    auto cast = builder.create<StorageCastOp>(argument.getLoc(), type, argument);
    argument.replaceAllUsesExcept(cast.getResult(), cast);
  }
  Operation* terminator = body.getTerminator();
  builder.setInsertionPoint(terminator);
  for (OpOperand& operand : terminator->getOpOperands()) {
    if (!is_quantized(operand.get())) continue;
    if (is_unsigned(operand.get())) function.setResultAttr(operand.getOperandNumber(), "fovea.storage", unsigned_bytes);
    operand.set(builder.create<StorageCastOp>(operand.get().getLoc(), storage_type(operand.get()), operand.get()));
  }
  function.setFunctionType(builder.getFunctionType(body.getArgumentTypes(), terminator->getOperandTypes()));
}

// Removes the casts between quantized tensors and their integers, which are in pairs everywhere.
void cancel_casts(func::FuncOp function) {
  SmallVector<StorageCastOp> casts;
  function.walk([&](StorageCastOp cast) { casts.push_back(cast); });
  for (StorageCastOp cast : casts) {
    auto inner = cast.getArg().getDefiningOp<StorageCastOp>();
    if (inner && inner.getArg().getType() == cast.getType()) cast.getResult().replaceAllUsesWith(inner.getArg());
  }
  for (StorageCastOp cast : llvm::reverse(casts))
    if (cast->use_empty()) cast->erase();
}

struct ConvertToLinalgPass : impl::ConvertToLinalgPassBase<ConvertToLinalgPass> {
  void runOnOperation() override {
    while (true) {
      SmallVector<dialect::LinalgLoweringOpInterface> operators;
      getOperation().walk([&](dialect::LinalgLoweringOpInterface op) { operators.push_back(op); });
      if (operators.empty()) break;
      for (dialect::LinalgLoweringOpInterface op : operators) replace_operator(op);
    }
    getOperation().walk([&](dialect::GradientsOp op) {
      (void)dialect::complain(op.getLoc(), op.getOperationName(), "has no lowering to linalg: run fovea-differentiate first");
      signalPassFailure();
    });
    store_ports(getOperation());
    cancel_casts(getOperation());
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_convert_to_linalg_pass() { return std::make_unique<ConvertToLinalgPass>(); }

}  // namespace fovea
