// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/kernel/dot_product_packing.h"

#include <llvm/ADT/bit.h>
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/LLVMIR/LLVMDialect.h>
#include <mlir/Dialect/SCF/IR/SCF.h>
#include <mlir/Dialect/Vector/IR/VectorOps.h>
#include <mlir/IR/Matchers.h>

#include <algorithm>
#include <optional>

#include "fovea/core/error.h"

namespace fovea {
namespace {

using namespace mlir;

bool is_bf16(const Access& access) { return cast<RankedTensorType>(access.tensor.getType()).getElementType().isBF16(); }

// The coordinate along which neighboring steps of `dim` read neighboring elements, so that they can form pairs: `dim` has
// coefficient 1 in it and in no other coordinate, pairs start at even positions, and no pair reaches into the padding. -1 when
// there is none.
int pair_coordinate(const LinalgOperation& root, const Access& access, unsigned dim) {
  int found = -1;
  for (unsigned i = 0; i < access.map.getNumResults(); ++i) {
    const LinearForm form = linear_form(access.map.getResult(i), static_cast<unsigned>(root.extents.size()));
    if (form.coefficients[dim] == 0) continue;
    if (found >= 0 || form.coefficients[dim] != 1 || form.constant % 2 != 0 || access.extent(i) % 2 != 0) return -1;
    int64_t reach = form.constant;
    for (unsigned other = 0; other < root.extents.size(); ++other) {
      if (other != dim && form.coefficients[other] % 2 != 0) return -1;
      if (form.coefficients[other] < 0) return -1;
      reach += form.coefficients[other] * (root.extents[other] - 1);
    }
    if (form.constant < 0 || reach >= access.extent(i)) return -1;
    if (access.padded() && access.pad_low[i] != 0) return -1;
    found = static_cast<int>(i);
  }
  return found;
}

// Rewrites the access so that `coordinate` counts pairs instead of elements.
void count_pairs(Access& access, unsigned dim, int coordinate) {
  SmallVector<AffineExpr> results(access.map.getResults());
  MLIRContext* context = access.map.getContext();
  const LinearForm form = linear_form(results[static_cast<size_t>(coordinate)], access.map.getNumDims());
  AffineExpr halved = getAffineConstantExpr(form.constant / 2, context);
  for (unsigned i = 0; i < form.coefficients.size(); ++i)
    if (form.coefficients[i] != 0) halved = halved + getAffineDimExpr(i, context) * (i == dim ? 1 : form.coefficients[i] / 2);
  results[static_cast<size_t>(coordinate)] = halved;
  access.map = AffineMap::get(access.map.getNumDims(), 0, results, context);
  access.group = 2;
  access.group_coordinate = coordinate;
  access.pad_value = FloatAttr::get(Float32Type::get(context), 0.0);
}

// Whether the argument's memory may be viewed as groups: nothing else in the kernel reads or writes it.
bool belongs_to_root(const KernelDescription& kernel, const Access& access) {
  if (!isa<BlockArgument>(access.tensor) || !access.tensor.hasOneUse()) return false;
  const auto number = static_cast<int>(cast<BlockArgument>(access.tensor).getArgNumber());
  return llvm::none_of(kernel.outputs, [&](const KernelResult& output) { return output.in_place == number; });
}

bool may_pair(const KernelDescription& kernel) {
  const LinalgOperation& root = kernel.root;
  if (!kernel.is_contraction() || root.output_dims.empty()) return false;
  const unsigned vector = root.output_dims.back();
  // An odd number of columns ends in a tile of one column, a scalar, for which there is no instruction.
  if (root.extents[vector] % 2 != 0) return false;
  bool shared = true;
  for (const Access& access : root.inputs) {
    if (!is_bf16(access) || !belongs_to_root(kernel, access)) return false;
    if (access.padded() && !cast<FloatAttr>(access.pad_value).getValue().isZero()) return false;
    shared &= llvm::any_of(access.map.getResults(), [&](AffineExpr result) { return result.isFunctionOfDim(vector); });
  }
  return !shared;
}

bool pair_bf16(KernelDescription& kernel) {
  if (!may_pair(kernel)) return false;
  LinalgOperation& root = kernel.root;
  int best = -1, most_adjacent = -1;
  for (unsigned dim = 0; dim < root.extents.size(); ++dim) {
    if (!root.reduced[dim] || root.extents[dim] % 2 != 0) continue;
    int adjacent = 0;
    for (const Access& access : root.inputs) {
      const int coordinate = pair_coordinate(root, access, dim);
      if (coordinate < 0) adjacent = -10;
      adjacent += coordinate + 1 == static_cast<int>(access.map.getNumResults());
    }
    if (adjacent <= most_adjacent) continue;
    most_adjacent = adjacent;
    best = static_cast<int>(dim);
  }
  if (best < 0) return false;
  const auto dim = static_cast<unsigned>(best);
  for (Access& access : root.inputs) count_pairs(access, dim, pair_coordinate(root, access, dim));
  root.extents[dim] /= 2;
  return true;
}

// How the integers of an input are read.
struct Integers {
  unsigned bits = 0;
  bool is_signed = true;
};

std::optional<Integers> integers_of(const KernelDescription& kernel, size_t input) {
  const SmallVector<Operation*> conversion = kernel.conversion(input);
  const Type element = cast<RankedTensorType>(kernel.root.inputs[input].tensor.getType()).getElementType();
  if (conversion.size() != 1 || !isa<arith::ExtSIOp, arith::ExtUIOp>(conversion[0]) ||
      !conversion[0]->getResult(0).getType().isInteger(32))
    return {};
  return Integers{element.getIntOrFloatBitWidth(), isa<arith::ExtSIOp>(conversion[0])};
}

DotProduct instruction_for(const KernelDescription& kernel, IntegerDot dot) {
  const auto first = integers_of(kernel, 0), second = integers_of(kernel, 1);
  if (!first || !second || first->bits != second->bits) return DotProduct::none;
  const bool quads = first->bits == 8, equal = first->is_signed == second->is_signed;
  if (dot == IntegerDot::mixed_quads && quads && !equal)
    return first->is_signed ? DotProduct::signed_first : DotProduct::unsigned_first;
  if (dot == IntegerDot::equal_quads && quads && equal)
    return first->is_signed ? DotProduct::signed_quads : DotProduct::unsigned_quads;
  if (dot == IntegerDot::pairs && first->bits == 16 && equal && first->is_signed) return DotProduct::word_pairs;
  return DotProduct::none;
}

// The reduced dimension that is the whole last coordinate of both inputs and has the length `group`; -1 when there is none.
int last_dimension(const KernelDescription& kernel, int64_t group) {
  const LinalgOperation& root = kernel.root;
  int found = -1;
  for (const Access& access : root.inputs) {
    if (!belongs_to_root(kernel, access) || access.map.getNumResults() == 0) return -1;
    const unsigned last = access.map.getNumResults() - 1;
    const auto dim = dyn_cast<AffineDimExpr>(access.map.getResult(last));
    if (!dim || (found >= 0 && found != static_cast<int>(dim.getPosition()))) return -1;
    found = static_cast<int>(dim.getPosition());
    for (unsigned i = 0; i < last; ++i)
      if (access.map.getResult(i).isFunctionOfDim(dim.getPosition())) return -1;
    if (cast<RankedTensorType>(access.tensor.getType()).getShape().back() != group || access.low(last) != 0) return -1;
  }
  const auto dim = static_cast<unsigned>(found);
  // The other reduced dimensions loop over groups; with a single group there is no loop.
  const bool others = llvm::count(root.reduced, true) > 1;
  return others && root.reduced[dim] && root.extents[dim] == group ? found : -1;
}

FloatAttr as_f32(MLIRContext* context, const APInt& bits) {
  return FloatAttr::get(Float32Type::get(context), APFloat(APFloat::IEEEsingle(), bits));
}

// The tensor without its last dimension, where each group is one number.
void leave_out_groups(Access& access, int64_t group) {
  MLIRContext* context = access.map.getContext();
  const ArrayRef<AffineExpr> results = access.map.getResults();
  access.map = AffineMap::get(access.map.getNumDims(), 0, results.drop_back(), context);
  access.group = group;
  if (!access.padded()) return;
  access.pad_low.pop_back();
  const APInt value = cast<IntegerAttr>(access.pad_value).getValue();
  access.pad_value = as_f32(context, APInt::getSplat(32, value));
}

void group_integers(KernelDescription& kernel, const Target& target) {
  LinalgOperation& root = kernel.root;
  const DotProduct product = instruction_for(kernel, target.integer_dot);
  if (product == DotProduct::none) return;
  const int64_t group = product == DotProduct::word_pairs ? 2 : 4;
  const int dim = last_dimension(kernel, group);
  APInt initial;
  if (dim < 0 || !matchPattern(root.initial[0], m_ConstantInt(&initial))) return;
  for (Access& access : root.inputs) leave_out_groups(access, group);
  OpBuilder builder(root.initial[0].getContext());
  builder.setInsertionPointAfterValue(root.initial[0]);
  root.initial[0] =
      builder.create<arith::ConstantOp>(root.initial[0].getLoc(), as_f32(builder.getContext(), initial.zextOrTrunc(32)));
  root.extents[static_cast<unsigned>(dim)] = 1;
  root.product = product;
}

constexpr int64_t least_lanes = 4;  // the shortest vector that every one of the instructions exists for

// Emits the target's instruction for one register of sums.
class Instruction {
 public:
  Instruction(DotProduct product, const Target& target)
      : product_(product),
        x86_(StringRef(target.triple).starts_with("x86_64")),
        wasm_(StringRef(target.triple).starts_with("wasm")),
        most_lanes_(target.vector_bytes / 4) {}

