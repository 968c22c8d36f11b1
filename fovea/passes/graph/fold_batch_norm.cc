// SPDX-License-Identifier: Apache-2.0
// The pass fovea-fold-batch-norm: folds batch norm at inference into the convolution or dense layer before it.
#include "fovea/dialect/ops/arithmetic.h"
#include "fovea/passes/known_before_run.h"
#include "fovea/passes/passes.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace fovea {
#define GEN_PASS_DEF_FOLDBATCHNORMPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;

RankedTensorType type_of(Value value) { return cast<RankedTensorType>(value.getType()); }

// The operator that multiplies and sums, and the bias between it and the norm.
struct Producer {
  Operation* op = nullptr;
  Value bias;  // [channels], or null
};

bool is_per_channel(Value value, int64_t channels) { return type_of(value).getShape() == ArrayRef<int64_t>{channels}; }

Producer producer_of(Value input) {
  Producer producer;
  if (auto add = input.getDefiningOp<dialect::AddOp>()) {
    for (auto [value, bias] : {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())}) {
      if (!is_per_channel(bias, type_of(input).getShape().back()) || value.getType() != input.getType()) continue;
      producer.bias = bias;
      input = value;
      break;
    }
  }
  Operation* op = input.getDefiningOp();
  if (op != nullptr && isa<dialect::ConvOp, dialect::ConvTransposeOp, dialect::DenseOp>(op)) producer.op = op;
  return producer;
}

// The remaining work of the norm: x * factor + shift, [channels] each.
struct Affine {
  Value factor, shift;
};

Affine affine_of(dialect::BatchNormOp norm, Value bias, PatternRewriter& rewriter) {
  dialect::Arithmetic a(rewriter, norm.getLoc(), norm.getInput());
  Value factor = a.mul(norm.getScale(), a.rsqrt(a.add(norm.getVariance(), norm.getEpsilon().convertToDouble())));
  Value center = bias ? a.sub(norm.getMean(), bias) : norm.getMean();
  return {factor, a.sub(norm.getShift(), a.mul(center, factor))};
}

// Scales the filter, so that only a bias is left of the norm. Filters of conv and dense have the output channels last.
struct FoldIntoFilter : OpRewritePattern<dialect::BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(dialect::BatchNormOp norm, PatternRewriter& rewriter) const override {
    const Producer producer = producer_of(norm.getInput());
    // Another user would need the unscaled sum.
    if (producer.op == nullptr || isa<dialect::ConvTransposeOp>(producer.op) || !producer.op->hasOneUse()) return failure();
    if (producer.bias && !norm.getInput().hasOneUse()) return failure();
    Value filter = producer.op->getOperand(1);
    if (!is_known_before_run(filter) || !llvm::all_of(norm->getOperands().drop_front(), is_known_before_run)) return failure();
    if (producer.bias && !is_known_before_run(producer.bias)) return failure();
    const Affine affine = affine_of(norm, producer.bias, rewriter);
    dialect::Arithmetic a(rewriter, producer.op->getLoc(), filter);
    Value scaled = a.mul(filter, affine.factor);
    Operation* sum = rewriter.clone(*producer.op);
    sum->setOperand(1, scaled);
    rewriter.replaceOpWithNewOp<dialect::AddOp>(norm, sum->getResult(0), affine.shift);
    return success();
  }
};

// Otherwise one multiplication and one addition follow the sum, by numbers that are computed once for each channel and include
// the bias, which therefore costs no addition for each element.
struct ScaleAndShift : OpRewritePattern<dialect::BatchNormOp> {
  ScaleAndShift(MLIRContext* context) : OpRewritePattern(context, /*benefit=*/0) {}
  LogicalResult matchAndRewrite(dialect::BatchNormOp norm, PatternRewriter& rewriter) const override {
    const Producer producer = producer_of(norm.getInput());
    if (producer.op == nullptr) return failure();
    const Affine affine = affine_of(norm, producer.bias, rewriter);
    dialect::Arithmetic a(rewriter, norm.getLoc(), norm.getInput());
    rewriter.replaceOp(norm, a.add(a.mul(producer.op->getResult(0), affine.factor), affine.shift));
    return success();
  }
};

struct FoldBatchNormPass : impl::FoldBatchNormPassBase<FoldBatchNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldIntoFilter, ScaleAndShift>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns)))) signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_fold_batch_norm_pass() { return std::make_unique<FoldBatchNormPass>(); }

}  // namespace fovea
