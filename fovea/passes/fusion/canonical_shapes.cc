// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/fusion/canonical_shapes.h"

#include "fovea/passes/linalg_utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace fovea {
namespace {

using mlir::Value;
using mlir::linalg::GenericOp;

// Pads and slices belong into the kernel of their reader, so no view may come in between.
bool reads_pads_or_slices(GenericOp op) {
  return llvm::any_of(op->getOperands(), [](Value operand) {
    mlir::Operation* producer = operand.getDefiningOp();
    return producer && mlir::isa<mlir::tensor::PadOp, mlir::tensor::ExtractSliceOp>(producer) && !is_view(producer);
  });
}

bool is_inserted(GenericOp op) {
  return llvm::any_of(op->getUsers(), [](mlir::Operation* user) { return mlir::isa<mlir::tensor::InsertSliceOp>(user); });
}

llvm::SmallVector<unsigned> unit_dims_to_drop(GenericOp op) {
  auto ranges = op.getStaticLoopRanges();
  auto iterators = op.getIteratorTypesArray();
  const Work work = work_of(op);
  llvm::SmallVector<unsigned> dims;
  for (unsigned dim = 0; dim < ranges.size(); ++dim) {
    if (ranges[dim] != 1) continue;
    // A contraction keeps its row dimension even if it is one row, because it distinguishes a matrix from a vector. A window
    // that covers the whole image becomes a reduction without its unit dimensions.
    bool in_sum = llvm::any_of(op.getIndexingMapsArray(), [&](mlir::AffineMap map) {
      return llvm::any_of(map.getResults(), [&](mlir::AffineExpr expr) {
        return !mlir::isa<mlir::AffineDimExpr>(expr) && expr.isFunctionOfDim(dim);
      });
    });
    if (work == Work::reduction || work == Work::elementwise || iterators[dim] == mlir::utils::IteratorType::reduction ||
        in_sum)
      dims.push_back(dim);
  }
  return dims;
}

// Whether all maps are projected permutations without the `dropped` dimensions, and each reads the whole of its operand. A
// window with one result may leave cells that no tap reads: without the dimension along which it moves, the operand's shape
// would give its loop a longer range than its taps have.
bool is_plain_without(GenericOp op, llvm::ArrayRef<unsigned> dropped) {
  mlir::MLIRContext* context = op.getContext();
  llvm::SmallVector<mlir::AffineExpr> dims;
  for (unsigned i = 0; i < op.getNumLoops(); ++i) {
    dims.push_back(llvm::is_contained(dropped, i) ? mlir::getAffineConstantExpr(0, context)
                                                  : mlir::getAffineDimExpr(i, context));
  }
  const llvm::SmallVector<int64_t> extents = op.getStaticLoopRanges();
  return llvm::all_of(op->getOpOperands(), [&](mlir::OpOperand& operand) {
    mlir::AffineMap map = op.getMatchingIndexingMap(&operand);
    map = map.replaceDimsAndSymbols(dims, {}, map.getNumDims(), 0);
    if (!map.isProjectedPermutation(/*allowZeroInResults=*/true)) return false;
    auto shape = mlir::cast<mlir::RankedTensorType>(operand.get().getType()).getShape();
    return llvm::all_of(llvm::zip_equal(map.getResults(), shape), [&](auto pair) {
      auto [coordinate, size] = pair;
      auto dim = mlir::dyn_cast<mlir::AffineDimExpr>(coordinate);
      return (dim ? extents[dim.getPosition()] : 1) == size;
    });
  });
}

// Applies a rewrite that replaces `op`, and returns the operation that replaced it, which inherits a mark.
GenericOp rewritten(mlir::RewriterBase& rewriter, GenericOp op, llvm::function_ref<mlir::LogicalResult()> rewrite) {
  mlir::Operation* before = op->getPrevNode();
  mlir::Operation* after = op->getNextNode();
  mlir::Block* block = op->getBlock();
  if (mlir::failed(rewrite())) return op;
  for (auto it = before ? std::next(before->getIterator()) : block->begin(); it != block->end() && &*it != after; ++it) {
    if (auto generic = mlir::dyn_cast<GenericOp>(*it)) return generic;
  }
  return {};
}

llvm::SmallVector<mlir::ReassociationIndices> collapsible_dims(GenericOp op) {
  llvm::SmallVector<bool> indexed(op.getNumLoops(), false);
  op.getBody()->walk([&](mlir::linalg::IndexOp index) { indexed[index.getDim()] = true; });
  auto maps = op.getIndexingMapsArray();
  auto iterators = op.getIteratorTypesArray();
  llvm::SmallVector<mlir::ReassociationIndices> groups;
  for (int64_t dim = 0; dim < static_cast<int64_t>(op.getNumLoops()); ++dim) {
    if (!groups.empty() && !indexed[dim] && !indexed[dim - 1] && iterators[dim] == iterators[dim - 1]) {
      mlir::ReassociationIndices longer = groups.back();
      longer.push_back(dim);
      if (mlir::linalg::areDimSequencesPreserved(maps, longer)) {
        groups.back() = longer;
        continue;
      }
    }
    groups.push_back({dim});
  }
  return groups;
}

GenericOp collapse(mlir::RewriterBase& rewriter, GenericOp op) {
  auto groups = collapsible_dims(op);
  if (groups.size() == op.getNumLoops()) return op;
  rewriter.setInsertionPoint(op);
  auto collapsed = mlir::linalg::collapseOpIterationDims(op, groups, rewriter);
  if (mlir::failed(collapsed)) return op;
  rewriter.replaceOp(op, collapsed->results);
  return mlir::cast<GenericOp>(collapsed->collapsedOp.getOperation());
}

// Accumulators and results start from tensors of their own, not from views of the old ones.
void renew_initial_tensors(mlir::RewriterBase& rewriter, GenericOp op) {
  rewriter.setInsertionPoint(op);
  for (mlir::OpOperand& init : op.getDpsInitsMutable()) {
    mlir::Operation* producer = init.get().getDefiningOp();
    if (!producer || !is_view(producer)) continue;
    auto type = mlir::cast<mlir::RankedTensorType>(init.get().getType());
    Value fresh;
    if (view_root(init.get()).getDefiningOp<mlir::tensor::EmptyOp>()) {
      fresh = rewriter.create<mlir::tensor::EmptyOp>(op.getLoc(), type.getShape(), type.getElementType());
    } else if (mlir::TypedAttr constant = repeated_constant(init.get())) {
      fresh = filled_tensor(rewriter, op.getLoc(), type, constant);
    }
    if (fresh) rewriter.modifyOpInPlace(op, [&] { init.set(fresh); });
  }
}

// Views that lead back to a previous shape of the tensor are replaced by that tensor.
void fold_views(mlir::RewriterBase& rewriter, GenericOp op) {
  for (mlir::OpOperand& operand : op->getOpOperands()) {
    Value original = operand.get();
    Value source = operand.get();
    while (mlir::Operation* view = source.getDefiningOp()) {
      if (!mlir::isa<mlir::tensor::CollapseShapeOp, mlir::tensor::ExpandShapeOp>(view)) break;
      source = view->getOperand(0);
      if (source.getType() == operand.get().getType()) original = source;
    }
    if (original != operand.get()) rewriter.modifyOpInPlace(op, [&] { operand.set(original); });
  }
}

// Ranks the kernel of `producer` as one to fuse element-wise work into.
int preference(GenericOp producer) {
  switch (work_of(producer)) {
    case Work::contraction:
      return 3;
    case Work::window:
    case Work::reduction:
      return 2;
    case Work::elementwise:
      return 1;
  }
  return 0;
}

// The operand of `op` whose producer's kernel it should join: one that is read at the loop indices themselves, directly or
// through views.
mlir::OpOperand* preferred_operand(GenericOp op) {
  mlir::OpOperand* best = nullptr;
  GenericOp best_producer;
  for (mlir::OpOperand* operand : op.getDpsInputOperands()) {
    auto producer = view_root(operand->get()).getDefiningOp<GenericOp>();
    if (!producer || !op.getMatchingIndexingMap(operand).isIdentity()) continue;
    auto rank = [](GenericOp candidate) { return preference(candidate); };
    if (!best || rank(producer) > rank(best_producer) ||
        (rank(producer) == rank(best_producer) && best_producer->isBeforeInBlock(producer))) {
      best = operand;
      best_producer = producer;
    }
  }
  return best;
}

}  // namespace

