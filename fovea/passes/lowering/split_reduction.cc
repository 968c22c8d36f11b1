// SPDX-License-Identifier: Apache-2.0
// The pass fovea-split: long sums into few results become partial sums, which are added in a fixed order.
//
// The gradient by a small filter reduces over the whole batch. It has too few results to share among threads, and each share
// would read all images again. Parts of the batch are independent, and each reads its own images once. The shape determines the
// order in which the parts are added, so the bits do not depend on the number of threads.
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/passes.h"

namespace fovea {
#define GEN_PASS_DEF_SPLITPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;

// More results are enough work for all threads, and their partial sums would cost more memory traffic than they save.
constexpr int64_t most_results = 64 * 1024;
// Shorter sums stay in the cache.
constexpr int64_t least_depth = 512;
constexpr int64_t most_parts = 16, wanted_parts = 8, least_parts = 4;

// The wanted number of equal parts, or the nearest number that divides the extent; 1 when there is none.
int64_t parts_of(int64_t extent) {
  if (extent % wanted_parts == 0) return wanted_parts;
  for (int64_t parts = most_parts; parts >= least_parts; --parts)
    if (extent % parts == 0) return parts;
  return 1;
}

struct Split {
  unsigned dim;  // of the domain: the first coordinate of both inputs
  int64_t parts, extent;
};

// Whether the first coordinate of `operand` is `dim` alone and is not padded.
bool leads_with(OpOperand* operand, linalg::GenericOp op, unsigned dim) {
  const AffineMap map = op.getMatchingIndexingMap(operand);
  if (map.getNumResults() < 2 || map.getResult(0) != getAffineDimExpr(dim, map.getContext())) return false;
  for (AffineExpr result : map.getResults().drop_front())
    if (result.isFunctionOfDim(dim)) return false;
  auto pad = operand->get().getDefiningOp<tensor::PadOp>();
  return !pad || (pad.getStaticLow()[0] == 0 && pad.getStaticHigh()[0] == 0);
}

std::optional<Split> split_of(linalg::GenericOp op) {
  if (work_of(op) != Work::contraction || op.getNumDpsInputs() != 2 || op->getNumResults() != 1) return {};
  if (!op.getDpsInits()[0].getDefiningOp<linalg::FillOp>()) return {};
  const SmallVector<int64_t> extents = op.getStaticLoopRanges();
  int64_t results = 1, depth = 1;
  std::optional<unsigned> leading;
  for (auto [dim, type] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (type == utils::IteratorType::parallel) {
      results *= extents[dim];
    } else {
      depth *= extents[dim];
      if (!leading) leading = static_cast<unsigned>(dim);
    }
  }
  if (!leading || results > most_results || depth < least_depth) return {};
  for (OpOperand* operand : op.getDpsInputOperands())
    if (!leads_with(operand, op, *leading)) return {};
  const int64_t parts = parts_of(extents[*leading]);
  if (parts == 1) return {};
  return Split{*leading, parts, extents[*leading]};
}

// The tensor with its first dimension reshaped to [parts, rest], through padding on it.
Value in_parts(OpBuilder& builder, Value tensor, const Split& split) {
  const Location location = tensor.getLoc();
  if (auto pad = tensor.getDefiningOp<tensor::PadOp>()) {
    Value source = in_parts(builder, pad.getSource(), split);
    SmallVector<OpFoldResult> low{builder.getIndexAttr(0)}, high{builder.getIndexAttr(0)};
    llvm::append_range(low, pad.getMixedLowPad());
    llvm::append_range(high, pad.getMixedHighPad());
    return builder.create<tensor::PadOp>(location, Type(), source, low, high, pad.getConstantPaddingValue());
  }
  const auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> shape{split.parts, split.extent / split.parts};
  llvm::append_range(shape, type.getShape().drop_front());
  SmallVector<ReassociationIndices> groups{{0, 1}};
  for (int64_t i = 1; i < type.getRank(); ++i) groups.push_back({i + 1});
  return builder.create<tensor::ExpandShapeOp>(location, RankedTensorType::get(shape, type.getElementType()), tensor, groups);
}

Value zeros(OpBuilder& builder, Location location, ArrayRef<int64_t> shape, linalg::GenericOp op) {
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  Value empty = builder.create<tensor::EmptyOp>(location, shape, fill.getInputs()[0].getType());
  return builder.create<linalg::FillOp>(location, fill.getInputs()[0], empty).getResult(0);
}

void apply(linalg::GenericOp op, const Split& split) {
  OpBuilder builder(op);
  const Location location = op.getLoc();
  MLIRContext* context = op.getContext();
  const unsigned rank = op.getNumLoops();
  const AffineExpr part = getAffineDimExpr(0, context);
  SmallVector<AffineMap> maps;
  for (AffineMap map : op.getIndexingMapsArray()) {
    SmallVector<AffineExpr> results{part};
    for (AffineExpr result : map.getResults()) results.push_back(result.shiftDims(rank, 1));
    maps.push_back(AffineMap::get(rank + 1, 0, results, context));
  }
  SmallVector<utils::IteratorType> iterators{utils::IteratorType::parallel};
  llvm::append_range(iterators, op.getIteratorTypesArray());
  const auto type = cast<RankedTensorType>(op.getResult(0).getType());
  SmallVector<int64_t> partial_shape{split.parts};
  llvm::append_range(partial_shape, type.getShape());
  Value start = zeros(builder, location, partial_shape, op);
  auto partial = builder.create<linalg::GenericOp>(
      location, start.getType(),
      ValueRange{in_parts(builder, op.getDpsInputs()[0], split), in_parts(builder, op.getDpsInputs()[1], split)}, start, maps,
      iterators);
  IRMapping mapping;
  op.getRegion().cloneInto(&partial.getRegion(), mapping);

  const auto out_rank = static_cast<unsigned>(type.getRank());
  SmallVector<AffineExpr> from{getAffineDimExpr(out_rank, context)}, to;
  for (unsigned i = 0; i < out_rank; ++i) to.push_back(getAffineDimExpr(i, context));
  llvm::append_range(from, to);
  SmallVector<utils::IteratorType> sum_iterators(out_rank, utils::IteratorType::parallel);
  sum_iterators.push_back(utils::IteratorType::reduction);
  auto sum = builder.create<linalg::GenericOp>(
      location, type, partial.getResult(0), zeros(builder, location, type.getShape(), op),
      ArrayRef<AffineMap>{AffineMap::get(out_rank + 1, 0, from, context), AffineMap::get(out_rank + 1, 0, to, context)},
      sum_iterators, [](OpBuilder& inner, Location at, ValueRange arguments) {
        inner.create<linalg::YieldOp>(at, Value(inner.create<arith::AddFOp>(at, arguments[1], arguments[0])));
      });
  op.getResult(0).replaceAllUsesWith(sum.getResult(0));
  op.erase();
}

struct SplitPass : impl::SplitPassBase<SplitPass> {
  void runOnOperation() override {
    SmallVector<std::pair<linalg::GenericOp, Split>> found;
    getOperation().walk([&](linalg::GenericOp op) {
      if (const std::optional<Split> split = split_of(op)) found.emplace_back(op, *split);
    });
    for (const auto& [op, split] : found) apply(op, split);
  }
};

}  // namespace

std::unique_ptr<Pass> create_split_pass() { return std::make_unique<SplitPass>(); }

}  // namespace fovea
