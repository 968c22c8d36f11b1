// SPDX-License-Identifier: Apache-2.0
// Images resized by nearest cells and by bilinear interpolation, with TensorFlow's three conventions of where cells are.
#include <cmath>

#include "fovea/dialect/ops/lookup.h"
#include "fovea/dialect/quantized/quantized.h"
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
  if (is_quantized(element) && failed(check_eight_bits(location, name, "input", element))) return failure();
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

// The shares along one spatial dimension, which broadcast over [height, width, channels]: f32, or i32 with 11 fractional bits.
Value shares(OpBuilder& builder, Location location, ArrayRef<float> share, bool vertical, bool integers) {
  const auto count = static_cast<int64_t>(share.size());
  const SmallVector<int64_t> shape = vertical ? SmallVector<int64_t>{count, 1, 1} : SmallVector<int64_t>{count, 1};
  if (!integers) return channel_constants(builder, location, share, shape);
  SmallVector<int32_t> steps;
  for (float value : share) steps.push_back(static_cast<int32_t>(std::lrint(value * 2048)));
  return channel_constants(builder, location, ArrayRef<int32_t>(steps), shape);
}

Value blended(ImplicitLocOpBuilder& builder, Value from, Value to, Value share) {
  Value step = builder.create<arith::MulFOp>(builder.create<arith::SubFOp>(to, from), share);
  return builder.create<arith::AddFOp>(from, step);
}

// from * 2^11 + (to - from) * share
Value blended_integers(ImplicitLocOpBuilder& builder, Value from, Value to, Value share) {
  Value step = builder.create<arith::MulIOp>(builder.create<arith::SubIOp>(to, from), share);
  return builder.create<arith::AddIOp>(builder.create<arith::ShLIOp>(from, integer_constant(builder, 11)), step);
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
  const bool integers = is_quantized(element_type(getInput()));
  const Neighbors rows = neighbors(input[1], size[0], placement), columns = neighbors(input[2], size[1], placement);
  SmallVector<Value> operands;
  for (const auto& row : {rows.before, rows.after}) {
    Value line = picked(builder, location, image, 1, row);
    for (const auto& column : {columns.before, columns.after}) operands.push_back(picked(builder, location, line, 2, column));
  }
  operands.push_back(shares(builder, location, rows.share, /*vertical=*/true, integers));
  operands.push_back(shares(builder, location, columns.share, /*vertical=*/false, integers));
  results[0] = elementwise(
      builder, location, operands, storage_type(tensor_type(getResult())),
      [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value {
        if (!integers) return blended(scalars, blended(scalars, x[0], x[1], x[5]), blended(scalars, x[2], x[3], x[5]), x[4]);
        const Quantized type = quantization_of(getInput());
        SmallVector<Value> wide;
        for (Value q : x.take_front(4)) wide.push_back(widened(scalars, q, type));
        Value sum = blended_integers(scalars, blended_integers(scalars, wide[0], wide[1], x[5]),
                                     blended_integers(scalars, wide[2], wide[3], x[5]), x[4]);
        Value half = integer_constant(scalars, int64_t{1} << 21);
        Value rounded = scalars.create<arith::ShRSIOp>(scalars.create<arith::AddIOp>(sum, half), integer_constant(scalars, 22));
        return scalars.create<arith::TruncIOp>(type.storage, rounded);
      });
}

}  // namespace fovea::dialect
