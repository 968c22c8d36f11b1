// SPDX-License-Identifier: Apache-2.0
// The pass fovea-fold: folds operators on constants, operators without effect, and operators that undo the one before.
#include "fovea/graph/evaluated.h"
#include "fovea/graph/graph_implementation.h"
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
  if (auto number = dyn_cast<FloatAttr>(elements.getSplatValue<mlir::Attribute>())) return number.getValueAsDouble();
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

// The elements of a small constant of f32.
std::optional<Tensor> constant_values(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.getElementType().isF32()) return std::nullopt;
  if (elements.getNumElements() > largest_folded) return std::nullopt;
  return from_mlir(elements);
}

// Arithmetic on constants.
template <typename Op>
struct FoldArithmetic : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op, PatternRewriter& rewriter) const override {
    std::vector<Tensor> operands;
    for (Value operand : op->getOperands()) {
      auto values = constant_values(operand);
      if (!values) return failure();
      operands.push_back(*values);
    }
    auto type = type_of(op.getResult());
    if (type.getNumElements() > largest_folded) return failure();
    const std::optional<Tensor> result = evaluated(op->getName().stripDialect().str(), operands, type.getShape().vec());
    if (!result) return failure();
    const auto values = result->template values<float>();
    rewriter.replaceOpWithNewOp<dialect::ConstantOp>(
        op, type, DenseElementsAttr::get(type, ArrayRef<float>(values.data(), values.size())));
    return success();
  }
};

template <typename... Ops>
void fold_arithmetic(RewritePatternSet& patterns) {
  patterns.add<FoldArithmetic<Ops>...>(patterns.getContext());
}

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
    fold_arithmetic<dialect::AddOp, dialect::SubOp, dialect::MulOp, dialect::DivOp, dialect::NegOp, dialect::ExpOp,
                    dialect::LogOp, dialect::SqrtOp, dialect::RsqrtOp>(patterns);
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns)))) signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_fold_pass() { return std::make_unique<FoldPass>(); }

}  // namespace fovea
