// SPDX-License-Identifier: Apache-2.0
// The pass fovea-dot-products: arranges contractions of bytes for the processor's dot products.
//
// It works on linalg operations: index maps and the conversions in a body show what is multiplied and how.
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/passes.h"
#include "llvm/ADT/MapVector.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

namespace fovea {
#define GEN_PASS_DECL_DOTPRODUCTSPASS
#define GEN_PASS_DEF_DOTPRODUCTSPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;
using linalg::GenericOp;

// f32 represents integers up to 2^24 exactly; up to 2^22, every processor converts them with its shortest sequence
// (machine_code.cc).
constexpr int64_t exact_in_f32 = int64_t{1} << 22;

RankedTensorType type_of(Value value) { return cast<RankedTensorType>(value.getType()); }

AffineMap map_of(MLIRContext* context, unsigned dims, ArrayRef<AffineExpr> results) {
  return AffineMap::get(dims, 0, results, context);
}

SmallVector<AffineExpr> dims_of(MLIRContext* context, unsigned count) {
  SmallVector<AffineExpr> dims;
  for (unsigned i = 0; i < count; ++i) dims.push_back(getAffineDimExpr(i, context));
  return dims;
}

// One input of a contraction of bytes: the tensor behind its padding.
struct Factor {
  Value tensor;
  tensor::PadOp pad;  // or null
  AffineMap map;
  bool is_signed = true;
  int64_t zero = 0;  // subtracted before the multiplication

  int64_t padding() const {
    APInt value(8, 0);
    if (pad) matchPattern(tensor::PadOp(pad).getConstantPaddingValue(), m_ConstantInt(&value));
    return is_signed ? value.getSExtValue() : static_cast<int64_t>(value.getZExtValue());
  }
  int64_t largest() const {
    const int64_t least = is_signed ? -128 : 0;
    return std::max(std::abs(least - zero), std::abs(least + 255 - zero));
  }
};

struct Contraction {
  GenericOp op;
  Factor image, filter;
  SmallVector<int64_t> extents;
  SmallVector<unsigned> result_dims;

  bool reduced(unsigned dim) const { return !llvm::is_contained(result_dims, dim); }
};

// How a body extends an input to i32, and what it subtracts from it before the multiplication; null when it does something
// else.
Operation* extension_of(GenericOp op, unsigned input, int64_t& zero) {
  Value argument = op.getBody()->getArgument(input);
  if (!argument.hasOneUse()) return nullptr;
  Operation* extension = *argument.user_begin();
  if (!isa<arith::ExtSIOp, arith::ExtUIOp>(extension) || !extension->getResult(0).getType().isInteger(32)) return nullptr;
  Operation* last = extension;
  APInt constant;
  if (last->hasOneUse() && isa<arith::SubIOp>(*last->user_begin())) {
    last = *last->user_begin();
    if (last->getOperand(0) != extension->getResult(0) || !matchPattern(last->getOperand(1), m_ConstantInt(&constant)))
      return nullptr;
    zero = constant.getSExtValue();
  }
  return last->hasOneUse() && isa<arith::MulIOp>(*last->user_begin()) ? extension : nullptr;
}

std::optional<Factor> factor_of(GenericOp op, unsigned input) {
  int64_t zero = 0;
  Operation* extension = extension_of(op, input, zero);
  Factor factor{op.getInputs()[input], {}, op.getIndexingMapsArray()[input], isa_and_nonnull<arith::ExtSIOp>(extension), zero};
  if (!extension || !type_of(factor.tensor).getElementType().isInteger(8)) return {};
  if (auto pad = factor.tensor.getDefiningOp<tensor::PadOp>()) {
    Attribute constant;
    if (!pad.getConstantPaddingValue() || !matchPattern(pad.getConstantPaddingValue(), m_Constant(&constant))) return {};
    factor.pad = pad;
    factor.tensor = pad.getSource();
  }
  return factor;
}

std::optional<Contraction> contraction_of(GenericOp op) {
  if (work_of(op) != Work::contraction || op.getNumDpsInputs() != 2) return {};
  const auto image = factor_of(op, 0), filter = factor_of(op, 1);
  if (!image || !filter || image->zero != 0 || filter->pad || !filter->map.isProjectedPermutation()) return {};
  const auto operations = llvm::count_if(*op.getBody(), [](Operation& inner) { return !isa<arith::ConstantOp>(inner); });
  if (operations != (filter->zero == 0 ? 5 : 6)) return {};
  Contraction contraction{op, *image, *filter, op.getStaticLoopRanges(), {}};
  for (AffineExpr result : op.getIndexingMapsArray()[2].getResults())
    contraction.result_dims.push_back(cast<AffineDimExpr>(result).getPosition());
  if (contraction.result_dims.empty()) return {};
  return contraction;
}

// The position of the coordinate that consists of `dim` alone, if nothing else reads it; -1 otherwise.
int coordinate_of(AffineMap map, unsigned dim) {
  int found = -1;
  for (auto [position, result] : llvm::enumerate(map.getResults())) {
    if (!result.isFunctionOfDim(dim)) continue;
    if (found >= 0 || !isa<AffineDimExpr>(result)) return -1;
    found = static_cast<int>(position);
  }
  return found;
}

class Rewriter {
 public:
  Rewriter(func::FuncOp main, StringRef products, bool words)
      : main_(main), builder_(main.getContext()), products_(products), words_(words), group_(products == "pairs" ? 2 : 4) {}