  int64_t most_lanes() const { return most_lanes_; }

  // Returns `sum` plus the products in each lane. For products of mixed signs, `left` must hold the unsigned bytes.
  Value emit(OpBuilder& builder, Location location, Value sum, Value left, Value right) const {
    const auto type = cast<VectorType>(sum.getType());
    const int64_t lanes = type.getNumElements();
    if (product_ == DotProduct::bf16_pairs) {
      const auto halves = VectorType::get({2 * lanes}, builder.getBF16Type());
      return call(builder, location, fmt::format("llvm.x86.avx512bf16.dpbf16ps.{}", 32 * lanes), type,
                  {sum, cast_to(builder, location, halves, left), cast_to(builder, location, halves, right)});
    }
    const auto words = VectorType::get({lanes}, builder.getI32Type());
    Value total = cast_to(builder, location, words, sum);
    if (product_ == DotProduct::word_pairs) {
      const auto halves = VectorType::get({2 * lanes}, builder.getI16Type());
      Value products = call(builder, location, pairs_name(lanes), words,
                            {cast_to(builder, location, halves, left), cast_to(builder, location, halves, right)});
      total = builder.create<arith::AddIOp>(location, total, products);
    } else if (x86_) {
      total = call(builder, location, fmt::format("llvm.x86.avx512.vpdpbusd.{}", 32 * lanes), words,
                   {total, cast_to(builder, location, words, left), cast_to(builder, location, words, right)});
    } else if (wasm_) {
      const auto bytes = VectorType::get({4 * lanes}, builder.getI8Type());
      total = call(builder, location, "llvm.wasm.relaxed.dot.i8x16.i7x16.add.signed", words,
                   {cast_to(builder, location, bytes, right), cast_to(builder, location, bytes, left), total});
    } else {
      const auto bytes = VectorType::get({4 * lanes}, builder.getI8Type());
      const char* name = product_ == DotProduct::signed_quads ? "sdot" : "udot";
      total = call(builder, location, fmt::format("llvm.aarch64.neon.{}.v4i32.v16i8", name), words,
                   {total, cast_to(builder, location, bytes, left), cast_to(builder, location, bytes, right)});
    }
    return cast_to(builder, location, type, total);
  }

