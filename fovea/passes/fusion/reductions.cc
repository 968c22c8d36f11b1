// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/fusion/reductions.h"

#include "fovea/passes/linalg_utils.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {
namespace {

using mlir::Value;
using mlir::linalg::GenericOp;

bool is_reduction(GenericOp op) { return work_of(op) == Work::reduction; }

// Whether the element-wise work will be fused into a preceding contraction or pooling, before its operand reaches memory.
bool rides_in_its_producer(GenericOp producer) {
  for (int64_t i = 0; i < producer.getNumDpsInputs(); ++i) {
    auto source = producer.getInputs()[i].getDefiningOp<GenericOp>();
    if (!source || !producer.getIndexingMapsArray()[i].isIdentity()) continue;
    if (is_in_memory(producer.getInputs()[i], producer)) continue;
    Work work = work_of(source);
    if (work == Work::contraction || work == Work::window) return true;
    if (work == Work::elementwise && rides_in_its_producer(source)) return true;
  }
  return false;
}

// Whether an input still spans the loops once the element-wise work is inside. A sum over one repeated value has no such input.
bool spans_loops(GenericOp producer, GenericOp reduction) {
  const auto spans = [](GenericOp op, Value apart) {
    return llvm::any_of(op.getDpsInputOperands(), [&](mlir::OpOperand* operand) {
      return operand->get() != apart && reads_each_point(op.getMatchingIndexingMap(operand));
    });
  };
  return spans(producer, nullptr) || spans(reduction, producer.getResult(0));
}

bool is_worth_fusing(GenericOp producer, GenericOp reduction) {
  if (producer.getNumResults() != 1 || rides_in_its_producer(producer) || !spans_loops(producer, reduction)) return false;
  if (llvm::all_of(producer->getUsers(), [&](mlir::Operation* user) { return user == reduction; })) return true;
  auto maps = producer.getIndexingMapsArray();
  int full = 0;
  for (int64_t i = 0; i < producer.getNumDpsInputs(); ++i) {
    if (!reads_each_point(maps[i])) continue;
    if (++full > 1 || !is_in_memory(producer.getInputs()[i], producer)) return false;
  }
  return true;
}

// The operand through which `reduction` reads element-wise work that is worth repeating inside it; null when there is none.
mlir::OpOperand* fusible_operand(GenericOp reduction) {
  for (mlir::OpOperand* operand : reduction.getDpsInputOperands()) {
    GenericOp producer = elementwise_producer(operand->get());
    if (producer && reads_each_point(reduction.getMatchingIndexingMap(operand)) && is_worth_fusing(producer, reduction)) {
      return operand;
    }
  }
  return nullptr;
}

bool shares_full_input(GenericOp left, GenericOp right) {
  for (mlir::OpOperand* mine : left.getDpsInputOperands()) {
    for (mlir::OpOperand* other : right.getDpsInputOperands()) {
      if (mine->get() == other->get() && reads_each_point(left.getMatchingIndexingMap(mine)) &&
          left.getMatchingIndexingMap(mine) == right.getMatchingIndexingMap(other)) {
        return true;
      }
    }
  }
  return false;
}

// Whether `later` depends on `earlier`, which precedes it in the block.
bool depends_on(mlir::Operation* later, mlir::Operation* earlier) {
  llvm::SmallVector<mlir::Operation*> stack{later};
  llvm::DenseSet<mlir::Operation*> seen;
  while (!stack.empty()) {
    mlir::Operation* op = stack.pop_back_val();
    if (op == earlier) return true;
    for (Value operand : op->getOperands()) {
      mlir::Operation* producer = operand.getDefiningOp();
      if (producer && !producer->isBeforeInBlock(earlier) && seen.insert(producer).second) stack.push_back(producer);
    }
  }
  return false;
}

GenericOp merge(mlir::IRRewriter& rewriter, GenericOp first, GenericOp second) {
  llvm::SmallVector<Value> inputs(first.getInputs()), outputs(first.getOutputs());
  llvm::append_range(inputs, second.getInputs());
  llvm::append_range(outputs, second.getOutputs());
  llvm::SmallVector<mlir::AffineMap> maps;
  auto first_maps = first.getIndexingMapsArray(), second_maps = second.getIndexingMapsArray();
  unsigned first_inputs = first.getNumDpsInputs(), second_inputs = second.getNumDpsInputs();
  maps.append(first_maps.begin(), first_maps.begin() + first_inputs);
  maps.append(second_maps.begin(), second_maps.begin() + second_inputs);
  maps.append(first_maps.begin() + first_inputs, first_maps.end());
  maps.append(second_maps.begin() + second_inputs, second_maps.end());

  rewriter.setInsertionPoint(second);
  llvm::SmallVector<mlir::Type> types(first->getResultTypes());
  llvm::append_range(types, second->getResultTypes());
  auto merged = rewriter.create<GenericOp>(rewriter.getFusedLoc({first.getLoc(), second.getLoc()}), types, inputs, outputs,
                                           maps, first.getIteratorTypesArray());
  mlir::Block* block = rewriter.createBlock(&merged.getRegion());
  for (Value operand : merged->getOperands())
    block->addArgument(mlir::getElementTypeOrSelf(operand.getType()), merged.getLoc());
  llvm::SmallVector<Value> yielded;
  auto copy_body = [&](GenericOp op, unsigned inputs_from, unsigned outputs_from) {
    mlir::IRMapping mapping;
    for (auto [i, argument] : llvm::enumerate(op.getRegionInputArgs()))
      mapping.map(argument, block->getArgument(inputs_from + i));
    for (auto [i, argument] : llvm::enumerate(op.getRegionOutputArgs()))
      mapping.map(argument, block->getArgument(outputs_from + i));
    for (mlir::Operation& inner : op.getBody()->without_terminator()) rewriter.clone(inner, mapping);
    for (Value value : op.getBody()->getTerminator()->getOperands()) yielded.push_back(mapping.lookupOrDefault(value));
  };
  copy_body(first, 0, first_inputs + second_inputs);
  copy_body(second, first_inputs, first_inputs + second_inputs + first.getNumDpsInits());
  rewriter.create<mlir::linalg::YieldOp>(merged.getLoc(), yielded);
  rewriter.replaceOp(second, merged->getResults().drop_front(first.getNumResults()));
  // The merged operation takes the place of the second one, so users of the first one's results in between move after it.
  rewriter.replaceOp(first, merged->getResults().take_front(first.getNumResults()));
  return merged;
}

}  // namespace