  void run() {
    SmallVector<Contraction> found;
    main_.walk([&](GenericOp op) {
      if (const auto contraction = contraction_of(op)) found.push_back(*contraction);
    });
    for (const Contraction& contraction : found) {
      builder_.setInsertionPoint(contraction.op);
      Value result = is_depthwise(contraction) ? depthwise(contraction) : grouped(contraction);
      if (!result) continue;
      GenericOp op = contraction.op;
      op.getResult(0).replaceAllUsesWith(result);
      op.erase();
    }
    erase_unused(main_);
  }

 private:
  MLIRContext* context() const { return builder_.getContext(); }

  static bool is_depthwise(const Contraction& c) {
    const unsigned vector = c.result_dims.back();
    return c.image.map.isFunctionOfDim(vector) && c.filter.map.isFunctionOfDim(vector);
  }

  // `factor` times the sum of the filter over the reduced dimensions. `dims` gets the result dimensions that it depends on, as
  // positions among the results.
  Value filter_sums(const Contraction& c, int64_t factor, SmallVectorImpl<unsigned>& dims) {
    const auto rank = static_cast<unsigned>(c.extents.size());
    const Location location = GenericOp(c.op).getLoc();
    SmallVector<AffineExpr> kept;
    SmallVector<int64_t> shape;
    for (auto [position, dim] : llvm::enumerate(c.result_dims)) {
      if (!c.filter.map.isFunctionOfDim(dim)) continue;
      dims.push_back(static_cast<unsigned>(position));
      kept.push_back(getAffineDimExpr(dim, context()));
      shape.push_back(c.extents[dim]);
    }
    // The loops of the filter alone, with result dimensions first.
    SmallVector<AffineExpr> renumbered(rank, getAffineConstantExpr(0, context()));
    SmallVector<utils::IteratorType> iterators;
    unsigned loops = 0;
    for (AffineExpr dim : kept) renumbered[cast<AffineDimExpr>(dim).getPosition()] = getAffineDimExpr(loops++, context());
    iterators.append(loops, utils::IteratorType::parallel);
    for (AffineExpr result : c.filter.map.getResults()) {
      const unsigned dim = cast<AffineDimExpr>(result).getPosition();
      if (!c.reduced(dim)) continue;
      renumbered[dim] = getAffineDimExpr(loops++, context());
      iterators.push_back(utils::IteratorType::reduction);
    }
    const AffineMap read = c.filter.map.replaceDimsAndSymbols(renumbered, {}, loops, 0);
    const AffineMap write = map_of(context(), loops, dims_of(context(), static_cast<unsigned>(kept.size())));
    const auto type = RankedTensorType::get(shape, builder_.getI32Type());
    Value zeros = filled_tensor(builder_, location, type, builder_.getI32IntegerAttr(0));
    auto sums = builder_.create<GenericOp>(location, type, c.filter.tensor, zeros, ArrayRef<AffineMap>{read, write}, iterators,
                                           [&](OpBuilder& inner, Location at, ValueRange scalars) {
                                             Value number = filter_number(c, inner, at, scalars[0]);
                                             inner.create<linalg::YieldOp>(
                                                 at, Value(inner.create<arith::AddIOp>(at, scalars[1], number)));
                                           });
    const AffineMap identity = builder_.getMultiDimIdentityMap(static_cast<unsigned>(shape.size()));
    return make_elementwise(builder_, location, shape, sums.getResult(0), identity, builder_.getI32Type(),
                            [&](OpBuilder& inner, Block& block) {
                              Value times = inner.create<arith::ConstantOp>(
                                  location, inner.getI32IntegerAttr(static_cast<int32_t>(factor)));
                              Value product = inner.create<arith::MulIOp>(location, block.getArgument(0), times);
                              inner.create<linalg::YieldOp>(location, product);
                            })
        .getResult(0);
  }

