// SPDX-License-Identifier: Apache-2.0
// The pass fovea-fold: folds operators on constants, operators without effect, and operators that undo the one before.
#include <cmath>

#include "fovea/passes/passes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace fovea {
#define GEN_PASS_DEF_FOLDPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;

// Operators with larger results are not folded, so that the program does not grow.
constexpr int64_t largest_folded = 1 << 16;

RankedTensorType type_of(Value value) { return cast<RankedTensorType>(value.getType()); }

// The number that all elements of the constant `value` have; nothing for other values.
std::optional<double> repeated_number(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat()) return std::nullopt;
  if (auto number = dyn_cast<FloatAttr>(elements.getSplatValue<Attribute>())) return number.getValueAsDouble();
  return std::nullopt;
}

// Replaces x + 0, x - 0, x * 1 and x / 1 by x, unless broadcasting makes it larger.
template <typename Op>
struct DropNeutralOperand : OpRewritePattern<Op> {
  DropNeutralOperand(MLIRContext* context, double neutral, bool either_side)
      : OpRewritePattern<Op>(context), neutral_(neutral), either_side_(either_side) {}

  LogicalResult matchAndRewrite(Op op, PatternRewriter& rewriter) const override {
    if (repeated_number(op.getRhs()) == neutral_ && op.getLhs().getType() == op.getType()) {
      rewriter.replaceOp(op, op.getLhs());
      return success();
    }
    if (either_side_ && repeated_number(op.getLhs()) == neutral_ && op.getRhs().getType() == op.getType()) {
      rewriter.replaceOp(op, op.getRhs());
      return success();
    }
    return failure();
  }

  double neutral_;
  bool either_side_;
};

struct JoinReshapes : OpRewritePattern<dialect::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(dialect::ReshapeOp op, PatternRewriter& rewriter) const override {
    if (op.getInput().getType() == op.getType()) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    auto before = op.getInput().getDefiningOp<dialect::ReshapeOp>();
    if (!before) return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getInputMutable().assign(before.getInput()); });
    return success();
  }
};

struct DropCast : OpRewritePattern<dialect::CastOp> {
  using OpRewritePattern::OpRewritePattern;
  // Whether every value of `narrow` is a value of `wide`.
  static bool widens(Type narrow, Type wide) {
    auto from = dyn_cast<FloatType>(narrow), to = dyn_cast<FloatType>(wide);
    return from && to && from.getWidth() < to.getWidth();
  }
  LogicalResult matchAndRewrite(dialect::CastOp op, PatternRewriter& rewriter) const override {
    Value input = op.getInput();
    if (input.getType() == op.getType()) {
      rewriter.replaceOp(op, input);
      return success();
    }
    auto before = input.getDefiningOp<dialect::CastOp>();
    if (!before || before.getInput().getType() != op.getType()) return failure();
    if (!widens(type_of(before.getInput()).getElementType(), type_of(input).getElementType())) return failure();
    rewriter.replaceOp(op, before.getInput());
    return success();
  }
};

using Values = std::vector<float>;

std::optional<Values> constant_values(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.getElementType().isF32()) return std::nullopt;
  if (elements.getNumElements() > largest_folded) return std::nullopt;
  return Values(elements.value_begin<float>(), elements.value_end<float>());
}

void replace_by_values(PatternRewriter& rewriter, Operation* op, ArrayRef<float> values) {
  auto type = type_of(op->getResult(0));
  rewriter.replaceOpWithNewOp<dialect::ConstantOp>(op, type, DenseElementsAttr::get(type, values));
}

template <typename Op>
struct FoldUnary : OpRewritePattern<Op> {
  FoldUnary(MLIRContext* context, float (*function)(float)) : OpRewritePattern<Op>(context), function_(function) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter& rewriter) const override {
    auto values = constant_values(op.getInput());
    if (!values) return failure();
    for (float& value : *values) value = function_(value);
    replace_by_values(rewriter, op, *values);
    return success();
  }
  float (*function_)(float);
};

