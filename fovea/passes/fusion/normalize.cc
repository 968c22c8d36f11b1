// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/fusion/normalize.h"

#include "fovea/passes/linalg_utils.h"
#include "llvm/ADT/MapVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace fovea {
namespace {

using mlir::Value;
using mlir::linalg::FillOp;
using mlir::linalg::GenericOp;

void inline_constants(mlir::IRRewriter& rewriter, GenericOp op) {
  if (work_of(op) == Work::contraction) return;
  llvm::SmallVector<Value> inputs;
  llvm::SmallVector<mlir::AffineMap> maps;
  llvm::SmallVector<std::pair<unsigned, mlir::TypedAttr>> constants;
  auto all_maps = op.getIndexingMapsArray();
  for (int64_t i = 0; i < op.getNumDpsInputs(); ++i) {
    if (mlir::TypedAttr constant = repeated_constant(op.getInputs()[i])) {
      constants.emplace_back(i, constant);
    } else {
      inputs.push_back(op.getInputs()[i]);
      maps.push_back(all_maps[i]);
    }
  }
  // The remaining operands must still determine the extent of every loop; for element-wise work the results do.
  if (constants.empty() || (op.getNumReductionLoops() > 0 && inputs.empty())) return;
  maps.append(all_maps.begin() + op.getNumDpsInputs(), all_maps.end());
  if (!mlir::inversePermutation(mlir::concatAffineMaps(maps))) return;
  rewriter.setInsertionPoint(op);
  auto fresh =
      rewriter.create<GenericOp>(op.getLoc(), op.getResultTypes(), inputs, op.getOutputs(), maps, op.getIteratorTypesArray());
  rewriter.inlineRegionBefore(op.getRegion(), fresh.getRegion(), fresh.getRegion().begin());
  mlir::Block* body = fresh.getBody();
  rewriter.setInsertionPointToStart(body);
  for (auto [position, value] : llvm::reverse(constants)) {
    Value scalar = rewriter.create<mlir::arith::ConstantOp>(op.getLoc(), value);
    rewriter.replaceAllUsesWith(body->getArgument(position), scalar);
    body->eraseArgument(position);
  }
  rewriter.replaceOp(op, fresh);
  if (!inputs.empty() || !is_elementwise(fresh) || fresh.getNumResults() != 1) return;
  if (mlir::TypedAttr constant = folded_result(fresh, -1, {})) {
    rewriter.setInsertionPoint(fresh);
    auto type = mlir::cast<mlir::RankedTensorType>(fresh.getResult(0).getType());
    rewriter.replaceOp(fresh, filled_tensor(rewriter, fresh.getLoc(), type, constant));
  }
}

// Scalar constants that a body reads from the function around it are moved into the body, once each.
void sink_constants(mlir::IRRewriter& rewriter, GenericOp op) {
  llvm::MapVector<Value, llvm::SmallVector<mlir::OpOperand*>> captured;
  op.getBody()->walk([&](mlir::Operation* inner) {
    for (mlir::OpOperand& operand : inner->getOpOperands()) {
      if (!op.getRegion().isAncestor(operand.get().getParentRegion())) captured[operand.get()].push_back(&operand);
    }
  });
  rewriter.setInsertionPointToStart(op.getBody());
  for (auto& [value, uses] : captured) {
    auto constant = value.getDefiningOp<mlir::arith::ConstantOp>();
    if (!constant) continue;
    mlir::Operation* inside = rewriter.clone(*constant);
    for (mlir::OpOperand* use : uses) rewriter.modifyOpInPlace(use->getOwner(), [&] { use->set(inside->getResult(0)); });
  }
}

void start_reductions_from_fill(mlir::IRRewriter& rewriter, GenericOp op) {
  if (op.getNumReductionLoops() == 0) return;
  for (mlir::OpOperand& init : op.getDpsInitsMutable()) {
    if (init.get().getDefiningOp<FillOp>() || !init.get().getDefiningOp<mlir::arith::ConstantOp>()) continue;
    if (mlir::TypedAttr constant = repeated_constant(init.get())) {
      rewriter.setInsertionPoint(op);
      Value filled = filled_tensor(rewriter, op.getLoc(), mlir::cast<mlir::RankedTensorType>(init.get().getType()), constant);
      rewriter.modifyOpInPlace(op, [&] { init.set(filled); });
    }
  }
}

// Whether an insertion may write into the memory of `destination`, which must have no other user.
bool is_private(Value destination) {
  mlir::Operation* op = destination.getDefiningOp();
  return op && destination.hasOneUse() && mlir::isa<FillOp, GenericOp, mlir::tensor::EmptyOp, mlir::tensor::InsertSliceOp>(op);
}

void give_insertion_own_memory(mlir::IRRewriter& rewriter, mlir::tensor::InsertSliceOp insert) {
  rewriter.setInsertionPoint(insert);
  Value source = insert.getSource();
  auto producer = source.getDefiningOp<GenericOp>();
  if (!producer || producer.getNumResults() != 1 || !source.hasOneUse()) {
    Value copy = copy_of(rewriter, insert.getLoc(), source).getResult(0);
    rewriter.modifyOpInPlace(insert, [&] { insert.getSourceMutable().assign(copy); });
  }
  Value destination = insert.getDest();
  if (is_private(destination)) return;
  mlir::TypedAttr constant = repeated_constant(destination);
  Value own;
  if (destination.getDefiningOp<mlir::tensor::EmptyOp>()) {
    auto type = insert.getDestType();
    own = rewriter.create<mlir::tensor::EmptyOp>(insert.getLoc(), type.getShape(), type.getElementType());
  } else {
    own = constant ? filled_tensor(rewriter, insert.getLoc(), insert.getDestType(), constant)
                   : copy_of(rewriter, insert.getLoc(), destination).getResult(0);
  }
  rewriter.modifyOpInPlace(insert, [&] { insert.getDestMutable().assign(own); });
}

void give_results_own_memory(mlir::IRRewriter& rewriter, mlir::func::FuncOp main) {
  mlir::Operation* end = main.getBody().front().getTerminator();
  llvm::DenseSet<Value> taken;
  for (mlir::OpOperand& result : end->getOpOperands()) {
    Value root = view_root(result.get());
    auto argument = mlir::dyn_cast<mlir::BlockArgument>(root);
    if (argument && argument.getArgNumber() == replaced_argument(main, result.getOperandNumber())) continue;
    mlir::Operation* op = root.getDefiningOp();
    bool whole = root.getType() == result.get().getType() ||
                 mlir::cast<mlir::RankedTensorType>(root.getType()).getNumElements() ==
                     mlir::cast<mlir::RankedTensorType>(result.get().getType()).getNumElements();
    bool own = op && whole && mlir::isa<FillOp, GenericOp, mlir::tensor::InsertSliceOp>(op) && taken.insert(root).second;
    if (own) continue;
    rewriter.setInsertionPoint(end);
    mlir::TypedAttr constant = repeated_constant(result.get());
    auto type = mlir::cast<mlir::RankedTensorType>(result.get().getType());
    Value fresh = constant ? filled_tensor(rewriter, end->getLoc(), type, constant)
                           : copy_of(rewriter, end->getLoc(), result.get()).getResult(0);
    rewriter.modifyOpInPlace(end, [&] { result.set(fresh); });
  }
}

// A kernel reads an argument through at most one pad or slice. A view is of memory, so a padded or sliced tensor is copied
// before it is viewed.
void end_reading_chains(mlir::IRRewriter& rewriter, mlir::Operation& op) {
  if (!mlir::isa<mlir::tensor::PadOp, mlir::tensor::ExtractSliceOp>(op) && !is_view(&op)) return;
  mlir::Operation* source = op.getOperand(0).getDefiningOp();
  if (!source || !mlir::isa<mlir::tensor::PadOp, mlir::tensor::ExtractSliceOp>(source) || is_view(source)) return;
  rewriter.setInsertionPoint(&op);
  Value copy = copy_of(rewriter, op.getLoc(), op.getOperand(0)).getResult(0);
  rewriter.modifyOpInPlace(&op, [&] { op.setOperand(0, copy); });
}

// Only the first linalg operation of a kernel reads through padding, which is applied by its packing; element-wise work that
// could follow another operation reads a padded copy.
void lay_out_padding(mlir::IRRewriter& rewriter, GenericOp op) {
  if (!is_elementwise(op) || op.getNumDpsInputs() < 2) return;
  for (mlir::OpOperand* operand : op.getDpsInputOperands()) {
    if (!operand->get().getDefiningOp<mlir::tensor::PadOp>()) continue;
    rewriter.setInsertionPoint(op);
    Value copy = copy_of(rewriter, op.getLoc(), operand->get()).getResult(0);
    rewriter.modifyOpInPlace(op, [&] { operand->set(copy); });
  }
}

// A fill that is not only the start of a reduction becomes element-wise work without operands.
void write_out_fill(mlir::IRRewriter& rewriter, FillOp fill) {
  mlir::TypedAttr constant = repeated_constant(fill.getResult(0));
  if (!constant) return;
  auto is_start = [](mlir::OpOperand& use) {
    auto generic = mlir::dyn_cast<GenericOp>(use.getOwner());
    return generic && generic.isDpsInit(&use);
  };
  if (llvm::all_of(fill->getUses(), is_start)) return;
  rewriter.setInsertionPoint(fill);
  auto type = mlir::cast<mlir::RankedTensorType>(fill.getResult(0).getType());
  auto written = make_elementwise(rewriter, fill.getLoc(), type.getShape(), {}, {}, type.getElementType(),
                                  [&](mlir::OpBuilder& builder, mlir::Block&) {
                                    Value scalar = builder.create<mlir::arith::ConstantOp>(fill.getLoc(), constant);
                                    builder.create<mlir::linalg::YieldOp>(fill.getLoc(), scalar);
                                  });
  rewriter.replaceUsesWithIf(fill.getResult(0), written.getResult(0), [&](mlir::OpOperand& use) { return !is_start(use); });
}

template <typename Op>
llvm::SmallVector<Op> all(mlir::func::FuncOp main) {
  return llvm::to_vector(main.getBody().front().getOps<Op>());
}

}  // namespace

void inline_constants(mlir::func::FuncOp main) {
  mlir::IRRewriter rewriter(main.getContext());
  for (GenericOp op : all<GenericOp>(main)) inline_constants(rewriter, op);
  for (GenericOp op : all<GenericOp>(main)) sink_constants(rewriter, op);
  for (GenericOp op : all<GenericOp>(main)) start_reductions_from_fill(rewriter, op);
}

void give_own_memory(mlir::func::FuncOp main) {
  mlir::IRRewriter rewriter(main.getContext());
  for (GenericOp op : all<GenericOp>(main)) sink_constants(rewriter, op);
  for (mlir::Operation& op : llvm::make_early_inc_range(main.getBody().front())) end_reading_chains(rewriter, op);
  for (GenericOp op : all<GenericOp>(main)) lay_out_padding(rewriter, op);
  for (auto insert : all<mlir::tensor::InsertSliceOp>(main)) give_insertion_own_memory(rewriter, insert);
  give_results_own_memory(rewriter, main);
  for (FillOp fill : all<FillOp>(main)) write_out_fill(rewriter, fill);
}

}  // namespace fovea