  static Value extended(OpBuilder& builder, Location location, Value number, bool is_signed) {
    const Type wide = builder.getI32Type();
    if (is_signed) return builder.create<arith::ExtSIOp>(location, wide, number);
    return builder.create<arith::ExtUIOp>(location, wide, number);
  }

  static Value filter_number(const Contraction& c, OpBuilder& builder, Location location, Value number) {
    Value wide = extended(builder, location, number, c.filter.is_signed);
    if (c.filter.zero == 0) return wide;
    Value zero = builder.create<arith::ConstantOp>(location, builder.getI32IntegerAttr(static_cast<int32_t>(c.filter.zero)));
    return builder.create<arith::SubIOp>(location, wide, zero);
  }

  // sums (+ factor * sum of the filter) in i32.
  Value finished(const Contraction& c, Value sums, int64_t factor) {
    const Location location = GenericOp(c.op).getLoc();
    const auto rank = static_cast<unsigned>(c.result_dims.size());
    const bool converts = type_of(sums).getElementType().isF32();
    if (!converts && factor == 0) return sums;
    SmallVector<Value> inputs{sums};
    SmallVector<AffineMap> maps{builder_.getMultiDimIdentityMap(rank)};
    if (factor != 0) {
      SmallVector<unsigned> dims;
      inputs.push_back(filter_sums(c, factor, dims));
      SmallVector<AffineExpr> read;
      for (const unsigned dim : dims) read.push_back(getAffineDimExpr(dim, context()));
      maps.push_back(map_of(context(), rank, read));
    }
    return make_elementwise(builder_, location, type_of(sums).getShape(), inputs, maps, builder_.getI32Type(),
                            [&](OpBuilder& inner, Block& block) {
                              Value sum = block.getArgument(0);
                              // The sum is an integer already; a rounding before the conversion selects the instruction of x86
                              // and RISC-V.
                              if (converts) sum = inner.create<math::RoundEvenOp>(location, sum);
                              if (converts) sum = inner.create<arith::FPToSIOp>(location, inner.getI32Type(), sum);
                              if (factor != 0) sum = inner.create<arith::AddIOp>(location, sum, block.getArgument(1));
                              inner.create<linalg::YieldOp>(location, sum);
                            })
        .getResult(0);
  }