 private:
  static Value cast_to(OpBuilder& builder, Location location, VectorType type, Value value) {
    return builder.create<vector::BitCastOp>(location, type, value);
  }
  static Value call(OpBuilder& builder, Location location, const std::string& name, Type type, ValueRange operands) {
    return builder
        .create<LLVM::CallIntrinsicOp>(location, type, builder.getStringAttr(name), operands, LLVM::FastmathFlagsAttr())
        .getResults();
  }
  std::string pairs_name(int64_t lanes) const {
    if (!x86_) return "llvm.wasm.dot";
    return lanes == 4 ? "llvm.x86.sse2.pmadd.wd" : lanes == 8 ? "llvm.x86.avx2.pmadd.wd" : "llvm.x86.avx512.pmaddw.d.512";
  }

  DotProduct product_;
  bool x86_, wasm_;
  int64_t most_lanes_;
};

// Applies the instruction to a vector of any shape, or to a scalar: splits it into vectors that the instruction exists for, and
// widens shorter ones.
Value dot_of_any_length(const Instruction& instruction, OpBuilder& builder, Location location, Value sum, Value left,
                        Value right) {
  auto type = dyn_cast<VectorType>(sum.getType());
  if (!type || type.getRank() == 0) {
    const auto one = VectorType::get({1}, builder.getF32Type());
    auto lift = [&](Value value) -> Value { return builder.create<vector::BroadcastOp>(location, one, value); };
    Value result = dot_of_any_length(instruction, builder, location, lift(sum), lift(left), lift(right));
    Value number = builder.create<vector::ExtractOp>(location, result, ArrayRef<int64_t>{0});
    return type ? Value(builder.create<vector::BroadcastOp>(location, type, number)) : number;
  }
  if (type.getRank() > 1) {
    Value result = sum;
    for (int64_t row = 0; row < type.getDimSize(0); ++row) {
      auto at = [&](Value value) -> Value {
        return builder.create<vector::ExtractOp>(location, value, ArrayRef<int64_t>{row});
      };
      Value part = dot_of_any_length(instruction, builder, location, at(sum), at(left), at(right));
      result = builder.create<vector::InsertOp>(location, part, result, ArrayRef<int64_t>{row});
    }
    return result;
  }
  const int64_t lanes = type.getNumElements(), most_lanes = instruction.most_lanes();
  if (lanes <= most_lanes && lanes >= least_lanes && llvm::isPowerOf2_64(static_cast<uint64_t>(lanes)))
    return instruction.emit(builder, location, sum, left, right);
  if (lanes < least_lanes) {
    SmallVector<int64_t> widen(static_cast<size_t>(least_lanes), 0), narrow(static_cast<size_t>(lanes));
    for (int64_t i = 0; i < lanes; ++i) widen[static_cast<size_t>(i)] = narrow[static_cast<size_t>(i)] = i;
    auto wide = [&](Value value) -> Value { return builder.create<vector::ShuffleOp>(location, value, value, widen); };
    Value result = instruction.emit(builder, location, wide(sum), wide(left), wide(right));
    return builder.create<vector::ShuffleOp>(location, result, result, narrow);
  }
  Value result = sum;
  for (int64_t at = 0, size = most_lanes; at < lanes; at += size) {
    size = std::min(most_lanes, static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(lanes - at))));
    auto part = [&](Value value) -> Value {
      return builder.create<vector::ExtractStridedSliceOp>(location, value, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{size},
                                                           ArrayRef<int64_t>{1});
    };
    Value piece = dot_of_any_length(instruction, builder, location, part(sum), part(left), part(right));
    result = builder.create<vector::InsertStridedSliceOp>(location, piece, result, ArrayRef<int64_t>{at}, ArrayRef<int64_t>{1});
  }
  return result;
}

