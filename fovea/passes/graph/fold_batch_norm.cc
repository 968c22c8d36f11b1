// SPDX-License-Identifier: Apache-2.0
// The pass fovea-fold-batch-norm: folds batch norm at inference into the convolution or dense layer before it.
#include "fovea/dialect/ops/arithmetic.h"
#include "fovea/passes/known_before_run.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/passes.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace fovea {
#define GEN_PASS_DECL_FOLDBATCHNORMPASS
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

// What is computed from a sum of products, channel by channel: x * factor + shift. The factor is one number or [channels], and
// null for 1; the shift is [channels].
struct Affine {
  Value factor, shift;
};

Affine affine_of(dialect::BatchNormOp norm, Value bias, Value epsilon, PatternRewriter& rewriter) {
  dialect::Arithmetic a(rewriter, norm.getLoc(), norm.getInput());
  Value factor = a.mul(norm.getScale(), a.rsqrt(a.add(norm.getVariance(), epsilon)));
  Value center = bias ? a.sub(norm.getMean(), bias) : norm.getMean();
  return {factor, a.sub(norm.getShift(), a.mul(center, factor))};
}

Value epsilon_of(dialect::BatchNormOp norm, PatternRewriter& rewriter) {
  return dialect::Arithmetic(rewriter, norm.getLoc(), norm.getInput()).number(norm.getEpsilon().convertToDouble());
}

// Whether the filter and the bias of the sum `input` may change: nothing else reads it, and they are known before the run.
bool may_scale(const Producer& producer, Value input) {
  if (producer.op == nullptr || isa<dialect::ConvTransposeOp>(producer.op) || !producer.op->hasOneUse()) return false;
  if (producer.bias && (!input.hasOneUse() || !is_known_before_run(producer.bias))) return false;
  return is_known_before_run(producer.op->getOperand(1));
}

bool has_known_numbers(dialect::BatchNormOp norm) {
  return llvm::all_of(norm->getOperands().drop_front(), is_known_before_run);
}

// Replaces `op` by the sum with a scaled filter and another bias. Filters of conv and dense have the output channels last.
void replace_by_scaled(Operation* op, const Producer& producer, const Affine& affine, Location name,
                       PatternRewriter& rewriter) {
  Value filter = producer.op->getOperand(1);
  if (affine.factor) filter = dialect::Arithmetic(rewriter, name, filter).mul(filter, affine.factor);
  Operation* sum = rewriter.clone(*producer.op);
  sum->setOperand(1, filter);
  rewriter.replaceOpWithNewOp<dialect::AddOp>(op, sum->getResult(0), affine.shift);
}

// Scales the filter, so that only a bias is left of the norm.
struct FoldIntoFilter : OpRewritePattern<dialect::BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(dialect::BatchNormOp norm, PatternRewriter& rewriter) const override {
    const Producer producer = producer_of(norm.getInput());
    if (!may_scale(producer, norm.getInput()) || !has_known_numbers(norm)) return failure();
    const Affine affine = affine_of(norm, producer.bias, epsilon_of(norm, rewriter), rewriter);
    replace_by_scaled(norm, producer, affine, producer.op->getLoc(), rewriter);
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
    const Affine affine = affine_of(norm, producer.bias, epsilon_of(norm, rewriter), rewriter);
    dialect::Arithmetic a(rewriter, norm.getLoc(), norm.getInput());
    rewriter.replaceOp(norm, a.add(a.mul(producer.op->getResult(0), affine.factor), affine.shift));
    return success();
  }
};

// What follows is for networks whose tensors are then computed by value, as those of files are (option `by-value`).

// Epsilon with all its digits: a constant of f64 that is cast.
Value exact_epsilon_of(dialect::BatchNormOp norm, PatternRewriter& rewriter) {
  const auto type = RankedTensorType::get({}, rewriter.getF64Type());
  const double epsilon = norm.getEpsilon().convertToDouble();
  Value constant = rewriter.create<dialect::ConstantOp>(norm.getLoc(), type, DenseElementsAttr::get(type, ArrayRef(epsilon)));
  auto element = type_of(norm.getInput()).getElementType();
  return rewriter.create<dialect::CastOp>(norm.getLoc(), RankedTensorType::get({}, element), constant, TypeAttr::get(element));
}