  // Sums of (image - padding) * filter, in which taps in the padding are zero and need not be read. The factors fit 16 bits;
  // sums of few terms are also exact in f32, whose multiply-adds every processor has.
  Value depthwise(const Contraction& c) {
    const Location location = GenericOp(c.op).getLoc();
    int64_t terms = 1;
    for (unsigned dim = 0; dim < c.extents.size(); ++dim)
      if (c.reduced(dim)) terms *= c.extents[dim];
    if (!words_ && terms * 255 * c.filter.largest() >= exact_in_f32) return {};
    const int64_t padding = c.image.padding();
    GenericOp op = c.op;
    const Type number = words_ ? Type(builder_.getI32Type()) : Type(builder_.getF32Type());
    const auto type = RankedTensorType::get(type_of(op.getResult(0)).getShape(), number);
    Value zeros = filled_tensor(builder_, location, type, cast<TypedAttr>(builder_.getZeroAttr(number)));
    auto sums = builder_.create<GenericOp>(
        location, type, op.getInputs(), zeros, op.getIndexingMapsArray(), op.getIteratorTypesArray(),
        [&](OpBuilder& inner, Location at, ValueRange scalars) {
          Value image = extended(inner, at, scalars[0], c.image.is_signed);
          if (padding != 0) {
            Value zero = inner.create<arith::ConstantOp>(at, inner.getI32IntegerAttr(static_cast<int32_t>(padding)));
            image = inner.create<arith::SubIOp>(at, image, zero);
          }
          Value filter = filter_number(c, inner, at, scalars[1]);
          inner.create<linalg::YieldOp>(at, multiply_added(inner, at, image, filter, scalars[2]));
        });
    return finished(c, sums.getResult(0), padding);
  }

  Value multiply_added(OpBuilder& builder, Location at, Value a, Value b, Value sum) const {
    if (words_) return builder.create<arith::AddIOp>(at, sum, builder.create<arith::MulIOp>(at, a, b));
    auto real = [&](Value number) -> Value { return builder.create<arith::SIToFPOp>(at, builder.getF32Type(), number); };
    return builder.create<arith::AddFOp>(at, sum, builder.create<arith::MulFOp>(at, real(a), real(b)));
  }

  // Whether the image's sign bit is flipped: the processor multiplies bytes of different signs only, or of equal signs only.
  bool flips(const Contraction& c) const {
    const bool equal = c.image.is_signed == c.filter.is_signed;
    return (products_ == "mixed-quads" && equal) || (products_ == "equal-quads" && !equal);
  }

  // The contraction with neighboring channels of image and filter as a last dimension of their own.
  Value grouped(const Contraction& c) {
    if (products_ == "none" || c.filter.zero != 0) return {};
    GenericOp op = c.op;
    const auto last = dyn_cast<AffineDimExpr>(c.image.map.getResults().back());
    const unsigned vector = c.result_dims.back();
    if (!last || !c.reduced(last.getPosition()) || !c.filter.map.isFunctionOfDim(vector) || c.image.map.isFunctionOfDim(vector))
      return {};
    const unsigned depth = last.getPosition();
    const int in_image = coordinate_of(c.image.map, depth), in_filter = coordinate_of(c.filter.map, depth);
    if (in_image < 0 || in_filter < 0) return {};
    if (c.image.pad &&
        (tensor::PadOp(c.image.pad).getStaticLow().back() != 0 || tensor::PadOp(c.image.pad).getStaticHigh().back() != 0))
      return {};
    const bool flip = flips(c);
    Value image = padded_groups(c.image, grouped_image(c.image, flip), flip), filter = grouped_filter(c, in_filter);

    const auto rank = static_cast<unsigned>(c.extents.size());
    auto with_group = [&](AffineMap map, bool grouped) {
      SmallVector<AffineExpr> results(map.getResults());
      if (grouped) results.push_back(getAffineDimExpr(rank, context()));
      return map_of(context(), rank + 1, results);
    };
    const auto maps = op.getIndexingMapsArray();
    SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
    iterators.push_back(utils::IteratorType::reduction);
    const bool wide = products_ == "pairs";
    auto product = builder_.create<GenericOp>(
        op.getLoc(), op.getResultTypes(), ValueRange{image, filter}, op.getOutputs(),
        ArrayRef<AffineMap>{with_group(maps[0], true), with_group(maps[1], true), with_group(maps[2], false)}, iterators,
        [&](OpBuilder& inner, Location at, ValueRange scalars) {
          Value left = extended(inner, at, scalars[0], wide || c.image.is_signed != flip);
          Value right = extended(inner, at, scalars[1], wide || c.filter.is_signed);
          Value times = inner.create<arith::MulIOp>(at, left, right);
          inner.create<linalg::YieldOp>(at, Value(inner.create<arith::AddIOp>(at, scalars[2], times)));
        });
    return finished(c, product.getResult(0), !flip ? 0 : c.image.is_signed ? -128 : 128);
  }

