// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/vector/horizontal_reduction.h"

#include <llvm/ADT/bit.h>
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Vector/IR/VectorOps.h>

namespace fovea {
namespace {

using namespace mlir;

// The shuffle mask of the first or second half of each run of `run` lanes.
SmallVector<int64_t> halves(int64_t lanes, int64_t run, bool second) {
  SmallVector<int64_t> mask;
  for (int64_t start = 0; start < lanes; start += run)
    for (int64_t lane = 0; lane < run / 2; ++lane) mask.push_back(start + lane + (second ? run / 2 : 0));
  return mask;
}

// Reduces registers, whose number is a power of two and at most the number of lanes, to one vector with the sum of each.
Value sums_of(OpBuilder& builder, Location location, SmallVector<Value> registers) {
  const int64_t lanes = cast<VectorType>(registers[0].getType()).getDimSize(0);
  int64_t run = lanes;
  auto folded = [&](Value a, Value b, int64_t width) -> Value {
    Value low = builder.create<vector::ShuffleOp>(location, a, b, halves(width, run, false));
    Value high = builder.create<vector::ShuffleOp>(location, a, b, halves(width, run, true));
    return builder.create<arith::AddFOp>(location, low, high);
  };
  for (; registers.size() > 1; run /= 2) {
    SmallVector<Value> next;
    for (size_t i = 0; i < registers.size(); i += 2) next.push_back(folded(registers[i], registers[i + 1], 2 * lanes));
    registers = std::move(next);
  }
  Value sums = registers[0];
  for (int64_t width = lanes; run > 1; run /= 2, width /= 2) sums = folded(sums, sums, width);
  return sums;
}

struct SumsTogether : OpRewritePattern<vector::MultiDimReductionOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(vector::MultiDimReductionOp sum, PatternRewriter& rewriter) const override {
    const VectorType source = sum.getSourceVectorType();
    const int64_t lanes = source.getShape().back(), rank = source.getRank();
    if (sum.getKind() != vector::CombiningKind::ADD || !isa<FloatType>(source.getElementType()) || rank < 2 || lanes < 2 ||
        !llvm::isPowerOf2_64(static_cast<uint64_t>(lanes)))
      return failure();
    const SmallVector<bool> reduced = sum.getReductionMask();
    if (!reduced.back() || llvm::is_contained(ArrayRef<bool>(reduced).drop_back(), true)) return failure();
    const Location location = sum.getLoc();
    const auto result = cast<VectorType>(sum.getDestType());
    SmallVector<Value> registers;
    SmallVector<SmallVector<int64_t>> places;
    for (int64_t i = 0; i < result.getNumElements(); ++i) {
      SmallVector<int64_t>& place = places.emplace_back(rank - 1);
      for (int64_t dim = rank - 2, left = i; dim >= 0; left /= result.getDimSize(dim), --dim)
        place[dim] = left % result.getDimSize(dim);
      registers.push_back(rewriter.create<vector::ExtractOp>(location, sum.getSource(), place));
    }
    Value all = sum.getAcc();
    for (size_t first = 0; first < registers.size();) {
      const size_t count = llvm::bit_floor(std::min(registers.size() - first, static_cast<size_t>(lanes)));
      Value sums = sums_of(rewriter, location, SmallVector<Value>(ArrayRef<Value>(registers).slice(first, count)));
      for (size_t i = 0; i < count; ++i, ++first) {
        Value number = rewriter.create<vector::ExtractOp>(location, sums, static_cast<int64_t>(i));
        Value start = rewriter.create<vector::ExtractOp>(location, sum.getAcc(), places[first]);
        number = rewriter.create<arith::AddFOp>(location, start, number);
        all = rewriter.create<vector::InsertOp>(location, number, all, places[first]);
      }
    }
    rewriter.replaceOp(sum, all);
    return success();
  }
};

}  // namespace

void add_horizontal_reduction_pattern(RewritePatternSet& patterns) { patterns.add<SumsTogether>(patterns.getContext()); }

}  // namespace fovea
