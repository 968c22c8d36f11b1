// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/fusion/fuse.h"

#include "fovea/passes/fusion/canonical_shapes.h"
#include "fovea/passes/fusion/clusters.h"
#include "fovea/passes/fusion/insertions.h"
#include "fovea/passes/fusion/normalize.h"
#include "fovea/passes/fusion/outline.h"
#include "fovea/passes/fusion/producer_rematerialization.h"
#include "fovea/passes/fusion/reductions.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace fovea {
#define GEN_PASS_DEF_FUSEPASS
#include "fovea/passes/Passes.h.inc"

namespace {

// Operands that a generic reads twice are merged; unused operands and results are removed.
mlir::LogicalResult drop_unused_operands(mlir::func::FuncOp main) {
  mlir::RewritePatternSet patterns(main.getContext());
  mlir::linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  return mlir::applyPatternsAndFoldGreedily(main, std::move(patterns));
}

// Equal views and initial tensors become one value, so that readers of the same memory are recognized.
void share_equal_values(mlir::func::FuncOp main) {
  erase_unused(main);
  mlir::IRRewriter rewriter(main.getContext());
  mlir::DominanceInfo dominance;
  mlir::eliminateCommonSubExpressions(rewriter, dominance, main);
}

mlir::LogicalResult fuse_function(mlir::func::FuncOp main) {
  inline_constants(main);
  if (mlir::failed(drop_unused_operands(main))) return mlir::failure();
  push_elementwise_into_insertions(main);
  rematerialize_cheap_producers(main);
  fuse_producers(main);
  merge_sibling_reductions(main);
  if (mlir::failed(drop_unused_operands(main))) return mlir::failure();
  canonicalize_shapes(main);
  if (mlir::failed(drop_unused_operands(main))) return mlir::failure();
  pull_elementwise_through_views(main);
  drop_covered_fills(main);
  share_equal_values(main);
  give_own_memory(main);
  outline(main, find_clusters(main));
  return mlir::success();
}

struct FusePass : impl::FusePassBase<FusePass> {
  void runOnOperation() override {
    if (mlir::failed(fuse(getOperation()))) signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_fuse_pass() { return std::make_unique<FusePass>(); }

mlir::LogicalResult fuse(mlir::ModuleOp module) {
  mlir::func::FuncOp main = network_of(module);
  if (!main) return module.emitError("has no function to fuse");
  if (mlir::failed(fuse_function(main))) return mlir::failure();
  mlir::func::FuncOp initializer = initializer_of(module);
  return initializer ? fuse_function(initializer) : mlir::success();
}

}  // namespace fovea
