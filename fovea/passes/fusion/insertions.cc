// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/fusion/insertions.h"

#include <algorithm>

#include "fovea/passes/linalg_utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {
namespace {

using mlir::Value;
using mlir::linalg::GenericOp;
using mlir::tensor::InsertSliceOp;

// The insertions that end in `last`, from first to last, each the only user of the previous one.
llvm::SmallVector<InsertSliceOp> chain_to(Value last) {
  llvm::SmallVector<InsertSliceOp> chain;
  auto insert = last.getDefiningOp<InsertSliceOp>();
  while (insert) {
    chain.push_back(insert);
    insert = insert.getDest().hasOneUse() ? insert.getDest().getDefiningOp<InsertSliceOp>() : InsertSliceOp();
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

bool keeps_rank(InsertSliceOp insert) { return insert.getSourceType().getRank() == insert.getDestType().getRank(); }

// Whether no element belongs to both: they differ in some dimension by range, or by the residue of a common stride.
bool are_disjoint(InsertSliceOp left, InsertSliceOp right) {
  for (int64_t dim = 0; dim < left.getDestType().getRank(); ++dim) {
    const int64_t first = left.getStaticOffsets()[dim], second = right.getStaticOffsets()[dim];
    const int64_t step = left.getStaticStrides()[dim], other_step = right.getStaticStrides()[dim];
    const int64_t end = first + (left.getStaticSizes()[dim] - 1) * step;
    const int64_t other_end = second + (right.getStaticSizes()[dim] - 1) * other_step;
    if (end < second || other_end < first) return true;
    if (step == other_step && (first - second) % step != 0) return true;
  }
  return false;
}

bool covers_everything(llvm::ArrayRef<InsertSliceOp> chain) {
  int64_t elements = 0;
  for (size_t i = 0; i < chain.size(); ++i) {
    InsertSliceOp insert = chain[i];
    elements += insert.getSourceType().getNumElements();
    for (size_t j = 0; j < i; ++j) {
      if (!are_disjoint(chain[j], insert)) return false;
    }
  }
  InsertSliceOp last = chain.back();
  return elements == last.getDestType().getNumElements();
}

class Push {
 public:
  Push(mlir::IRRewriter& rewriter, GenericOp op, mlir::OpOperand* operand)
      : rewriter_(rewriter), op_(op), operand_(operand), chain_(chain_to(operand->get())) {}

  bool run() {
    if (chain_.empty() || !llvm::all_of(chain_, keeps_rank)) return false;
    auto maps = op_.getIndexingMapsArray();
    if (!llvm::all_of(maps, [](mlir::AffineMap map) { return map.isProjectedPermutation(); })) return false;
    if (!op_.getBody()->getOps<mlir::linalg::IndexOp>().empty() || op_.getNumResults() != 1) return false;
    mlir::TypedAttr constant = repeated_constant(chain_.front().getDest());
    mlir::TypedAttr outside;
    if (!covers_everything(chain_)) {
      outside = constant ? folded_result(op_, operand_->getOperandNumber(), constant) : mlir::TypedAttr();
      if (!outside) return false;
    }
    rewrite(outside);
    return true;
  }

 private:
  void rewrite(mlir::TypedAttr outside) {
    rewriter_.setInsertionPoint(op_);
    auto type = mlir::cast<mlir::RankedTensorType>(op_.getResult(0).getType());
    Value joined =
        outside ? filled_tensor(rewriter_, op_.getLoc(), type, outside)
                : rewriter_.create<mlir::tensor::EmptyOp>(op_.getLoc(), type.getShape(), type.getElementType()).getResult();
    for (InsertSliceOp insert : chain_) {
      Value part = applied_to(insert);
      joined = rewriter_.create<InsertSliceOp>(insert.getLoc(), part, joined, insert.getMixedOffsets(), insert.getMixedSizes(),
                                               insert.getMixedStrides());
    }
    rewriter_.replaceOp(op_, joined);
    for (InsertSliceOp insert : llvm::reverse(chain_)) rewriter_.eraseOp(insert);
  }

  Value applied_to(InsertSliceOp insert) {
    llvm::SmallVector<Value> inputs;
    llvm::SmallVector<mlir::AffineMap> maps;
    for (mlir::OpOperand* input : op_.getDpsInputOperands()) {
      mlir::AffineMap map = op_.getMatchingIndexingMap(input);
      inputs.push_back(input == operand_ ? insert.getSource() : sliced(input->get(), map, insert));
      maps.push_back(map);
    }
    auto shape = insert.getSourceType().getShape();
    mlir::Type element = mlir::getElementTypeOrSelf(op_.getResult(0).getType());
    auto part = make_elementwise(rewriter_, op_.getLoc(), shape, inputs, maps, element,
                                 [&](mlir::OpBuilder& builder, mlir::Block& block) {
                                   mlir::IRMapping mapping;
                                   for (auto [old, fresh] : llvm::zip(op_.getBody()->getArguments(), block.getArguments()))
                                     mapping.map(old, fresh);
                                   for (mlir::Operation& inner : *op_.getBody()) builder.clone(inner, mapping);
                                 });
    return part.getResult(0);
  }

  // The part of an input that the elements of `insert` need.
  Value sliced(Value input, mlir::AffineMap map, InsertSliceOp insert) {
    auto pick = [&](llvm::ArrayRef<mlir::OpFoldResult> all) {
      llvm::SmallVector<mlir::OpFoldResult> picked;
      for (mlir::AffineExpr dim : map.getResults()) picked.push_back(all[mlir::cast<mlir::AffineDimExpr>(dim).getPosition()]);
      return picked;
    };
    auto sizes = pick(insert.getMixedSizes());
    llvm::SmallVector<int64_t> wanted;
    for (mlir::OpFoldResult size : sizes) wanted.push_back(*mlir::getConstantIntValue(size));
    if (llvm::equal(wanted, mlir::cast<mlir::RankedTensorType>(input.getType()).getShape())) return input;
    return rewriter_.create<mlir::tensor::ExtractSliceOp>(op_.getLoc(), input, pick(insert.getMixedOffsets()), sizes,
                                                          pick(insert.getMixedStrides()));
  }

  mlir::IRRewriter& rewriter_;
  GenericOp op_;
  mlir::OpOperand* operand_;
  llvm::SmallVector<InsertSliceOp> chain_;
};

}  // namespace

void push_elementwise_into_insertions(mlir::func::FuncOp main) {
  mlir::IRRewriter rewriter(main.getContext());
  for (GenericOp op : llvm::to_vector(main.getBody().front().getOps<GenericOp>())) {
    if (!is_elementwise(op)) continue;
    for (mlir::OpOperand* operand : op.getDpsInputOperands()) {
      if (!operand->get().hasOneUse() || !op.getMatchingIndexingMap(operand).isIdentity()) continue;
      if (Push(rewriter, op, operand).run()) break;
    }
  }
}

void drop_covered_fills(mlir::func::FuncOp main) {
  mlir::IRRewriter rewriter(main.getContext());
  for (auto last : llvm::to_vector(main.getBody().front().getOps<InsertSliceOp>())) {
    if (llvm::any_of(last->getUsers(), [&](mlir::Operation* user) {
          auto next = mlir::dyn_cast<InsertSliceOp>(user);
          return next && next.getDest() == last.getResult();
        })) {
      continue;
    }
    auto chain = chain_to(last);
    if (!chain.front().getDest().getDefiningOp<mlir::linalg::FillOp>() || !covers_everything(chain)) continue;
    rewriter.setInsertionPoint(chain.front());
    auto type = last.getDestType();
    Value empty = rewriter.create<mlir::tensor::EmptyOp>(last.getLoc(), type.getShape(), type.getElementType());
    rewriter.modifyOpInPlace(chain.front(), [&] { chain.front().getDestMutable().assign(empty); });
  }
}

}  // namespace fovea