GenericOp canonicalize_shape(mlir::RewriterBase& rewriter, GenericOp op) {
  auto dropped = unit_dims_to_drop(op);
  if (reads_pads_or_slices(op) || is_inserted(op) || !is_plain_without(op, dropped)) return op;
  if (!dropped.empty()) {
    mlir::linalg::ControlDropUnitDims control;
    control.controlFn = [&](mlir::Operation*) { return dropped; };
    rewriter.setInsertionPoint(op);
    op = rewritten(rewriter, op, [&] { return mlir::linalg::dropUnitDims(rewriter, op, control); });
  }
  bool plain = llvm::all_of(op.getIndexingMapsArray(), [](mlir::AffineMap map) { return map.isProjectedPermutation(); });
  if (plain) op = collapse(rewriter, op);
  renew_initial_tensors(rewriter, op);
  fold_views(rewriter, op);
  return op;
}

void canonicalize_shapes(mlir::func::FuncOp main) {
  mlir::IRRewriter rewriter(main.getContext());
  for (GenericOp op : llvm::to_vector(main.getBody().front().getOps<GenericOp>())) {
    if (!is_elementwise(op)) canonicalize_shape(rewriter, op);
  }
}

void pull_elementwise_through_views(mlir::func::FuncOp main) {
  mlir::IRRewriter rewriter(main.getContext());
  mlir::OpOperand* chosen = nullptr;
  auto control = [&](mlir::OpOperand* operand) { return operand == chosen; };
  mlir::RewritePatternSet set(main.getContext());
  mlir::linalg::populateFoldReshapeOpsByExpansionPatterns(set, control);
  mlir::linalg::populateFoldReshapeOpsByCollapsingPatterns(set, control);
  mlir::FrozenRewritePatternSet patterns(std::move(set));
  mlir::GreedyRewriteConfig config;
  config.strictMode = mlir::GreedyRewriteStrictness::ExistingOps;
  for (GenericOp op : llvm::to_vector(main.getBody().front().getOps<GenericOp>())) {
    if (!is_elementwise(op) || is_inserted(op) || reads_pads_or_slices(op)) continue;
    fold_views(rewriter, op);
    chosen = preferred_operand(op);
    mlir::Operation* view = chosen ? chosen->get().getDefiningOp() : nullptr;
    if (!view || !mlir::isa<mlir::tensor::CollapseShapeOp, mlir::tensor::ExpandShapeOp>(view)) continue;
    mlir::Operation* target = op;
    GenericOp moved = rewritten(rewriter, op, [&] { return mlir::applyOpPatternsAndFold(target, patterns, config); });
    renew_initial_tensors(rewriter, moved);
    fold_views(rewriter, moved);
  }
}

}  // namespace fovea