// Whether `value` was loaded from the argument marked as unsigned bytes.
bool reads_unsigned(Value value, func::FuncOp function) {
  while (Operation* op = value.getDefiningOp()) {
    // A loop that assembles a vector element by element yields the last insertion. For loads and views the first operand is the
    // memory, and for shuffles and casts between a load and the product it is the data, so following first operands leads to
    // the argument.
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      value = loop.getYieldedValues()[cast<OpResult>(value).getResultNumber()];
    } else if (op->getNumOperands() > 0) {
      value = op->getOperand(0);
    } else {
      return false;
    }
  }
  const auto argument = dyn_cast<BlockArgument>(value);
  return argument && argument.getOwner() == &function.front() &&
         function.getArgAttr(argument.getArgNumber(), unsigned_bytes) != nullptr;
}

// The operands of a marked multiply-add; `product` is the multiplication if it is a separate operation.
struct MultiplyAdd {
  Value left, right, sum;
  Operation* product = nullptr;
};

MultiplyAdd multiply_add(Operation* op) {
  if (auto fma = dyn_cast<vector::FMAOp>(op)) return {fma.getLhs(), fma.getRhs(), fma.getAcc()};
  for (unsigned i = 0; i < 2; ++i) {
    Operation* factor = op->getOperand(i).getDefiningOp();
    if (isa_and_nonnull<arith::MulFOp>(factor) && factor->hasAttr(dot_product_mark))
      return {factor->getOperand(0), factor->getOperand(1), op->getOperand(1 - i), factor};
  }
  fail("an addition marked fovea.dot_product adds no marked product");
}

// Replaces the marked multiply-adds of one function by the instruction.
class ProductLowering {
 public:
  ProductLowering(func::FuncOp function, DotProduct product, const Target& target)
      : function_(function), product_(product), instruction_(product, target), builder_(function.getContext()) {}

  void run() {
    SmallVector<Operation*> sums;
    function_.walk([&](Operation* op) {
      const bool marked = isa<arith::AddFOp>(op) && op->hasAttr(dot_product_mark);
      if (isa<vector::FMAOp>(op) || marked || adds_up_products(op)) sums.push_back(op);
    });
    for (Operation* op : sums) {
      builder_.setInsertionPoint(op);
      if (auto reduction = dyn_cast<vector::ReductionOp>(op)) {
        lower_reduction(reduction);
      } else {
        const MultiplyAdd work = multiply_add(op);
        replace(op, dot(op->getLoc(), work.sum, work.left, work.right), work.product);
      }
    }
    lower_lone_products();
  }

