// SPDX-License-Identifier: Apache-2.0
// Images resized by nearest cells and by bilinear interpolation, with TensorFlow's three conventions of where cells are.
#include <cmath>

#include "fovea/dialect/ops/lookup.h"
#include "fovea/dialect/quantized/quantized.h"
#include "fovea/dialect/quantized/quantized_int16.h"
#include "fovea/dialect/requantization.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace fovea::dialect {

LogicalResult ResizeOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                         SmallVectorImpl<Type>& types) {
  const StringRef name = getOperationName();
  const ArrayRef<int64_t> input = shape_of(op.getInput()), size = op.getSize();
  const Type element = element_type(op.getInput());
  if (failed(check_per_tensor(location, name, "input", element))) return failure();
  if (is_quantized(element) && failed(check_bytes_or_words(location, name, "input", element))) return failure();
  if (input.size() != 4) {
    return complain(location, name, "input " + shape_text(input) + " must be [batch, height, width, channels]");
  }
  if (size.size() != 2 || size[0] < 1 || size[1] < 1) {
    return complain(location, name, "size " + shape_text(size) + " must be [height, width], both at least 1");
  }
  if (op.getMethod() != "bilinear" && op.getMethod() != "nearest") {
    return complain(location, name, "unknown method \"" + op.getMethod() + "\"; it is \"bilinear\" or \"nearest\"");
  }
  if (op.getAlignCorners() && op.getHalfPixelCenters())
    return complain(location, name, "align_corners and half_pixel_centers exclude each other");
  types.push_back(with_shape(op.getInput(), {input[0], size[0], size[1], input[3]}));
  return success();
}

namespace {

struct Placement {
  bool align_corners, half_pixel_centers;