  // A byte of the image in the form in which it is multiplied.
  Value as_multiplied(OpBuilder& builder, Location location, Value byte, bool is_signed, bool flip) const {
    if (products_ == "pairs") {
      if (is_signed) return builder.create<arith::ExtSIOp>(location, builder.getI16Type(), byte);
      return builder.create<arith::ExtUIOp>(location, builder.getI16Type(), byte);
    }
    if (!flip) return byte;
    Value sign = builder.create<arith::ConstantOp>(location, builder.getI8IntegerAttr(-128));
    return builder.create<arith::XOrIOp>(location, byte, sign);
  }

  Type multiplied_type() { return products_ == "pairs" ? builder_.getI16Type() : builder_.getI8Type(); }

  // `tensor` with one coordinate padded by zeros to whole groups.
  Value whole_groups(Value tensor, unsigned coordinate) {
    const RankedTensorType type = type_of(tensor);
    const int64_t extent = type.getDimSize(coordinate), missing = (group_ - extent % group_) % group_;
    if (missing == 0) return tensor;
    SmallVector<OpFoldResult> low(static_cast<size_t>(type.getRank()), builder_.getIndexAttr(0)), high = low;
    high[coordinate] = builder_.getIndexAttr(missing);
    SmallVector<int64_t> shape(type.getShape());
    shape[coordinate] += missing;
    Value zero = builder_.create<arith::ConstantOp>(tensor.getLoc(), builder_.getZeroAttr(type.getElementType()));
    return builder_.create<tensor::PadOp>(tensor.getLoc(), RankedTensorType::get(shape, type.getElementType()), tensor, low,
                                          high, zero);
  }

  // Splits one coordinate into two: the groups, and the positions within them.
  Value split(Value tensor, unsigned coordinate) {
    const RankedTensorType type = type_of(tensor);
    SmallVector<int64_t> shape(type.getShape());
    SmallVector<ReassociationIndices> groups;
    for (unsigned i = 0, next = 0; i < shape.size(); ++i) {
      groups.push_back({next++});
      if (i == coordinate) groups.back().push_back(next++);
    }
    shape[coordinate] /= group_;
    shape.insert(shape.begin() + coordinate + 1, group_);
    return builder_.create<tensor::ExpandShapeOp>(tensor.getLoc(), RankedTensorType::get(shape, type.getElementType()), tensor,
                                                  groups);
  }

  // A copy of the elements in memory of their own, each computed by `body`.
  Value copied(Value tensor, AffineMap map, ArrayRef<int64_t> shape, Type element,
               llvm::function_ref<Value(OpBuilder&, Location, Value)> body) {
    return make_elementwise(builder_, tensor.getLoc(), shape, tensor, map, element,
                            [&](OpBuilder& inner, Block& block) {
                              Value number = body(inner, tensor.getLoc(), block.getArgument(0));
                              inner.create<linalg::YieldOp>(tensor.getLoc(), number);
                            })
        .getResult(0);
  }

