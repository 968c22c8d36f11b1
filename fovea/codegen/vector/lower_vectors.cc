// SPDX-License-Identifier: Apache-2.0
// The pass fovea-lower-vectors.
#include <mlir/Transforms/GreedyPatternRewriteDriver.h>

#include "fovea/codegen/kernel/dot_product_packing.h"
#include "fovea/codegen/passes.h"
#include "fovea/codegen/target/pass_target.h"
#include "fovea/codegen/vector/non_temporal_marks.h"
#include "fovea/codegen/vector/schedule.h"

namespace fovea {

#define GEN_PASS_DECL_LOWERVECTORSPASS
#define GEN_PASS_DEF_LOWERVECTORSPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

using namespace mlir;

// Reads a vector of rank 0 as one element, because the patterns for transfers require that the last stride is 1.
struct ReadAsElement : OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(vector::TransferReadOp read, PatternRewriter& rewriter) const override {
    if (read.getVectorType().getRank() != 0 || !isa<MemRefType>(read.getSource().getType()) || read.getMask()) return failure();
    Value element = rewriter.create<memref::LoadOp>(read.getLoc(), read.getSource(), read.getIndices());
    rewriter.replaceOpWithNewOp<vector::BroadcastOp>(read, read.getVectorType(), element);
    return success();
  }
};

struct WriteAsElement : OpRewritePattern<vector::TransferWriteOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(vector::TransferWriteOp write, PatternRewriter& rewriter) const override {
    if (write.getVectorType().getRank() != 0 || !isa<MemRefType>(write.getSource().getType()) || write.getMask())
      return failure();
    Value element = rewriter.create<vector::ExtractElementOp>(write.getLoc(), write.getVector());
    rewriter.replaceOpWithNewOp<memref::StoreOp>(write, element, write.getSource(), write.getIndices());
    return success();
  }
};

class LowerVectorsPass : public impl::LowerVectorsPassBase<LowerVectorsPass> {
 public:
  explicit LowerVectorsPass(const Target* target) : target_(target) {}

  LogicalResult initialize(MLIRContext* context) override { return schedule_.read(*context); }

  void runOnOperation() override {
    ModuleOp vectors = getOperation();
    if (failed(schedule_.apply("lower", vectors))) return signalPassFailure();
    if (failed(without_exceptions(vectors, [&] { lower_dot_products(vectors, target_.of(triple_, cpu_)); })))
      return signalPassFailure();
    RewritePatternSet elements(&getContext());
    elements.add<ReadAsElement, WriteAsElement>(&getContext());
    (void)applyPatternsAndFoldGreedily(vectors, std::move(elements));
    mark_non_temporal_stores(vectors);
  }

 private:
  PassTarget target_;
  Schedule schedule_;
};

}  // namespace

std::unique_ptr<mlir::Pass> create_lower_vectors_pass(const Target* target) {
  return std::make_unique<LowerVectorsPass>(target);
}

}  // namespace fovea