Location named(const Twine& name, MLIRContext* context) { return NameLoc::get(StringAttr::get(context, name)); }

// The location of a tensor that is computed is its name. What replaces a tensor has that tensor's name.
std::string tensor_name(Value tensor) {
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    auto main = cast<func::FuncOp>(argument.getOwner()->getParentOp());
    if (auto name = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "fovea.name")) return name.str();
  }
  return tensor.getDefiningOp<dialect::ConstantOp>() ? "" : layer_of(tensor.getLoc());
}

std::string filter_name(const Producer& producer) {
  std::string name = tensor_name(producer.op->getOperand(1));
  return name.empty() ? layer_of(producer.op->getLoc()) + ".weight" : name;
}

// The name of the bias of a layer with that filter: "conv1.bias" for "conv1.weight".
std::string with_suffix(StringRef filter, StringRef suffix) {
  if (!filter.consume_back(".weight") && filter == "weight") filter = "";
  return filter.empty() ? suffix.str() : (filter + "." + suffix).str();
}

// The name of a new bias: that of the old one, or of the tensor that is added, or one like the filter's.
std::string bias_name(const Producer& producer, Value added) {
  for (Value tensor : {producer.bias, added})
    if (std::string name = tensor ? tensor_name(tensor) : ""; !name.empty()) return name;
  return with_suffix(filter_name(producer), "bias");
}

// A known operand as one number or [channels]; null when it is neither one number nor one for each channel.
Value by_channel(Value value, int64_t channels, dialect::Arithmetic& a) {
  RankedTensorType type = type_of(value);
  if (type.getNumElements() == 1) return a.reshape(value, {});
  if (type.getNumElements() != channels || type.getShape().back() != channels) return {};
  return a.reshape(value, {channels});
}

// What `op` does to the operand at `place`, a sum of products with that bias, or with zeros for one.
template <typename Op>
Affine affine_by(Op, unsigned place, Value bias, Value other, dialect::Arithmetic& a) {
  if constexpr (std::is_same_v<Op, dialect::AddOp>) return {{}, a.add(bias, other)};
  if constexpr (std::is_same_v<Op, dialect::MulOp>) return {other, a.mul(bias, other)};
  if constexpr (std::is_same_v<Op, dialect::DivOp>) {
    Value factor = a.div(1.0, other);
    return {factor, a.mul(bias, factor)};
  }
  if (place == 0) return {{}, a.sub(bias, other)};
  return {a.number(-1), a.sub(other, bias)};
}

// Folds a sum, difference, product or quotient with known numbers, by channel, into the filter and bias before it.
template <typename Op>
struct FoldArithmetic : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter& rewriter) const override {
    for (unsigned place : {0, 1})
      if (succeeded(fold(op, place, rewriter))) return success();
    return failure();
  }

  LogicalResult fold(Op op, unsigned place, PatternRewriter& rewriter) const {
    Value input = op->getOperand(place), other = op->getOperand(1 - place);
    if (std::is_same_v<Op, dialect::DivOp> && place == 1) return failure();
    const Producer producer = producer_of(input);
    if (!may_scale(producer, input) || !is_known_before_run(other) || input.getType() != op.getType()) return failure();
    const int64_t channels = type_of(input).getShape().back();
    const bool is_bias = std::is_same_v<Op, dialect::AddOp> && !producer.bias && is_per_channel(other, channels);
    if (is_bias && place == 0) return failure();  // as a sum with its bias is written
    const std::string name = bias_name(producer, std::is_same_v<Op, dialect::AddOp> ? other : Value());
    dialect::Arithmetic a(rewriter, named(name, op.getContext()), input);
    Affine affine{{}, other};
    if (!is_bias) {
      Value numbers = by_channel(other, channels, a);
      if (!numbers) return failure();
      affine = affine_by(op, place, producer.bias ? producer.bias : zeros(op, channels, rewriter), numbers, a);
    }
    replace_by_scaled(op, producer, affine, named(filter_name(producer), op.getContext()), rewriter);
    return success();
  }

  static Value zeros(Op op, int64_t channels, PatternRewriter& rewriter) {
    auto type = RankedTensorType::get({channels}, type_of(op.getResult()).getElementType());
    return rewriter.create<dialect::ConstantOp>(op.getLoc(), type, cast<DenseElementsAttr>(rewriter.getZeroAttr(type)));
  }
};