  // Created next to the tensor itself, once for all contractions that read it.
  Value grouped_image(const Factor& image, bool flip) {
    Value& made = images_[{image.tensor, flip * 2 + image.is_signed}];
    if (made) return made;
    OpBuilder::InsertionGuard guard(builder_);
    if (Operation* definition = image.tensor.getDefiningOp())
      builder_.setInsertionPointAfter(definition);
    else
      builder_.setInsertionPointToStart(&main_.getBody().front());
    const auto channels = static_cast<unsigned>(type_of(image.tensor).getRank() - 1);
    Value whole = whole_groups(image.tensor, channels);
    if (flip || whole != image.tensor || products_ == "pairs") {
      const ArrayRef<int64_t> shape = type_of(whole).getShape();
      whole = copied(
          whole, builder_.getMultiDimIdentityMap(channels + 1), shape, multiplied_type(),
          [&](OpBuilder& inner, Location at, Value byte) { return as_multiplied(inner, at, byte, image.is_signed, flip); });
    }
    return made = split(whole, channels);
  }

  Value padded_groups(const Factor& image, Value groups, bool flip) {
    tensor::PadOp pad = image.pad;
    if (!pad) return groups;
    SmallVector<OpFoldResult> low = pad.getMixedLowPad(), high = pad.getMixedHighPad();
    low.push_back(builder_.getIndexAttr(0));
    high.push_back(builder_.getIndexAttr(0));
    SmallVector<int64_t> shape(type_of(pad.getResult()).getShape());
    shape.back() = type_of(groups).getShape()[shape.size() - 1];
    shape.push_back(group_);
    const Type element = multiplied_type();
    const int64_t value = flip ? image.padding() ^ -128 : image.padding();
    Value filling = builder_.create<arith::ConstantOp>(
        pad.getLoc(), IntegerAttr::get(element, APInt(element.getIntOrFloatBitWidth(), static_cast<uint64_t>(value), true)));
    return builder_.create<tensor::PadOp>(pad.getLoc(), RankedTensorType::get(shape, element), groups, low, high, filling);
  }

  // The groups of the filter after its output channels, which is the order in which vectors of groups are read.
  Value grouped_filter(const Contraction& c, int coordinate) {
    const auto depth = static_cast<unsigned>(coordinate);
    Value whole = c.filter.tensor;
    if (Value padded = whole_groups(whole, depth); padded != whole) {
      const auto rank = static_cast<unsigned>(type_of(padded).getRank());
      whole = copied(padded, builder_.getMultiDimIdentityMap(rank), type_of(padded).getShape(), builder_.getI8Type(),
                     [](OpBuilder&, Location, Value byte) { return byte; });
    }
    Value groups = split(whole, depth);
    const RankedTensorType type = type_of(groups);
    const auto rank = static_cast<unsigned>(type.getRank());
    SmallVector<int64_t> shape;
    SmallVector<AffineExpr> read(rank);
    for (unsigned i = 0, next = 0; i < rank; ++i) {
      if (i == depth + 1) continue;
      shape.push_back(type.getDimSize(i));
      read[i] = getAffineDimExpr(next++, context());
    }
    shape.push_back(group_);
    read[depth + 1] = getAffineDimExpr(rank - 1, context());
    return copied(
        groups, map_of(context(), rank, read), shape, multiplied_type(),
        [&](OpBuilder& inner, Location at, Value byte) { return as_multiplied(inner, at, byte, c.filter.is_signed, false); });
  }

  func::FuncOp main_;
  OpBuilder builder_;
  StringRef products_;
  bool words_;
  int64_t group_;
  llvm::DenseMap<std::pair<Value, int>, Value> images_;
};

struct DotProductsPass : impl::DotProductsPassBase<DotProductsPass> {
  using DotProductsPassBase::DotProductsPassBase;
  void runOnOperation() override { Rewriter(getOperation(), products, words).run(); }
};

}  // namespace

std::unique_ptr<Pass> create_dot_products_pass(const std::string& products, bool words) {
  return std::make_unique<DotProductsPass>(DotProductsPassOptions{products, words});
}

}  // namespace fovea
