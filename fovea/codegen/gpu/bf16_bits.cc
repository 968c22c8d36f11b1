// SPDX-License-Identifier: Apache-2.0
// The pass fovea-bf16-bits.
#include <mlir/Dialect/Arith/Transforms/Passes.h>
#include <mlir/Dialect/GPU/IR/GPUDialect.h>
#include <mlir/IR/AttrTypeSubElements.h>
#include <mlir/Transforms/GreedyPatternRewriteDriver.h>

#include "fovea/codegen/passes.h"

namespace fovea {

#define GEN_PASS_DEF_BF16BITSPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

using namespace mlir;

bool is_bf16(Value value) { return value.getType().isBF16(); }

// Whether the operation computes with the numbers; the others move them, which integers can do.
bool computes(Operation* op) {
  if (isa<arith::ExtFOp, arith::TruncFOp, arith::BitcastOp, arith::ConstantOp, arith::SelectOp>(op)) return false;
  const StringRef dialect = op->getDialect()->getNamespace();
  return dialect == "arith" || dialect == "math";
}

// An operation on bf16 as one on f32 whose result is rounded.
struct ComputeInF32 : RewritePattern {
  explicit ComputeInF32(MLIRContext* context) : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation* op, PatternRewriter& rewriter) const override {
    if (!computes(op) || op->getNumRegions() > 0) return failure();
    if (llvm::none_of(op->getOperands(), is_bf16) && llvm::none_of(op->getResults(), is_bf16)) return failure();
    const Type wide = rewriter.getF32Type();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(is_bf16(operand) ? Value(rewriter.create<arith::ExtFOp>(op->getLoc(), wide, operand)) : operand);
    SmallVector<Type> types;
    for (Value result : op->getResults()) types.push_back(is_bf16(result) ? wide : result.getType());
    Operation* computed = rewriter.create(op->getLoc(), op->getName().getIdentifier(), operands, types, op->getAttrs());
    SmallVector<Value> results;
    for (auto [result, value] : llvm::zip_equal(op->getResults(), computed->getResults()))
      results.push_back(is_bf16(result) ? Value(rewriter.create<arith::TruncFOp>(op->getLoc(), result.getType(), value))
                                        : value);
    rewriter.replaceOp(op, results);
    return success();
  }
};

void carry_as_integers(Operation* module) {
  const Type bits = IntegerType::get(module->getContext(), 16);
  module->walk([&](arith::ConstantOp constant) {
    if (!is_bf16(constant)) return;
    constant.setValueAttr(IntegerAttr::get(bits, cast<FloatAttr>(constant.getValue()).getValue().bitcastToAPInt()));
  });
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](BFloat16Type) { return bits; });
  replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
  module->walk([](arith::BitcastOp cast) {
    if (cast.getIn().getType() != cast.getType()) return;
    cast.replaceAllUsesWith(cast.getIn());
    cast.erase();
  });
}

class Bf16BitsPass : public impl::Bf16BitsPassBase<Bf16BitsPass> {
 public:
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ComputeInF32>(&getContext());
    (void)applyPatternsAndFoldGreedily(getOperation(), std::move(patterns));
    RewritePatternSet expansions(&getContext());
    arith::populateExpandBFloat16Patterns(expansions);
    (void)applyPatternsAndFoldGreedily(getOperation(), std::move(expansions));
    for (auto kernels : getOperation().getOps<gpu::GPUModuleOp>()) carry_as_integers(kernels);
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> create_bf16_bits_pass() { return std::make_unique<Bf16BitsPass>(); }

}  // namespace fovea