struct FoldNorm : OpRewritePattern<dialect::BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(dialect::BatchNormOp norm, PatternRewriter& rewriter) const override {
    const Producer producer = producer_of(norm.getInput());
    if (!may_scale(producer, norm.getInput()) || !has_known_numbers(norm)) return failure();
    Affine affine = affine_of(norm, producer.bias, exact_epsilon_of(norm, rewriter), rewriter);
    affine.shift.setLoc(named(bias_name(producer, {}), getContext()));
    replace_by_scaled(norm, producer, affine, named(filter_name(producer), getContext()), rewriter);
    return success();
  }
};

// A norm that has no sum of products before it becomes one multiplication and one addition, or a depthwise convolution.
struct ReplaceNorm : OpRewritePattern<dialect::BatchNormOp> {
  ReplaceNorm(MLIRContext* context, bool as_convolution) : OpRewritePattern(context), as_convolution_(as_convolution) {}
  LogicalResult matchAndRewrite(dialect::BatchNormOp norm, PatternRewriter& rewriter) const override {
    if (!has_known_numbers(norm)) return failure();
    Affine affine = affine_of(norm, {}, exact_epsilon_of(norm, rewriter), rewriter);
    const std::string layer = layer_of(norm.getLoc());
    const ArrayRef<int64_t> shape = type_of(norm.getInput()).getShape();
    dialect::Arithmetic a(rewriter, norm.getLoc(), norm.getInput());
    const bool as_convolution = as_convolution_ && shape.size() == 4;
    if (as_convolution) affine.factor = a.reshape(affine.factor, {1, 1, 1, shape.back()});
    affine.factor.setLoc(named(with_suffix(layer, "weight"), getContext()));
    affine.shift.setLoc(named(with_suffix(layer, "bias"), getContext()));
    Value product = as_convolution ? convolution(norm, affine.factor, rewriter) : a.mul(norm.getInput(), affine.factor);
    rewriter.replaceOpWithNewOp<dialect::AddOp>(norm, product, affine.shift);
    return success();
  }

  static Value convolution(dialect::BatchNormOp norm, Value filter, PatternRewriter& rewriter) {
    const NamedAttribute groups =
        rewriter.getNamedAttr("groups", rewriter.getI64IntegerAttr(type_of(filter).getShape().back()));
    return rewriter.create<dialect::ConvOp>(norm.getLoc(), ValueRange{norm.getInput(), filter}, ArrayRef(groups));
  }

  bool as_convolution_;
};

struct FoldBatchNormPass : impl::FoldBatchNormPassBase<FoldBatchNormPass> {
  FoldBatchNormPass(const BatchNormFolding& folding) {
    by_value = folding.by_value;
    norms_as_convolutions = folding.norms_as_convolutions;
  }

  void runOnOperation() override {
    MLIRContext* context = &getContext();
    RewritePatternSet patterns(context);
    if (by_value) {
      patterns.add<FoldNorm, FoldArithmetic<dialect::AddOp>, FoldArithmetic<dialect::SubOp>, FoldArithmetic<dialect::MulOp>,
                   FoldArithmetic<dialect::DivOp>>(context);
    } else {
      patterns.add<FoldIntoFilter, ScaleAndShift>(context);
    }
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns)))) return signalPassFailure();
    if (by_value && failed(replace_norms())) signalPassFailure();
  }

  LogicalResult replace_norms() {
    RewritePatternSet patterns(&getContext());
    patterns.add<ReplaceNorm>(&getContext(), norms_as_convolutions);
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns)))) return failure();
    const auto left = getOperation().walk([](dialect::BatchNormOp norm) {
      (void)dialect::complain(norm.getLoc(), norm->getName().getStringRef(), "its parameters are not known before the run");
      return WalkResult::interrupt();
    });
    return failure(left.wasInterrupted());
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_fold_batch_norm_pass(const BatchNormFolding& folding) {
  return std::make_unique<FoldBatchNormPass>(folding);
}

}  // namespace fovea
