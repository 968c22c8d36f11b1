// SPDX-License-Identifier: Apache-2.0
// The pass fovea-bufferize-tiles.
#include <mlir/Transforms/GreedyPatternRewriteDriver.h>

#include "fovea/codegen/passes.h"
#include "fovea/codegen/vector/horizontal_reduction.h"
#include "fovea/codegen/vector/schedule.h"
#include "fovea/codegen/vector/strided_views.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace fovea {

#define GEN_PASS_DEF_BUFFERIZETILESPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

using namespace mlir;

// The stack of a thread may be only 128 KiB (musl's default).
constexpr int64_t largest_frame = 64 << 10;

// Packing becomes a copy between two slices. As a vector load and store it needs no call of memcpy.
struct CopyAsVectors : OpRewritePattern<memref::CopyOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(memref::CopyOp copy, PatternRewriter& rewriter) const override {
    auto type = cast<MemRefType>(copy.getSource().getType());
    if (!type.hasStaticShape()) return failure();
    if (type.getRank() == 0) {
      Value element = rewriter.create<memref::LoadOp>(copy.getLoc(), copy.getSource());
      rewriter.replaceOpWithNewOp<memref::StoreOp>(copy, element, copy.getTarget());
      return success();
    }
    Value zero = rewriter.create<arith::ConstantIndexOp>(copy.getLoc(), 0);
    const SmallVector<Value> origin(static_cast<size_t>(type.getRank()), zero);
    const SmallVector<bool> in_bounds(static_cast<size_t>(type.getRank()), true);
    Value read = rewriter.create<vector::TransferReadOp>(copy.getLoc(), VectorType::get(type.getShape(), type.getElementType()),
                                                         copy.getSource(), origin, ArrayRef<bool>(in_bounds));
    rewriter.create<vector::TransferWriteOp>(copy.getLoc(), read, copy.getTarget(), origin, ArrayRef<bool>(in_bounds));
    rewriter.eraseOp(copy);
    return success();
  }
};

// Reads of elements that are not contiguous: MLIR would assemble the vector in memory, in a loop.
struct ReadNumberByNumber : OpRewritePattern<vector::TransferReadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(vector::TransferReadOp read, PatternRewriter& rewriter) const override {
    const VectorType type = read.getVectorType();
    const auto source = dyn_cast<MemRefType>(read.getSource().getType());
    if (!source || type.getRank() != 1 || read.getMask() || read.hasOutOfBoundsDim()) return failure();
    const auto walked = dyn_cast<AffineDimExpr>(read.getPermutationMap().getResult(0));
    SmallVector<int64_t> strides;
    int64_t offset = 0;
    if (!walked || failed(getStridesAndOffset(source, strides, offset)) || strides[walked.getPosition()] == 1) return failure();
    const Location location = read.getLoc();
    Value vector = rewriter.create<arith::ConstantOp>(location, rewriter.getZeroAttr(type));
    for (int64_t i = 0; i < type.getDimSize(0); ++i) {
      SmallVector<Value> indices(read.getIndices());
      Value& index = indices[walked.getPosition()];
      index = rewriter.create<arith::AddIOp>(location, index, rewriter.create<arith::ConstantIndexOp>(location, i));
      Value number = rewriter.create<memref::LoadOp>(location, read.getSource(), indices);
      vector = rewriter.create<vector::InsertOp>(location, number, vector, ArrayRef<int64_t>{i});
    }
    rewriter.replaceOp(read, vector);
    return success();
  }
};

// The results are in the caller's memory, so nothing is returned.
void drop_results(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    function.getBody().front().getTerminator()->setOperands({});
    function.setType(FunctionType::get(module.getContext(), function.getArgumentTypes(), {}));
    function.removeResAttrsAttr();
  }
}

// A kernel allocates nothing. The buffers that vectorization leaves (partial results too small for whole vectors) are used
// within one step of a loop, and bufferization carries none of them to the next step, so each can have a fixed place in the
// stack frame.
LogicalResult buffers_to_stack(ModuleOp module) {
  int64_t bytes = 0;
  for (auto function : module.getOps<func::FuncOp>()) {
    OpBuilder builder(&function.front(), function.front().begin());
    SmallVector<memref::AllocOp> allocations;
    function.walk([&](memref::AllocOp allocation) { allocations.push_back(allocation); });
    for (memref::AllocOp allocation : allocations) {
      const MemRefType type = allocation.getType();
      if (!type.hasStaticShape()) return allocation.emitError("a kernel needs a buffer of unknown size");
      bytes += type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
      Value place = builder.create<memref::AllocaOp>(allocation.getLoc(), type, allocation.getAlignmentAttr());
      allocation.replaceAllUsesWith(place);
      allocation.erase();
    }
  }
  if (bytes > largest_frame)
    return module.emitError("a kernel needs ") << bytes << " bytes on the stack, more than " << largest_frame;
  return success();
}

class BufferizeTilesPass : public impl::BufferizeTilesPassBase<BufferizeTilesPass> {
 public:
  LogicalResult initialize(MLIRContext* context) override { return schedule_.read(*context); }

  void runOnOperation() override {
    ModuleOp tiles = getOperation();
    if (failed(schedule_.apply("bufferize", tiles))) return signalPassFailure();
    RewritePatternSet copies(&getContext());
    copies.add<CopyAsVectors, ReadNumberByNumber>(&getContext());
    add_horizontal_reduction_pattern(copies);
    add_strided_view_pattern(copies);
    (void)applyPatternsAndFoldGreedily(tiles, std::move(copies));
    drop_results(tiles);
    if (failed(buffers_to_stack(tiles))) signalPassFailure();
  }

 private:
  Schedule schedule_;
};

}  // namespace

std::unique_ptr<mlir::Pass> create_bufferize_tiles_pass() { return std::make_unique<BufferizeTilesPass>(); }

}  // namespace fovea