bool is_in_memory(Value value, mlir::Operation* reader) {
  Value root = view_root(value);
  if (mlir::isa<mlir::BlockArgument>(root) || root.getDefiningOp<mlir::arith::ConstantOp>()) return true;
  return llvm::any_of(value.getUsers(), [&](mlir::Operation* user) {
    auto generic = mlir::dyn_cast<GenericOp>(user);
    return user != reader && !(generic && is_elementwise(generic));
  });
}

GenericOp fuse_producer(mlir::IRRewriter& rewriter, GenericOp reader, mlir::OpOperand* operand) {
  GenericOp original = elementwise_producer(operand->get());
  rewriter.setInsertionPoint(reader);
  auto producer = mlir::cast<GenericOp>(rewriter.clone(*original));
  Value shared = operand->get();
  for (mlir::OpOperand* other : reader.getDpsInputOperands()) {
    if (other->get() == shared && reads_each_point(reader.getMatchingIndexingMap(other))) other->set(producer.getResult(0));
  }
  while (true) {
    mlir::OpOperand* next = nullptr;
    for (mlir::OpOperand* candidate : reader.getDpsInputOperands()) {
      if (candidate->get() == producer.getResult(0)) next = candidate;
    }
    if (!next) break;
    rewriter.setInsertionPoint(reader);
    auto fused = mlir::linalg::fuseElementwiseOps(rewriter, next);
    if (mlir::failed(fused)) break;
    auto results = mlir::cast<GenericOp>(fused->fusedOp)->getResults().take_back(reader->getNumResults());
    rewriter.replaceOp(reader, results);
    reader = mlir::cast<GenericOp>(fused->fusedOp);
    skip_roundings(reader);
  }
  if (producer->use_empty()) rewriter.eraseOp(producer);
  if (original->use_empty()) rewriter.eraseOp(original);
  return reader;
}

void fuse_producers(mlir::func::FuncOp main) {
  mlir::IRRewriter rewriter(main.getContext());
  for (GenericOp op : llvm::to_vector(main.getBody().front().getOps<GenericOp>())) {
    if (!is_reduction(op)) continue;
    // The new reduction may have no full-size input left (if it was a constant); then nothing more can be fused.
    while (mlir::OpOperand* operand = fusible_operand(op)) {
      GenericOp fused = fuse_producer(rewriter, op, operand);
      if (fused == op) break;
      op = fused;
    }
  }
}

void merge_sibling_reductions(mlir::func::FuncOp main) {
  mlir::IRRewriter rewriter(main.getContext());
  llvm::SmallVector<GenericOp> open;
  for (GenericOp op : llvm::to_vector(main.getBody().front().getOps<GenericOp>())) {
    if (!is_reduction(op)) continue;
    for (GenericOp& earlier : open) {
      if (earlier.getStaticLoopRanges() != op.getStaticLoopRanges() ||
          earlier.getIteratorTypesArray() != op.getIteratorTypesArray() || !shares_full_input(earlier, op) ||
          depends_on(op, earlier)) {
        continue;
      }
      earlier = merge(rewriter, earlier, op);
      op = nullptr;
      mlir::sortTopologically(&main.getBody().front());
      break;
    }
    if (op) open.push_back(op);
  }
}

}  // namespace fovea
