#include "fovea/codegen/pairs.h"

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/LLVMIR/LLVMDialect.h>
#include <mlir/Dialect/Vector/IR/VectorOps.h>

#include <algorithm>

namespace fovea {
namespace {

using namespace mlir;

bool is_bf16(const Access& access) { return cast<RankedTensorType>(access.tensor.getType()).getElementType().isBF16(); }

// The coordinate of the input that `dim` alone walks one by one, from an even place, inside the tensor; -1 when there is none.
int pair_coordinate(const Formula& anchor, const Access& access, unsigned dim) {
  int found = -1;
  for (unsigned i = 0; i < access.map.getNumResults(); ++i) {
    const LinearForm form = linear_form(access.map.getResult(i), static_cast<unsigned>(anchor.extents.size()));
    if (form.coefficients[dim] == 0) continue;
    if (found >= 0 || form.coefficients[dim] != 1 || form.constant % 2 != 0 || access.extent(i) % 2 != 0) return -1;
    int64_t reach = form.constant;
    for (unsigned other = 0; other < anchor.extents.size(); ++other) {
      if (other != dim && form.coefficients[other] % 2 != 0) return -1;
      if (form.coefficients[other] < 0) return -1;
      reach += form.coefficients[other] * (anchor.extents[other] - 1);
    }
    if (form.constant < 0 || reach >= access.extent(i)) return -1;
    if (access.padded() && access.pad_low[i] != 0) return -1;
    found = static_cast<int>(i);
  }
  return found;
}

void count_pairs(Access& access, unsigned dim, int coordinate) {
  SmallVector<AffineExpr> results(access.map.getResults());
  MLIRContext* context = access.map.getContext();
  const LinearForm form = linear_form(results[static_cast<size_t>(coordinate)], access.map.getNumDims());
  AffineExpr halved = getAffineConstantExpr(form.constant / 2, context);
  for (unsigned i = 0; i < form.coefficients.size(); ++i)
    if (form.coefficients[i] != 0) halved = halved + getAffineDimExpr(i, context) * (i == dim ? 1 : form.coefficients[i] / 2);
  results[static_cast<size_t>(coordinate)] = halved;
  access.map = AffineMap::get(access.map.getNumDims(), 0, results, context);
  access.pair = coordinate;
  access.pad_value = FloatAttr::get(Float32Type::get(context), 0.0);
}

// Its memory may be seen as pairs: nothing else in the kernel reads or writes it.
bool belongs_to_anchor(const KernelFormula& kernel, const Access& access) {
  if (!isa<BlockArgument>(access.tensor) || !access.tensor.hasOneUse()) return false;
  const auto number = static_cast<int>(cast<BlockArgument>(access.tensor).getArgNumber());
  return llvm::none_of(kernel.outputs, [&](const Output& output) { return output.in_place == number; });
}

bool may_pair(const KernelFormula& kernel) {
  const Formula& anchor = kernel.anchor;
  if (!kernel.is_contraction() || anchor.output_dims.empty()) return false;
  const unsigned vector = anchor.output_dims.back();
  // Single results would leave no vectors to multiply by.
  if (anchor.extents[vector] % 2 != 0) return false;
  bool shared = true;
  for (const Access& access : anchor.inputs) {
    if (!is_bf16(access) || !belongs_to_anchor(kernel, access)) return false;
    if (access.padded() && !cast<FloatAttr>(access.pad_value).getValue().isZero()) return false;
    shared &= llvm::any_of(access.map.getResults(), [&](AffineExpr result) { return result.isFunctionOfDim(vector); });
  }
  return !shared;
}

// One register of at most 512 bits: acc + the two products in each lane.
Value dot(OpBuilder& builder, Location location, Value sum, Value left, Value right) {
  const auto type = cast<VectorType>(sum.getType());
  const auto halves = VectorType::get({2 * type.getNumElements()}, builder.getBF16Type());
  const std::string name = "llvm.x86.avx512bf16.dpbf16ps." + std::to_string(32 * type.getNumElements());
  auto pairs = [&](Value value) -> Value { return builder.create<vector::BitCastOp>(location, halves, value); };
  return builder
      .create<LLVM::CallIntrinsicOp>(location, type, builder.getStringAttr(name), ValueRange{sum, pairs(left), pairs(right)},
                                     LLVM::FastmathFlagsAttr())
      .getResults();
}

constexpr int64_t least_lanes = 4, most_lanes = 16;

// A vector of one dimension of any length that is a power of two, or a single number.
Value dot_of_any_length(OpBuilder& builder, Location location, Value sum, Value left, Value right) {
  auto type = dyn_cast<VectorType>(sum.getType());
  if (!type || type.getRank() == 0) {
    const auto one = VectorType::get({1}, builder.getF32Type());
    auto lift = [&](Value value) -> Value { return builder.create<vector::BroadcastOp>(location, one, value); };
    Value result = dot_of_any_length(builder, location, lift(sum), lift(left), lift(right));
    Value number = builder.create<vector::ExtractOp>(location, result, ArrayRef<int64_t>{0});
    return type ? Value(builder.create<vector::BroadcastOp>(location, type, number)) : number;
  }
  if (type.getRank() > 1) {
    Value result = sum;
    for (int64_t row = 0; row < type.getDimSize(0); ++row) {
      auto at = [&](Value value) -> Value {
        return builder.create<vector::ExtractOp>(location, value, ArrayRef<int64_t>{row});
      };
      Value part = dot_of_any_length(builder, location, at(sum), at(left), at(right));
      result = builder.create<vector::InsertOp>(location, part, result, ArrayRef<int64_t>{row});
    }
    return result;
  }
  const int64_t lanes = type.getNumElements();
  if (lanes < least_lanes) {
    SmallVector<int64_t> widen(least_lanes, 0), narrow(static_cast<size_t>(lanes));
    for (int64_t i = 0; i < lanes; ++i) widen[static_cast<size_t>(i)] = narrow[static_cast<size_t>(i)] = i;
    auto wide = [&](Value value) -> Value { return builder.create<vector::ShuffleOp>(location, value, value, widen); };
    Value result = dot(builder, location, wide(sum), wide(left), wide(right));
    return builder.create<vector::ShuffleOp>(location, result, result, narrow);
  }
  if (lanes <= most_lanes) return dot(builder, location, sum, left, right);
  Value result = sum;
  for (int64_t at = 0; at < lanes; at += most_lanes) {
    auto part = [&](Value value) -> Value {
      return builder.create<vector::ExtractStridedSliceOp>(location, value, ArrayRef<int64_t>{at},
                                                           ArrayRef<int64_t>{most_lanes}, ArrayRef<int64_t>{1});
    };
    Value piece = dot(builder, location, part(sum), part(left), part(right));
    result = builder.create<vector::InsertStridedSliceOp>(location, piece, result, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{1});
  }
  return result;
}

}  // namespace

void pair_products(KernelFormula& kernel, const Target& target) {
  if (!target.bf16_dot || !may_pair(kernel)) return;
  Formula& anchor = kernel.anchor;
  int best = -1, most_adjacent = -1;
  for (unsigned dim = 0; dim < anchor.extents.size(); ++dim) {
    if (!anchor.reduced[dim] || anchor.extents[dim] % 2 != 0) continue;
    int adjacent = 0;
    for (const Access& access : anchor.inputs) {
      const int coordinate = pair_coordinate(anchor, access, dim);
      if (coordinate < 0) adjacent = -10;
      adjacent += coordinate + 1 == static_cast<int>(access.map.getNumResults());
    }
    if (adjacent <= most_adjacent) continue;
    most_adjacent = adjacent;
    best = static_cast<int>(dim);
  }
  if (best < 0) return;
  const auto dim = static_cast<unsigned>(best);
  for (Access& access : anchor.inputs) count_pairs(access, dim, pair_coordinate(anchor, access, dim));
  anchor.extents[dim] /= 2;
  anchor.paired = true;
}

void lower_pair_products(ModuleOp vectors) {
  OpBuilder builder(vectors.getContext());
  SmallVector<Operation*> sums;
  for (auto function : vectors.getOps<func::FuncOp>()) {
    if (!function->hasAttr(pair_product)) continue;
    function.walk([&](Operation* op) {
      if (isa<vector::FMAOp>(op) || (isa<arith::AddFOp>(op) && op->hasAttr(pair_product))) sums.push_back(op);
    });
  }
  for (Operation* op : sums) {
    builder.setInsertionPoint(op);
    Value left, right, sum;
    Operation* product = nullptr;
    if (auto fma = dyn_cast<vector::FMAOp>(op)) {
      left = fma.getLhs();
      right = fma.getRhs();
      sum = fma.getAcc();
    } else {
      for (unsigned i = 0; i < 2 && !product; ++i) {
        Operation* factor = op->getOperand(i).getDefiningOp();
        if (!isa_and_nonnull<arith::MulFOp>(factor) || !factor->hasAttr(pair_product)) continue;
        product = factor;
        sum = op->getOperand(1 - i);
      }
      left = product->getOperand(0);
      right = product->getOperand(1);
    }
    op->getResult(0).replaceAllUsesWith(dot_of_any_length(builder, op->getLoc(), sum, left, right));
    op->erase();
    if (product && product->use_empty()) product->erase();
  }
}

}  // namespace fovea
