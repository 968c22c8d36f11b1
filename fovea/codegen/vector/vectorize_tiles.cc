// SPDX-License-Identifier: Apache-2.0
// The pass fovea-vectorize-tiles.
#include <mlir/Dialect/Linalg/Transforms/Transforms.h>
#include <mlir/Dialect/Tensor/Transforms/Transforms.h>
#include <mlir/Dialect/Vector/Transforms/LoweringPatterns.h>
#include <mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h>
#include <mlir/Transforms/GreedyPatternRewriteDriver.h>

#include "fovea/codegen/passes.h"
#include "fovea/codegen/vector/schedule.h"

namespace fovea {

#define GEN_PASS_DEF_VECTORIZETILESPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

using namespace mlir;

// MLIR 19 folds an inserted slice into the vector write that produced it without checking that the write covered the whole
// slice, so what other writes had stored beside the vector would be lost (InsertSliceOfTransferWriteOpFolder of llvm-project).
struct FoldWholeWrites : RewritePattern {
  explicit FoldWholeWrites(std::unique_ptr<RewritePattern> folder)
      : RewritePattern(tensor::InsertSliceOp::getOperationName(), folder->getBenefit(), folder->getContext()),
        folder_(std::move(folder)) {}
  LogicalResult matchAndRewrite(Operation* insertion, PatternRewriter& rewriter) const override {
    auto write = cast<tensor::InsertSliceOp>(insertion).getSource().getDefiningOp<vector::TransferWriteOp>();
    if (!write || write.getMask() || write.hasOutOfBoundsDim() || !write.getShapedType().hasStaticShape() ||
        write.getVectorType().getNumElements() != write.getShapedType().getNumElements())
      return failure();
    return folder_->matchAndRewrite(insertion, rewriter);
  }

 private:
  std::unique_ptr<RewritePattern> folder_;
};

// Folds slices into the vector reads and writes on them, which then access the sliced tensor.
void add_slice_folding(RewritePatternSet& patterns) {
  RewritePatternSet folders(patterns.getContext());
  tensor::populateFoldTensorSubsetIntoVectorTransferPatterns(folders);
  const OperationName insertion(tensor::InsertSliceOp::getOperationName(), patterns.getContext());
  for (std::unique_ptr<RewritePattern>& folder : folders.getNativePatterns()) {
    if (folder->getRootKind() == insertion) folder = std::make_unique<FoldWholeWrites>(std::move(folder));
    patterns.add(std::move(folder));
  }
}

struct VectorizeLinalg : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;
  LogicalResult matchAndRewrite(linalg::LinalgOp operation, PatternRewriter& rewriter) const override {
    return linalg::vectorize(rewriter, operation);
  }
};

void rewrite_functions(ModuleOp module, RewritePatternSet&& patterns) {
  const FrozenRewritePatternSet frozen(std::move(patterns));
  for (auto function : module.getOps<func::FuncOp>()) (void)applyPatternsAndFoldGreedily(function, frozen);
}

void vectorize_linalg(ModuleOp module) {
  MLIRContext* context = module.getContext();
  RewritePatternSet patterns(context);
  patterns.add<VectorizeLinalg>(context);
  vector::populateVectorTransferPermutationMapLoweringPatterns(patterns);
  vector::populateVectorReductionToContractPatterns(patterns);
  vector::populateSinkVectorBroadcastPatterns(patterns);
  vector::TransferReadOp::getCanonicalizationPatterns(patterns, context);
  vector::TransferWriteOp::getCanonicalizationPatterns(patterns, context);
  add_slice_folding(patterns);
  rewrite_functions(module, std::move(patterns));
}

void fold_slices(ModuleOp module) {
  MLIRContext* context = module.getContext();
  RewritePatternSet patterns(context);
  for (Dialect* dialect : context->getLoadedDialects()) dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName operation : context->getRegisteredOperations())
    operation.getCanonicalizationPatterns(patterns, context);
  add_slice_folding(patterns);
  vector::populateCastAwayVectorLeadingOneDimPatterns(patterns);
  rewrite_functions(module, std::move(patterns));
}

class VectorizeTilesPass : public impl::VectorizeTilesPassBase<VectorizeTilesPass> {
 public:
  LogicalResult initialize(MLIRContext* context) override { return schedule_.read(*context); }

  void runOnOperation() override {
    ModuleOp tiles = getOperation();
    if (failed(schedule_.apply("drop_unit_dimensions", tiles))) return signalPassFailure();
    vectorize_linalg(tiles);
    if (failed(schedule_.apply("hoist", tiles))) return signalPassFailure();
    fold_slices(tiles);
  }

 private:
  Schedule schedule_;
};

}  // namespace

std::unique_ptr<mlir::Pass> create_vectorize_tiles_pass() { return std::make_unique<VectorizeTilesPass>(); }

}  // namespace fovea
