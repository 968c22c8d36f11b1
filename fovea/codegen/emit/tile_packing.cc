// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/tile_packing.h"

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>

#include <algorithm>

namespace fovea {

using namespace mlir;

namespace {
// The elements of one copied vector: four of the widest registers.
constexpr int64_t run_elements = 64;
// The side of the square tiles of a transposition: one register of 16 floats.
constexpr int64_t transpose_tile = 16;
}  // namespace

PackedOperand::PackedOperand(Packing packing, const Access& access, const LinalgOperation& root, const Tiling& tiling)
    : packing_(packing),
      access_(access),
      forms_(linear_forms(access, static_cast<unsigned>(root.extents.size()))),
      root_(root),
      tiling_(tiling) {
  if (packing_ == Packing::input_tile) {
    for (const LinearForm& form : forms_) {
      int64_t span = 1;
      for (size_t dim = 0; dim < form.coefficients.size(); ++dim)
        span += std::abs(form.coefficients[dim]) * (tiling.dims[dim].block - 1);
      spans_.push_back(span);
    }
  } else if (packing_ != Packing::none) {
    vector_ = *tiling.vector_dim;
    tile_ = tiling.dims[vector_].tile;
    for (unsigned dim = 0; dim < root.extents.size(); ++dim)
      if (dim != vector_ && llvm::any_of(forms_, [&](const LinearForm& form) { return form.coefficients[dim] != 0; }))
        panel_dims_.push_back(dim);
  }
}

SmallVector<int64_t> PackedOperand::view_shape() const {
  if (packing_ == Packing::input_tile) return spans_;
  auto extent = [&](unsigned dim) { return packing_ == Packing::prepacked ? root_.extents[dim] : tiling_.dims[dim].block; };
  SmallVector<int64_t> shape{(extent(vector_) + tile_ - 1) / tile_};
  for (unsigned dim : panel_dims_) shape.push_back(extent(dim));
  shape.push_back(tile_);
  return shape;
}

PackedLayout PackedOperand::layout() const {
  MLIRContext* context = access_.map.getContext();
  const auto inner = static_cast<unsigned>(panel_dims_.size()) + 1;
  PackedLayout layout{view_shape(), {}};
  SmallVector<AffineExpr> coordinates;
  for (const LinearForm& form : forms_) {
    AffineExpr coordinate = getAffineConstantExpr(form.constant, context);
    coordinate =
        coordinate + (getAffineDimExpr(0, context) * tile_ + getAffineDimExpr(inner, context)) * form.coefficients[vector_];
    for (auto [position, dim] : llvm::enumerate(panel_dims_))
      coordinate = coordinate + getAffineDimExpr(static_cast<unsigned>(position) + 1, context) * form.coefficients[dim];
    coordinates.push_back(coordinate);
  }
  const bool grouped = access_.group > 1;  // the group is the tensor's last dimension, and stays the last
  if (grouped) {
    layout.shape.push_back(access_.group);
    coordinates.push_back(getAffineDimExpr(inner + 1, context));
  }
  layout.source = AffineMap::get(inner + (grouped ? 2 : 1), 0, coordinates, context);
  return layout;
}

RankedTensorType PackedOperand::scratch_type(Type element) const {
  SmallVector<int64_t> shape = view_shape();
  if (packing_ == Packing::input_tile) {
    int64_t elements = 1;
    for (const int64_t extent : shape) elements *= extent;
    shape = {elements};
  }
  return RankedTensorType::get(shape, element);
}

Value PackedOperand::view(TileBuilder& t, Value scratch) const {
  const SmallVector<int64_t> shape = view_shape();
  if (packing_ != Packing::input_tile || shape.size() == 1) return scratch;
  ReassociationIndices all;
  for (size_t i = 0; i < shape.size(); ++i) all.push_back(static_cast<int64_t>(i));
  const Type element = cast<RankedTensorType>(scratch.getType()).getElementType();
  return t.builder.create<tensor::ExpandShapeOp>(t.location, RankedTensorType::get(shape, element), scratch,
                                                 ArrayRef<ReassociationIndices>{all});
}

PackedBlock PackedOperand::pack(TileBuilder& t, Value source, Value scratch, ArrayRef<Index> start,
                                ArrayRef<Index> stop) const {
  if (packing_ == Packing::panel) return {pack_panel(t, {source, start, stop}, scratch), SmallVector<Index>(start)};
  SmallVector<Index> origin;
  for (const LinearForm& form : forms_) {
    Index base = t.constant(form.constant);
    for (size_t dim = 0; dim < form.coefficients.size(); ++dim) {
      const int64_t coefficient = form.coefficients[dim];
      if (coefficient == 0) continue;
      // Where the coordinate decreases with the dimension, the last index of the block has the smallest coordinate.
      const int64_t reach = coefficient < 0 ? tiling_.dims[dim].block - 1 : 0;
      base = t.add(base, t.multiply(t.add(start[dim], t.constant(reach)), coefficient));
    }
    origin.push_back(base);
  }
  const Value packed = pack_input_tile(t, {source, origin, stop}, scratch);
  return {packed, std::move(origin)};
}

int64_t PackedOperand::span_after(unsigned level) const {
  int64_t elements = 1;
  for (size_t i = level + 1; i < spans_.size(); ++i) elements *= spans_[i];
  return elements;
}

// The elements of the source along a coordinate, where the two elements of a distant pair count separately.
int64_t PackedOperand::source_extent(unsigned coordinate) const {
  const int64_t extent = access_.extent(coordinate);
  return access_.distant_pairs() && access_.group_coordinate == static_cast<int>(coordinate) ? 2 * extent : extent;
}

int64_t PackedOperand::extent_after(unsigned level) const {
  int64_t elements = 1;
  for (size_t i = level + 1; i < spans_.size(); ++i) elements *= source_extent(static_cast<unsigned>(i));
  return elements;
}

Value PackedOperand::pack_input_tile(TileBuilder& t, const Copy& copy, Value scratch) const {
  ReassociationIndices all;
  for (size_t i = 0; i < spans_.size(); ++i) all.push_back(static_cast<int64_t>(i));
  Value flat = copy.source;
  if (spans_.size() > 1)
    flat = t.builder.create<tensor::CollapseShapeOp>(t.location, copy.source, ArrayRef<ReassociationIndices>{all});
  return input_tile_level(t, {flat, copy.origin, copy.stop}, scratch, 0, t.constant(0), t.constant(0));
}

// Emits the copy of coordinate `level` of the block: the padding before the tensor, the part inside, and the padding after it.
// `from` and `at` are the positions in source and copy that the outer coordinates have determined.
Value PackedOperand::input_tile_level(TileBuilder& t, const Copy& copy, Value scratch, unsigned level, Index from,
                                      Index at) const {
  const int64_t span = spans_[level], extent = access_.extent(level), low = access_.low(level);
  const int64_t inner = span_after(level);
  const bool pairs_here = access_.distant_pairs() && access_.group_coordinate == static_cast<int>(level);
  const bool pairs_below = access_.distant_pairs() && access_.group_coordinate >= static_cast<int>(level);
  const int64_t pair_distance = access_.distant_pairs() ? extent_after(static_cast<unsigned>(access_.group_coordinate)) : 0;
  bool contiguous = !pairs_below;  // the inner coordinates are one contiguous run in the tensor and in the input tile
  for (unsigned below = level + 1; below < spans_.size(); ++below)
    contiguous &=
        spans_[below] == access_.extent(below) && access_.low(below) == 0 && TileBuilder::known(copy.origin[below]) == 0;
  Value padding = t.builder.create<arith::ConstantOp>(t.location, cast<TypedAttr>(access_.pad_value));
  const Index first = t.subtract(copy.origin[level], t.constant(low));  // in the tensor; negative in the padding before it
  const auto known = TileBuilder::known(first);
  auto within = [&](Index position) { return t.add(at, t.multiply(position, inner)); };
  if (contiguous && known) {
    const int64_t before = std::clamp<int64_t>(-*known, 0, span), skipped = std::max<int64_t>(*known, 0);
    const int64_t copied = std::clamp<int64_t>(extent - skipped, 0, span - before);
    scratch = t.fill_run(scratch, at, before * inner, padding, run_elements);
    scratch = t.copy_run(copy.source, t.add(from, t.constant(skipped * inner)), scratch, within(t.constant(before)),
                         copied * inner, run_elements, pair_distance);
    return t.fill_run(scratch, within(t.constant(before + copied)), (span - before - copied) * inner, padding, run_elements);
  }
  bool cut_evenly = contiguous;
  for (size_t dim = 0; dim < forms_[level].coefficients.size(); ++dim)
    if (forms_[level].coefficients[dim] != 0) cut_evenly &= root_.extents[dim] % tiling_.dims[dim].block == 0;
  const bool unpadded = low == 0 && [&] {
    int64_t least = forms_[level].constant, most = least;
    for (auto [coefficient, whole] : llvm::zip_equal(forms_[level].coefficients, root_.extents))
      (coefficient < 0 ? least : most) += coefficient * (whole - 1);
    return least >= 0 && most < extent;
  }();
  if (cut_evenly && unpadded)
    return t.copy_run(copy.source, t.add(from, t.multiply(first, inner)), scratch, at, span * inner, run_elements,
                      pair_distance);

  const Index zero = t.constant(0), end = t.constant(span);
  const Index begin_inside = t.least(t.greatest(t.subtract(zero, first), zero), end);
  const Index end_inside = t.greatest(begin_inside, t.least(t.subtract(t.constant(extent), first), end));
  SmallVector<Value> carried{scratch};
  auto fill = [&](Index begin, Index finish) {
    t.loop(begin, finish, 1, carried, [&](Index position, SmallVectorImpl<Value>& inside) {
      inside[0] = t.fill_run(inside[0], within(position), inner, padding, run_elements);
    });
  };
  fill(zero, begin_inside);
  t.loop(begin_inside, end_inside, 1, carried, [&](Index position, SmallVectorImpl<Value>& inside) {
    const int64_t step = pairs_here ? 2 * extent_after(level) : extent_after(level);
    const Index reached = t.add(from, t.multiply(t.add(first, position), step));
    if (level + 1 == spans_.size()) {
      inside[0] = t.copy_run(copy.source, reached, inside[0], within(position), 1, run_elements, pair_distance);
    } else {
      inside[0] = input_tile_level(t, copy, inside[0], level + 1, reached, within(position));
    }
  });
  fill(end_inside, end);
  return carried[0];
}

// The copy of one panel: loops over all of its dimensions, and in the innermost of them the copy of a tile. The tile runs along
// the contiguous dimension of the source and, if that is not the vector dimension, along both, and is transposed.
class PackedOperand::PanelCopy {
 public:
  PanelCopy(const PackedOperand& operand, TileBuilder& t, const Copy& copy)
      : operand_(operand),
        t_(t),
        copy_(copy),
        contiguous_(operand.vector_),
        dims_(operand.panel_dims_),
        lengths_(operand.root_.extents.size(), 1),
        cursor_(operand.root_.extents.size(), t.constant(0)),
        size_(operand.root_.extents.size(), 1) {
    for (unsigned dim : operand.panel_dims_)
      if (operand.forms_.back().coefficients[dim] == 1) contiguous_ = dim;
    dims_.insert(dims_.begin(), operand.vector_);
    choose_lengths();
  }

