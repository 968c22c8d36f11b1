// Operators become formulas (FormulaOpInterface).
#include "fovea/dialect/check.h"
#include "fovea/passes/passes.h"

namespace fovea {
#define GEN_PASS_DEF_FORMULASPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;

struct FormulasPass : impl::FormulasPassBase<FormulasPass> {
  void runOnOperation() override {
    while (true) {
      SmallVector<dialect::FormulaOpInterface> operators;
      getOperation().walk([&](dialect::FormulaOpInterface op) { operators.push_back(op); });
      if (operators.empty()) break;
      for (dialect::FormulaOpInterface op : operators) replace(op);
    }
    getOperation().walk([&](dialect::GradientsOp op) {
      (void)dialect::complain(op.getLoc(), op.getOperationName(), "has no formula: run fovea-differentiate first");
      signalPassFailure();
    });
  }

 private:
  static void replace(dialect::FormulaOpInterface op) {
    OpBuilder builder(op);
    SmallVector<Value> results(op->getNumResults());
    op.formula(builder, results);
    for (auto [result, formula] : llvm::zip_equal(op->getResults(), results))
      if (formula) result.replaceAllUsesWith(formula);
    op->erase();
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_formulas_pass() { return std::make_unique<FormulasPass>(); }

}  // namespace fovea