  float scale(int64_t in, int64_t out) const {
    if (align_corners && out > 1) return static_cast<float>(in - 1) / static_cast<float>(out - 1);
    return static_cast<float>(in) / static_cast<float>(out);
  }
};

SmallVector<int64_t> nearest_cells(int64_t in, int64_t out, const Placement& placement) {
  const float scale = placement.scale(in, out), offset = placement.half_pixel_centers ? 0.5F : 0;
  SmallVector<int64_t> cells;
  for (int64_t cell = 0; cell < out; ++cell) {
    const float at = (static_cast<float>(cell) + offset) * scale;
    const auto whole = static_cast<int64_t>(placement.align_corners ? std::round(at) : std::floor(at));
    cells.push_back(std::clamp<int64_t>(whole, 0, in - 1));
  }
  return cells;
}

// Interpolation along one dimension: output cell o is before[o] + share[o] * (after[o] - before[o]).
struct Neighbors {
  SmallVector<int64_t> before, after;
  SmallVector<float> share;
};

Neighbors neighbors(int64_t in, int64_t out, const Placement& placement) {
  const float scale = placement.scale(in, out);
  const float offset = placement.half_pixel_centers ? 0.5F * scale - 0.5F : 0;
  Neighbors result;
  for (int64_t cell = 0; cell < out; ++cell) {
    const float at = std::clamp(static_cast<float>(cell) * scale + offset, 0.0F, static_cast<float>(in - 1));
    const auto whole = static_cast<int64_t>(at);
    result.before.push_back(whole);
    result.after.push_back(std::min(whole + 1, in - 1));
    result.share.push_back(at - static_cast<float>(whole));
  }
  return result;
}

// Fractional bits of positions and shares: XNNPACK's of bytes, and those of TensorFlow Lite's own kernel, which has no floating
// point, of words (tensorflow/lite/kernels/internal/reference/resize_bilinear.h).
constexpr int byte_bits = 11, word_bits = 10;

Neighbors word_neighbors(int64_t in, int64_t out, const Placement& placement) {
  constexpr int64_t one = int64_t{1} << word_bits;
  const bool corners = placement.align_corners && out > 1;
  const int64_t from = corners ? in - 1 : in, to = corners ? out - 1 : out;
  const int64_t scale = (one * from + to / 2) / to;
  const int64_t offset = placement.half_pixel_centers ? scale / 2 - one / 2 : 0;
  Neighbors result;
  for (int64_t cell = 0; cell < out; ++cell) {
    const int64_t at = cell * scale + offset;
    const int64_t before = std::clamp<int64_t>(at / one, 0, in - 1);
    result.before.push_back(before);
    result.after.push_back(std::min((at + one - 1) / one, in - 1));
    result.share.push_back(static_cast<float>(at - one * before) / static_cast<float>(one));
  }
  return result;
}

// The shares along one spatial dimension, which broadcast over [height, width, channels].
SmallVector<int64_t> along(bool vertical, const Neighbors& cells) {
  const auto count = static_cast<int64_t>(cells.share.size());
  return vertical ? SmallVector<int64_t>{count, 1, 1} : SmallVector<int64_t>{count, 1};
}

template <typename Integer>
Value share_steps(OpBuilder& builder, Location location, const Neighbors& cells, bool vertical, int bits) {
  SmallVector<Integer> steps;
  for (float share : cells.share) steps.push_back(static_cast<Integer>(std::lrint(std::ldexp(share, bits))));
  return channel_constants(builder, location, ArrayRef<Integer>(steps), along(vertical, cells));
}

Value blended(ImplicitLocOpBuilder& builder, Value from, Value to, Value share) {
  Value step = builder.create<arith::MulFOp>(builder.create<arith::SubFOp>(to, from), share);
  return builder.create<arith::AddFOp>(from, step);
}

// from * 2^bits + (to - from) * share, all of one type.
Value blended_integers(ImplicitLocOpBuilder& builder, Value from, Value to, Value share, int bits) {
  Value step = builder.create<arith::MulIOp>(builder.create<arith::SubIOp>(to, from), share);
  Value shift = builder.create<arith::ConstantOp>(builder.getIntegerAttr(from.getType(), bits));
  return builder.create<arith::AddIOp>(builder.create<arith::ShLIOp>(from, shift), step);
}

// How four cells and the two shares, x, become one cell.
Value blended_reals(ImplicitLocOpBuilder& builder, ValueRange x) {
  return blended(builder, blended(builder, x[0], x[1], x[5]), blended(builder, x[2], x[3], x[5]), x[4]);
}

// Rounds halves up.
Value blended_bytes(ImplicitLocOpBuilder& builder, ValueRange x, const Quantized& type) {
  SmallVector<Value> wide;
  for (Value q : x.take_front(4)) wide.push_back(widened(builder, q, type));
  Value sum = blended_integers(builder, blended_integers(builder, wide[0], wide[1], x[5], byte_bits),
                               blended_integers(builder, wide[2], wide[3], x[5], byte_bits), x[4], byte_bits);
  Value half = integer_constant(builder, int64_t{1} << (2 * byte_bits - 1));
  Value rounded =
      builder.create<arith::ShRSIOp>(builder.create<arith::AddIOp>(sum, half), integer_constant(builder, 2 * byte_bits));
  return builder.create<arith::TruncIOp>(type.storage, rounded);
}

// Rounds halves away from zero: the magnitude is rounded.
Value blended_words(ImplicitLocOpBuilder& builder, ValueRange x, const Quantized& type) {
  const auto constant = [&](int64_t value) -> Value {
    return builder.create<arith::ConstantOp>(builder.getI64IntegerAttr(value));
  };
  SmallVector<Value> wide;
  for (Value q : x.take_front(4)) wide.push_back(builder.create<arith::ExtSIOp>(builder.getI64Type(), q));
  Value sum = blended_integers(builder, blended_integers(builder, wide[0], wide[1], x[5], word_bits),
                               blended_integers(builder, wide[2], wide[3], x[5], word_bits), x[4], word_bits);
  Value zero = constant(0);
  Value negative = builder.create<arith::CmpIOp>(arith::CmpIPredicate::slt, sum, zero);
  const auto negated_if_negative = [&](Value value) -> Value {
    return builder.create<arith::SelectOp>(negative, builder.create<arith::SubIOp>(zero, value), value);
  };
  Value magnitude = builder.create<arith::AddIOp>(negated_if_negative(sum), constant(int64_t{1} << (2 * word_bits - 1)));
  Value rounded = builder.create<arith::ShRSIOp>(magnitude, constant(2 * word_bits));
  return builder.create<arith::TruncIOp>(type.storage, negated_if_negative(rounded));
}

// The shares of rows and columns as operands of the blend.
SmallVector<Value> shares(OpBuilder& builder, Location location, const Neighbors& rows, const Neighbors& columns,
                          Type element) {
  const auto both = [&](auto shares_of) -> SmallVector<Value> {
    return {shares_of(rows, /*vertical=*/true), shares_of(columns, /*vertical=*/false)};
  };
  if (is_word(element)) {
    return both([&](const Neighbors& cells, bool vertical) {
      return share_steps<int64_t>(builder, location, cells, vertical, word_bits);
    });
  }
  if (is_quantized(element)) {
    return both([&](const Neighbors& cells, bool vertical) {
      return share_steps<int32_t>(builder, location, cells, vertical, byte_bits);
    });
  }
  return both([&](const Neighbors& cells, bool vertical) {
    return channel_constants(builder, location, ArrayRef<float>(cells.share), along(vertical, cells));
  });
}

}  // namespace

void ResizeOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  const ArrayRef<int64_t> input = shape_of(getInput()), size = getSize();
  const Placement placement{getAlignCorners(), getHalfPixelCenters()};
  Value image = stored(builder, location, getInput());
  if (getMethod() == "nearest") {
    image = picked(builder, location, image, 1, nearest_cells(input[1], size[0], placement));
    results[0] = picked(builder, location, image, 2, nearest_cells(input[2], size[1], placement));
    return;
  }
  const Type element = element_type(getInput());
  const auto neighbors_of = is_word(element) ? word_neighbors : neighbors;
  const Neighbors rows = neighbors_of(input[1], size[0], placement), columns = neighbors_of(input[2], size[1], placement);
  SmallVector<Value> operands;
  for (const auto& row : {rows.before, rows.after}) {
    Value line = picked(builder, location, image, 1, row);
    for (const auto& column : {columns.before, columns.after}) operands.push_back(picked(builder, location, line, 2, column));
  }
  llvm::append_range(operands, shares(builder, location, rows, columns, element));
  results[0] = elementwise(builder, location, operands, storage_type(tensor_type(getResult())),
                           [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
                             if (is_word(element)) return blended_words(scalars, x, quantization_of(element));
                             if (is_quantized(element)) return blended_bytes(scalars, x, quantization_of(element));
                             return blended_reals(scalars, x);
                           });
}

}  // namespace fovea::dialect