  // Emits the loops over the dimensions from `depth` on; `carried` is the scratch.
  void emit(size_t depth, SmallVectorImpl<Value>& carried) {
    if (depth == dims_.size()) return copy_tile(carried[0]);
    const unsigned dim = dims_[depth];
    const int64_t extent = operand_.root_.extents[dim];
    const bool cut = operand_.tiling_.dims[dim].block < extent;
    for (const Segment& part : segments(extent, lengths_[dim], dim == operand_.vector_ || dim == contiguous_)) {
      Index begin = t_.constant(part.begin), end = t_.constant(part.end);
      if (cut) {
        begin = part.begin == 0 ? copy_.origin[dim] : t_.greatest(copy_.origin[dim], begin);
        end = part.end == extent ? copy_.stop[dim] : t_.least(copy_.stop[dim], end);
      }
      t_.loop(begin, end, part.tile, carried, [&](Index at, SmallVectorImpl<Value>& inside) {
        cursor_[dim] = at;
        size_[dim] = part.tile;
        emit(depth + 1, inside);
      });
    }
  }

 private:
  void choose_lengths() {
    const bool transposed = contiguous_ != operand_.vector_;
    lengths_[operand_.vector_] = transposed ? std::min(operand_.tile_, transpose_tile) : operand_.tile_;
    if (transposed) {
      lengths_[contiguous_] = side(contiguous_, transpose_tile);
    } else if (!operand_.panel_dims_.empty()) {
      lengths_[operand_.panel_dims_.back()] = side(operand_.panel_dims_.back(), 4);
    }
  }