 private:
  // The first product of a sum has no addition left if adding it to zero was folded.
  void lower_lone_products() {
    SmallVector<arith::MulFOp> products;
    function_.walk([&](arith::MulFOp op) {
      if (op->hasAttr(dot_product_mark)) products.push_back(op);
    });
    for (arith::MulFOp op : products) {
      builder_.setInsertionPoint(op);
      Value zero = builder_.create<arith::ConstantOp>(op.getLoc(), builder_.getZeroAttr(op.getType()));
      replace(op, dot(op.getLoc(), zero, op.getLhs(), op.getRhs()), nullptr);
    }
  }

  // A contraction with a single result is vectorized along the reduction: groups are multiplied lane by lane, and a horizontal
  // reduction adds the lanes.
  static bool adds_up_products(Operation* op) {
    auto reduction = dyn_cast<vector::ReductionOp>(op);
    return reduction && reduction.getKind() == vector::CombiningKind::ADD &&
           reduction.getVector().getDefiningOp<arith::MulFOp>();
  }

  void lower_reduction(vector::ReductionOp op) {
    const Location location = op.getLoc();
    auto product = op.getVector().getDefiningOp<arith::MulFOp>();
    const auto type = cast<VectorType>(op.getVector().getType());
    Value zero = builder_.create<arith::ConstantOp>(location, builder_.getZeroAttr(type));
    Value lanes = dot(location, zero, product.getLhs(), product.getRhs()), start = op.getAcc();
    const bool real = product_ == DotProduct::bf16_pairs;
    if (!real) {
      lanes = builder_.create<vector::BitCastOp>(location, VectorType::get(type.getShape(), builder_.getI32Type()), lanes);
      if (start) start = builder_.create<arith::BitcastOp>(location, builder_.getI32Type(), start);
    }
    Value total = start ? builder_.create<vector::ReductionOp>(location, vector::CombiningKind::ADD, lanes, start)
                        : builder_.create<vector::ReductionOp>(location, vector::CombiningKind::ADD, lanes);
    if (!real) total = builder_.create<arith::BitcastOp>(location, builder_.getF32Type(), total);
    replace(op, total, product);
  }

  // The instructions for mixed signs take the unsigned bytes as their first operand.
  Value dot(Location location, Value sum, Value left, Value right) {
    if (product_ == DotProduct::unsigned_first || product_ == DotProduct::signed_first) {
      const bool first = reads_unsigned(left, function_), second = reads_unsigned(right, function_);
      if (first == second)
        fail("{}: exactly one operand of a dot product of bytes must come from the argument marked fovea.unsigned_bytes",
             function_.getName().str());
      if (second) std::swap(left, right);
    }
    return dot_of_any_length(instruction_, builder_, location, sum, left, right);
  }

  static void replace(Operation* op, Value value, Operation* product) {
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
    if (product && product->use_empty()) product->erase();
  }

  func::FuncOp function_;
  DotProduct product_;
  Instruction instruction_;
  OpBuilder builder_;
};

// Folds the operations of element-wise bodies (x - 0, x * 1). Canonicalization would fold them later and turn an operation into
// a copy of its operand, after the tile program was emitted for an operation that computes something.
void fold_bodies(func::FuncOp kernel) {
  OpBuilder builder(kernel.getContext());
  kernel.walk([&](linalg::GenericOp generic) {
    if (generic.getNumLoops() != generic.getNumParallelLoops()) return;
    for (Operation& op : llvm::make_early_inc_range(generic.getBody()->without_terminator())) {
      SmallVector<Value> known;
      builder.setInsertionPoint(&op);
      if (failed(builder.tryFold(&op, known)) || known.size() != op.getNumResults()) continue;
      op.replaceAllUsesWith(known);
      op.erase();
    }
  });
}

}  // namespace

void pack_dot_products(KernelDescription& kernel, const Target& target) {
  if (!kernel.is_contraction()) return;
  if (target.bf16_dot && pair_bf16(kernel)) {
    kernel.root.product = DotProduct::bf16_pairs;
  } else {
    group_integers(kernel, target);
  }
}

KernelDescription read_packed_kernel(func::FuncOp kernel, const Target& target) {
  fold_bodies(kernel);
  KernelDescription description = read_kernel(kernel);
  pack_dot_products(description, target);
  return description;
}

void lower_dot_products(ModuleOp vectors, const Target& target) {
  for (auto function : vectors.getOps<func::FuncOp>())
    if (auto kind = function->getAttrOfType<IntegerAttr>(dot_product_mark))
      ProductLowering(function, static_cast<DotProduct>(kind.getInt()), target).run();
}

}  // namespace fovea
