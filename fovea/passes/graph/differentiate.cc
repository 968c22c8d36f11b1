// SPDX-License-Identifier: Apache-2.0
// The pass fovea-differentiate: reverse-mode differentiation of one function.
#include <algorithm>

#include "fovea/dialect/ops/arithmetic.h"
#include "fovea/passes/passes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace fovea {
#define GEN_PASS_DEF_DIFFERENTIATEPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;
using dialect::DifferentiableOpInterface;
using dialect::GradientsOp;

// The operators through which the loss depends on one of the values, in program order.
SmallVector<Operation*> active_operators(GradientsOp gradients) {
  llvm::DenseSet<Value> varies(gradients.getWrt().begin(), gradients.getWrt().end());
  SmallVector<Operation*> dependent, active;
  for (Operation& op : *gradients->getBlock()) {
    if (&op == gradients) break;
    if (!llvm::any_of(op.getOperands(), [&](Value operand) { return varies.contains(operand); })) continue;
    dependent.push_back(&op);
    varies.insert(op.result_begin(), op.result_end());
  }
  llvm::DenseSet<Value> wanted{gradients.getLoss()};
  for (Operation* op : llvm::reverse(dependent)) {
    if (!llvm::any_of(op->getResults(), [&](Value result) { return wanted.contains(result); })) continue;
    active.push_back(op);
    for (Value operand : op->getOperands())
      if (varies.contains(operand)) wanted.insert(operand);
  }
  std::reverse(active.begin(), active.end());
  return active;
}

// Propagates gradients from the loss back to the values that it is differentiated by.
class Backpropagation {
 public:
  explicit Backpropagation(GradientsOp gradients) : gradients_(gradients), builder_(gradients) {}

  LogicalResult run() {
    const Value loss = gradients_.getLoss();
    dialect::Arithmetic a(builder_, gradients_.getLoc(), loss);
    sums_[loss] = a.number(1);
    const SmallVector<Operation*> active = active_operators(gradients_);
    for (Operation* op : llvm::reverse(active))
      if (failed(step(op))) return failure();
    for (auto [wrt, output] : llvm::zip_equal(gradients_.getWrt(), gradients_.getOutputs()))
      output.replaceAllUsesWith(gradient_by(wrt));
    gradients_.erase();
    return success();
  }

 private:
  LogicalResult step(Operation* op) {
    SmallVector<Value> output_gradients, operand_gradients(op->getNumOperands());
    for (Value result : op->getResults()) output_gradients.push_back(sums_.lookup(result));
    if (llvm::none_of(output_gradients, [](Value gradient) { return bool(gradient); })) return success();
    auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
    if (!differentiable) return dialect::complain(op->getLoc(), op->getName().getStringRef(), "this operator has no gradient");
    differentiable.differentiate(builder_, output_gradients, operand_gradients);
    for (auto [operand, gradient] : llvm::zip_equal(op->getOperands(), operand_gradients))
      if (gradient) accumulate(operand, gradient);
    return success();
  }

  void accumulate(Value value, Value gradient) {
    Value& sum = sums_[value];
    sum = sum ? builder_.create<dialect::AddOp>(gradient.getLoc(), sum, gradient).getResult() : gradient;
  }

  Value gradient_by(Value wrt) {
    if (Value gradient = sums_.lookup(wrt)) return gradient;
    const auto type = cast<RankedTensorType>(wrt.getType());
    const Attribute zero = builder_.getZeroAttr(type.getElementType());
    return builder_.create<dialect::ConstantOp>(gradients_.getLoc(), type, DenseElementsAttr::get(type, zero));
  }

  GradientsOp gradients_;
  OpBuilder builder_;
  llvm::DenseMap<Value, Value> sums_;
};

// Erases gradients with respect to operands that nothing is differentiated by.
void erase_unused(Block& block) {
  for (Operation& op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op)) op.erase();
}

struct DifferentiatePass : impl::DifferentiatePassBase<DifferentiatePass> {
  void runOnOperation() override {
    SmallVector<GradientsOp> all;
    getOperation().walk([&](GradientsOp gradients) { all.push_back(gradients); });
    for (GradientsOp gradients : all)
      if (failed(Backpropagation(gradients).run())) return signalPassFailure();
    if (all.empty()) return;
    for (Block& block : getOperation().getBody()) erase_unused(block);
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_differentiate_pass() { return std::make_unique<DifferentiatePass>(); }

}  // namespace fovea