// The index of the operand's element that broadcasting maps to element `at` of the result.
int64_t broadcast_index(int64_t at, ArrayRef<int64_t> result, ArrayRef<int64_t> operand) {
  int64_t index = 0, stride = 1;
  for (size_t i = 0; i < result.size(); ++i) {
    const int64_t size = result[result.size() - 1 - i];
    const int64_t coordinate = at % size;
    at /= size;
    if (i >= operand.size()) continue;
    const int64_t own = operand[operand.size() - 1 - i];
    if (own != 1) index += coordinate * stride;
    stride *= own;
  }
  return index;
}

template <typename Op>
struct FoldBinary : OpRewritePattern<Op> {
  FoldBinary(MLIRContext* context, float (*function)(float, float)) : OpRewritePattern<Op>(context), function_(function) {}
  LogicalResult matchAndRewrite(Op op, PatternRewriter& rewriter) const override {
    auto left = constant_values(op.getLhs()), right = constant_values(op.getRhs());
    auto shape = type_of(op.getResult()).getShape();
    if (!left || !right || type_of(op.getResult()).getNumElements() > largest_folded) return failure();
    Values values(type_of(op.getResult()).getNumElements());
    for (size_t i = 0; i < values.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      values[i] = function_((*left)[broadcast_index(at, shape, type_of(op.getLhs()).getShape())],
                            (*right)[broadcast_index(at, shape, type_of(op.getRhs()).getShape())]);
    }
    replace_by_values(rewriter, op, values);
    return success();
  }
  float (*function_)(float, float);
};

struct FoldReshape : OpRewritePattern<dialect::ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(dialect::ReshapeOp op, PatternRewriter& rewriter) const override {
    DenseElementsAttr elements;
    if (!matchPattern(op.getInput(), m_Constant(&elements))) return failure();
    rewriter.replaceOpWithNewOp<dialect::ConstantOp>(op, op.getType(), elements.reshape(type_of(op.getResult())));
    return success();
  }
};

struct FoldPass : impl::FoldPassBase<FoldPass> {
  void runOnOperation() override {
    MLIRContext* context = &getContext();
    RewritePatternSet patterns(context);
    patterns.add<JoinReshapes, DropCast, FoldReshape>(context);
    patterns.add<DropNeutralOperand<dialect::AddOp>>(context, 0.0, true);
    patterns.add<DropNeutralOperand<dialect::SubOp>>(context, 0.0, false);
    patterns.add<DropNeutralOperand<dialect::MulOp>>(context, 1.0, true);
    patterns.add<DropNeutralOperand<dialect::DivOp>>(context, 1.0, false);
    patterns.add<FoldBinary<dialect::AddOp>>(
        context, +[](float a, float b) { return a + b; });
    patterns.add<FoldBinary<dialect::SubOp>>(
        context, +[](float a, float b) { return a - b; });
    patterns.add<FoldBinary<dialect::MulOp>>(
        context, +[](float a, float b) { return a * b; });
    patterns.add<FoldBinary<dialect::DivOp>>(
        context, +[](float a, float b) { return a / b; });
    patterns.add<FoldUnary<dialect::NegOp>>(
        context, +[](float a) { return -a; });
    patterns.add<FoldUnary<dialect::ExpOp>>(
        context, +[](float a) { return std::exp(a); });
    patterns.add<FoldUnary<dialect::LogOp>>(
        context, +[](float a) { return std::log(a); });
    patterns.add<FoldUnary<dialect::SqrtOp>>(
        context, +[](float a) { return std::sqrt(a); });
    patterns.add<FoldUnary<dialect::RsqrtOp>>(
        context, +[](float a) { return 1 / std::sqrt(a); });
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns)))) signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_fold_pass() { return std::make_unique<FoldPass>(); }

}  // namespace fovea
