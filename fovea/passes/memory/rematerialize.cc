// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/memory/rematerialize.h"

#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/passes.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {
#define GEN_PASS_DECL_REMATERIALIZEPASS
#define GEN_PASS_DEF_REMATERIALIZEPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::Value;
using mlir::func::CallOp;

// Writes the chosen list of calls into the function: existing calls move to their places, and repetitions are copies.
class Rewrite {
 public:
  Rewrite(mlir::func::FuncOp main, const FusedFunction& function, const CallList& list)
      : function_(function), list_(list), builder_(main.getBody().front().getTerminator()), values_(function.values) {
    values_.resize(list.tensors.size());
    for (CallOp call : function.calls) operands_.emplace_back(call.getOperands());
  }

  void run() {
    for (const CallStep& step : list_.steps) place(step, step.results != original(step.call).results);
  }

 private:
  const CallStep& original(int call) const { return function_.list.steps[call]; }

  void place(const CallStep& step, bool repeated) {
    CallOp call = function_.calls[step.call];
    llvm::SmallVector<Value> operands;
    for (auto [i, tensor] : llvm::enumerate(step.operands)) {
      operands.push_back(seen_as(operands_[step.call][i], original(step.call).operands[i], tensor));
    }
    if (repeated) {
      auto copy = mlir::cast<CallOp>(builder_.clone(*call));
      copy->setOperands(operands);
      copy->setAttr(repeated_call, builder_.getUnitAttr());
      for (auto [tensor, result] : llvm::zip(step.results, copy.getResults())) values_[tensor] = result;
    } else {
      call->moveBefore(builder_.getInsertionBlock()->getTerminator());
      call->setOperands(operands);
    }
  }

  // `operand`, a view of the tensor `from`, as the same view of the tensor `to`.
  Value seen_as(Value operand, int from, int to) {
    if (!values_[to]) values_[to] = builder_.clone(*function_.values[from].getDefiningOp())->getResult(0);  // an empty tensor
    if (operand == function_.values[from]) return values_[to];
    Operation* view = operand.getDefiningOp();
    auto [known, fresh] = views_.try_emplace({operand, to});
    if (!fresh) return known->second;
    mlir::IRMapping mapping;
    mapping.map(view->getOperand(0), seen_as(view->getOperand(0), from, to));
    const Value result = builder_.clone(*view, mapping)->getResult(0);
    views_[{operand, to}] = result;
    return result;
  }

  const FusedFunction& function_;
  const CallList& list_;
  mlir::OpBuilder builder_;
  std::vector<Value> values_;                       // for each tensor of the list
  std::vector<llvm::SmallVector<Value>> operands_;  // for each call, as it was
  llvm::DenseMap<std::pair<Value, int>, Value> views_;
};

// Views that the function returns are moved after what they view, which may have moved.
void move_returned_views(mlir::func::FuncOp main) {
  Operation* end = main.getBody().front().getTerminator();
  for (Value returned : end->getOperands()) {
    Operation* before = end;
    for (Operation* view = returned.getDefiningOp(); view && is_view(view); view = view->getOperand(0).getDefiningOp()) {
      view->moveBefore(before);
      before = view;
    }
  }
}

struct RematerializePass : impl::RematerializePassBase<RematerializePass> {
  void runOnOperation() override {
    mlir::func::FuncOp main = network_of(getOperation());
    const Rematerialization chosen = rematerialize(main, read_fused_function(main), bytes);
    if (!chosen.fits) {
      main.emitError() << "needs at least " << chosen.bytes << " bytes between its calls, with rematerialization; "
                       << bytes.getValue() << " are allowed";
      signalPassFailure();
    }
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_rematerialize_pass() { return std::make_unique<RematerializePass>(); }

Rematerialization rematerialize(mlir::func::FuncOp main, const FusedFunction& function, int64_t arena_bytes) {
  Rematerialization chosen = choose_rematerialization(function.list, arena_bytes);
  if (!chosen.fits || chosen.repeated == 0) return chosen;
  Rewrite(main, function, chosen.list).run();
  move_returned_views(main);
  erase_unused(main);
  return chosen;
}

}  // namespace fovea