  // A tile along a dimension that is cut into blocks must stay inside one block.
  int64_t side(unsigned dim, int64_t wanted) const {
    const int64_t block = operand_.tiling_.dims[dim].block;
    int64_t length = std::min(wanted, block);
    while (length > 1 && block < operand_.root_.extents[dim] && block % length != 0) length /= 2;
    return length;
  }

  void copy_tile(Value& scratch) {
    SmallVector<unsigned> order;  // the dimensions of the copied tile
    for (unsigned dim : dims_)
      if (size_[dim] > 1) order.push_back(dim);
    if (order.empty()) order.push_back(operand_.vector_);
    SmallVector<unsigned> source_order, target_order, permutation;
    const TileBuilder::Slice from = source_slice(order, source_order);
    const TileBuilder::Slice to = operand_.slice(t_, copy_.origin, cursor_, size_, order, target_order);
    for (unsigned dim : target_order)
      permutation.push_back(static_cast<unsigned>(llvm::find(source_order, dim) - source_order.begin()));
    scratch = t_.copy_tile(copy_.source, from, scratch, to, permutation,
                           operand_.access_.distant_pairs() ? operand_.access_.group_coordinate : -1);
  }

  // The tile in the source. `listed` gets the tiled dimensions in the order of its coordinates.
  TileBuilder::Slice source_slice(ArrayRef<unsigned> order, SmallVectorImpl<unsigned>& listed) {
    const Access& access = operand_.access_;
    TileBuilder::Slice from;
    for (const LinearForm& form : operand_.forms_) {
      const bool in_pairs = access.distant_pairs() && access.group_coordinate == static_cast<int>(from.offsets.size());
      Index offset = t_.constant(form.constant);
      int64_t extent = 1, stride = 1;
      bool kept = false;
      for (unsigned dim : dims_) {
        if (form.coefficients[dim] == 0) continue;
        offset = t_.add(offset, t_.multiply(cursor_[dim], form.coefficients[dim]));
        if (!llvm::is_contained(order, dim)) continue;
        extent = size_[dim];
        stride = form.coefficients[dim];
        kept = true;
        listed.push_back(dim);
      }
      from.offsets.push_back(in_pairs ? t_.multiply(offset, 2) : offset);
      from.sizes.push_back(extent);
      from.strides.push_back(in_pairs ? 2 * stride : stride);
      from.kept.push_back(kept);
    }
    return from;
  }

