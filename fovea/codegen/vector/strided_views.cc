// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/vector/strided_views.h"

#include <mlir/Dialect/MemRef/IR/MemRef.h>

namespace fovea {
namespace {

using namespace mlir;

struct StepsThenDimensions : OpRewritePattern<memref::SubViewOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(memref::SubViewOp view, PatternRewriter& rewriter) const override {
    const MemRefType source = view.getSourceType(), type = view.getType();
    const ArrayRef<int64_t> sizes = view.getStaticSizes();
    // If all dimensions of size 1 are dropped, there is no ambiguity.
    if (source.getRank() == type.getRank() || llvm::count(sizes, 1) + type.getRank() == source.getRank()) return failure();
    if (llvm::all_of(view.getStaticStrides(), [](int64_t stride) { return stride == 1; })) return failure();
    const auto whole =
        cast<MemRefType>(memref::SubViewOp::inferResultType(source, view.getStaticOffsets(), sizes, view.getStaticStrides()));
    Value steps = rewriter.create<memref::SubViewOp>(view.getLoc(), whole, view.getSource(), view.getMixedOffsets(),
                                                     view.getMixedSizes(), view.getMixedStrides());
    const SmallVector<OpFoldResult> zeros(sizes.size(), rewriter.getIndexAttr(0)), ones(sizes.size(), rewriter.getIndexAttr(1));
    rewriter.replaceOpWithNewOp<memref::SubViewOp>(view, type, steps, zeros, view.getMixedSizes(), ones);
    return success();
  }
};

}  // namespace

void add_strided_view_pattern(RewritePatternSet& patterns) { patterns.add<StepsThenDimensions>(patterns.getContext()); }

}  // namespace fovea
