// Batch norm at inference joins the convolution before it.
#include <cmath>

#include "fovea/dialect/arithmetic.h"
#include "fovea/passes/passes.h"
#include "mlir/IR/Matchers.h"
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

std::optional<std::vector<double>> constant_values(Value value) {
  DenseElementsAttr elements;
  if (!value || !matchPattern(value, m_Constant(&elements)) || !elements.getElementType().isF32()) return std::nullopt;
  return std::vector<double>(elements.value_begin<float>(), elements.value_end<float>());
}

Value constant(PatternRewriter& rewriter, Location location, RankedTensorType type, ArrayRef<double> values) {
  const SmallVector<float> narrow(values.begin(), values.end());
  return rewriter.create<dialect::ConstantOp>(location, type, DenseElementsAttr::get(type, ArrayRef(narrow)));
}

// Filter and statistics known: the filter is scaled, what is left of the norm is a bias. Filters of conv and dense have the
// output channels last.
struct FoldIntoConstantFilter : OpRewritePattern<dialect::BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(dialect::BatchNormOp norm, PatternRewriter& rewriter) const override {
    const Producer producer = producer_of(norm.getInput());
    // Another reader would need the filter as it was, too.
    if (producer.op == nullptr || isa<dialect::ConvTransposeOp>(producer.op) || !producer.op->hasOneUse()) return failure();
    if (producer.bias && !norm.getInput().hasOneUse()) return failure();
    auto filter = constant_values(producer.op->getOperand(1));
    const auto scale = constant_values(norm.getScale()), shift = constant_values(norm.getShift()),
               mean = constant_values(norm.getMean()), variance = constant_values(norm.getVariance());
    auto bias = constant_values(producer.bias);
    if (!filter || !scale || !shift || !mean || !variance || (producer.bias && !bias)) return failure();
    const size_t channels = scale->size();
    std::vector<double> factor(channels), moved(channels);
    for (size_t channel = 0; channel < channels; ++channel) {
      factor[channel] = (*scale)[channel] / std::sqrt((*variance)[channel] + norm.getEpsilon().convertToDouble());
      moved[channel] = (*shift)[channel] + ((bias ? (*bias)[channel] : 0) - (*mean)[channel]) * factor[channel];
    }
    for (size_t i = 0; i < filter->size(); ++i) (*filter)[i] *= factor[i % channels];
    rewriter.setInsertionPoint(norm);
    Operation* scaled = rewriter.clone(*producer.op);
    scaled->setOperand(1, constant(rewriter, producer.op->getLoc(), type_of(producer.op->getOperand(1)), *filter));
    rewriter.replaceOpWithNewOp<dialect::AddOp>(norm, scaled->getResult(0),
                                                constant(rewriter, norm.getLoc(), type_of(norm.getScale()), moved));
    return success();
  }
};

// Otherwise one multiplication and one addition behind the sum, by numbers computed once a channel: the bias takes part in them
// instead of being an addition an element.
struct ScaleAndShift : OpRewritePattern<dialect::BatchNormOp> {
  ScaleAndShift(MLIRContext* context) : OpRewritePattern(context, /*benefit=*/0) {}
  LogicalResult matchAndRewrite(dialect::BatchNormOp norm, PatternRewriter& rewriter) const override {
    const Producer producer = producer_of(norm.getInput());
    if (producer.op == nullptr) return failure();
    dialect::Arithmetic a(rewriter, norm.getLoc(), norm.getInput());
    Value factor = a.mul(norm.getScale(), a.rsqrt(a.add(norm.getVariance(), norm.getEpsilon().convertToDouble())));
    Value center = producer.bias ? a.sub(norm.getMean(), producer.bias) : norm.getMean();
    Value shift = a.sub(norm.getShift(), a.mul(center, factor));
    rewriter.replaceOp(norm, a.add(a.mul(producer.op->getResult(0), factor), shift));
    return success();
  }
};

struct FoldBatchNormPass : impl::FoldBatchNormPassBase<FoldBatchNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldIntoConstantFilter, ScaleAndShift>(&getContext());
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns)))) signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_fold_batch_norm_pass() { return std::make_unique<FoldBatchNormPass>(); }

}  // namespace fovea