  const PackedOperand& operand_;
  TileBuilder& t_;
  const Copy& copy_;
  unsigned contiguous_;
  SmallVector<unsigned> dims_;
  SmallVector<int64_t> lengths_;  // of the tile that is copied at once
  SmallVector<Index> cursor_;     // where it begins, in the innermost loop
  SmallVector<int64_t> size_;     // its extents there
};

Value PackedOperand::pack_panel(TileBuilder& t, const Copy& copy, Value scratch) const {
  SmallVector<Value> carried{scratch};
  PanelCopy(*this, t, copy).emit(0, carried);
  return carried[0];
}

TileBuilder::Slice PackedOperand::slice(TileBuilder& t, ArrayRef<Index> origin, ArrayRef<Index> cursor, ArrayRef<int64_t> size,
                                        ArrayRef<unsigned> order, SmallVectorImpl<unsigned>& listed) const {
  TileBuilder::Slice slice;
  auto add = [&](Index offset, int64_t extent, int64_t stride, bool kept) {
    slice.offsets.push_back(offset);
    slice.sizes.push_back(extent);
    slice.strides.push_back(stride);
    slice.kept.push_back(kept);
  };
  if (packing_ == Packing::input_tile) {
    for (size_t coordinate = 0; coordinate < forms_.size(); ++coordinate) {
      const LinearForm& form = forms_[coordinate];
      Index offset = t.subtract(t.constant(form.constant), origin[coordinate]);
      int64_t extent = 1, stride = 1;
      bool kept = false;
      for (unsigned dim = 0; dim < form.coefficients.size(); ++dim) {
        if (form.coefficients[dim] == 0) continue;
        offset = t.add(offset, t.multiply(cursor[dim], form.coefficients[dim]));
        if (!llvm::is_contained(order, dim)) continue;
        extent = size[dim];
        stride = form.coefficients[dim];
        kept = true;
        listed.push_back(dim);
      }
      add(offset, extent, stride, kept);
    }
    return slice;
  }
  auto within = [&](unsigned dim) {
    return packing_ == Packing::prepacked ? cursor[dim] : t.subtract(cursor[dim], origin[dim]);
  };
  const Index position = within(vector_);
  add(t.divide(position, tile_), 1, 1, false);
  for (unsigned dim : panel_dims_) {
    const bool kept = llvm::is_contained(order, dim);
    add(within(dim), kept ? size[dim] : 1, 1, kept);
    if (kept) listed.push_back(dim);
  }
  const bool kept = llvm::is_contained(order, vector_);
  // Whole tiles start at multiples of the tile; only the remainder can begin inside one.
  add(size[vector_] == tile_ ? t.constant(0) : t.remainder(position, tile_), kept ? size[vector_] : 1, 1, kept);
  if (kept) listed.push_back(vector_);
  return slice;
}

}  // namespace fovea
