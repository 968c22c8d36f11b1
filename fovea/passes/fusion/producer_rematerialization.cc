// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/fusion/producer_rematerialization.h"

#include "fovea/passes/fusion/reductions.h"
#include "fovea/passes/linalg_utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace fovea {
namespace {

using mlir::Value;
using mlir::linalg::GenericOp;

// Recomputing more operations than this for each element, in every user, would cost more than the memory traffic.
constexpr int most_operations = 6;

bool is_cheap(GenericOp op) {
  using namespace mlir::arith;
  int operations = 0;
  for (mlir::Operation& inner : op.getBody()->without_terminator()) {
    if (mlir::isa<ConstantOp, ExtFOp, TruncFOp>(inner)) continue;
    if (!mlir::isa<AddFOp, SubFOp, MulFOp, NegFOp, MaximumFOp, MinimumFOp, CmpFOp, SelectOp>(inner)) return false;
    ++operations;
  }
  return operations > 0 && operations <= most_operations;
}

unsigned bits(Value tensor) { return mlir::getElementTypeOrSelf(tensor.getType()).getIntOrFloatBitWidth(); }

// The only input as large as the result, if it is in memory anyway and not wider; null otherwise.
Value kept_source(GenericOp op) {
  Value source;
  for (mlir::OpOperand* operand : op.getDpsInputOperands()) {
    if (!reads_each_point(op.getMatchingIndexingMap(operand))) continue;
    if (source) return {};
    source = operand->get();
  }
  const bool kept = source && is_in_memory(source, op) && bits(source) <= bits(op.getResult(0));
  return kept ? source : Value();
}

// Whether every user of the result can be fused with the work.
bool only_fusing_users(GenericOp op) {
  return llvm::all_of(op.getResult(0).getUses(), [&](mlir::OpOperand& use) {
    auto reader = mlir::dyn_cast<GenericOp>(use.getOwner());
    if (!reader || !reader.isDpsInput(&use) || !reads_each_point(reader.getMatchingIndexingMap(&use))) return false;
    const Work work = work_of(reader);
    return work == Work::elementwise || work == Work::reduction;
  });
}

bool is_worth_repeating(GenericOp op) {
  return is_elementwise(op) && op.getNumResults() == 1 && !op->use_empty() && !op.getResult(0).hasOneUse() && is_cheap(op) &&
         kept_source(op) && only_fusing_users(op);
}

mlir::OpOperand* operand_reading(mlir::Operation* reader, Value value) {
  for (mlir::OpOperand& operand : reader->getOpOperands())
    if (operand.get() == value) return &operand;
  return nullptr;
}

}  // namespace

void rematerialize_cheap_producers(mlir::func::FuncOp main) {
  mlir::IRRewriter rewriter(main.getContext());
  // In program order, because work that is moved into its users makes them readers of the tensor in memory.
  for (mlir::Operation* op = &main.getBody().front().front(); op != nullptr;) {
    mlir::Operation* next = op->getNextNode();
    if (auto generic = mlir::dyn_cast<GenericOp>(op); generic && is_worth_repeating(generic)) {
      llvm::SetVector<mlir::Operation*> readers(op->user_begin(), op->user_end());
      for (mlir::Operation* reader : readers) {
        const bool is_next = reader == next;
        GenericOp fused = fuse_producer(rewriter, mlir::cast<GenericOp>(reader), operand_reading(reader, generic.getResult(0)));
        if (is_next) next = fused;
      }
    }
    op = next;
  }
}

}  // namespace fovea
