// SPDX-License-Identifier: Apache-2.0
// Slicing (SLICE, STRIDED_SLICE, SPLIT, SPLIT_V, UNPACK) and composing tensors from slices (GATHER, MIRROR_PAD, TILE).
#include <algorithm>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

struct Box {
  Shape offsets, sizes, strides;  // sizes are those of the result
};

// A slice that covers the file's whole batch covers the whole batch of the network.
void take_batch(Reader& reader, size_t input, Box& box) {
  if (!box.offsets.empty() && box.offsets[0] == 0 && box.sizes[0] == reader.file_shape(input)[0])
    box.sizes[0] = reader.input_type(input).shape[0];
}

Ref slice(Reader& reader, size_t input, Box box) {
  take_batch(reader, input, box);
  return reader.add(
      ops::Slice{.input = reader.input(input), .offsets = box.offsets, .sizes = box.sizes, .strides = box.strides});
}

void read_slice(Reader& reader) {
  const Shape& input = reader.file_shape(0);
  Box box{reader.integers(1, "offsets"), reader.integers(2, "sizes"), Shape(input.size(), 1)};
  if (box.offsets.size() != input.size() || box.sizes.size() != input.size())
    reader.fail("takes offsets {} and sizes {} of {}", to_string(box.offsets), to_string(box.sizes), to_string(input));
  for (size_t i = 0; i < input.size(); ++i)
    if (box.sizes[i] == -1) box.sizes[i] = input[i] - box.offsets[i];
  reader.set_output(slice(reader, 0, std::move(box)));
}

// NumPy's x[begin:end:stride, ...]: a box, in which a negative stride runs backwards from the box's last cell, and the shape of
// the result after dimensions are removed and inserted.
struct StridedBox {
  Box box;
  std::vector<bool> backwards, shrinks;
  std::vector<size_t> fresh;  // the dimensions of the input before which new ones are inserted
};

// Adds one dimension to the box.
void take_range(Reader& reader, StridedBox& result, size_t dim, int64_t begin, int64_t end, int64_t stride, int bits) {
  const bool no_begin = (bits & 1) != 0, no_end = (bits & 2) != 0, shrink = (bits & 4) != 0;
  const int64_t size = result.box.sizes[dim];
  if (stride == 0) reader.fail("has a stride of 0");
  const auto from_end = [size](int64_t position) { return position < 0 ? position + size : position; };
  int64_t first = 0, count = 0;
  if (shrink) {
    first = from_end(begin);
    if (first < 0 || first >= size) reader.fail("takes position {} of {}", begin, size);
    count = 1;
    stride = 1;
  } else if (stride > 0) {
    first = no_begin ? 0 : std::clamp<int64_t>(from_end(begin), 0, size);
    const int64_t last = no_end ? size : std::clamp<int64_t>(from_end(end), 0, size);
    count = std::max<int64_t>(0, last - first + stride - 1) / stride;
  } else {
    const int64_t start = no_begin ? size - 1 : std::clamp<int64_t>(from_end(begin), -1, size - 1);
    const int64_t last = no_end ? -1 : std::clamp<int64_t>(from_end(end), -1, size - 1);
    count = std::max<int64_t>(0, start - last - stride - 1) / -stride;
    stride = -stride;
    first = start - (count - 1) * stride;
    result.backwards[dim] = count > 1;
  }
  if (count < 1) reader.fail("takes nothing of dimension {} of {}", dim, size);
  result.box.offsets[dim] = first;
  result.box.strides[dim] = stride;
  result.box.sizes[dim] = count;
  result.shrinks[dim] = shrink;
}

StridedBox strided_box(Reader& reader, const StridedSliceOptions& options, const Shape& input) {
  // No dimension is as long as this bound, so nothing changes and sums stay in range.
  const auto bounded = [&](size_t place, const char* what) {
    std::vector<int64_t> numbers = reader.integers(place, what);
    for (int64_t& number : numbers) number = std::clamp(number, -(int64_t{1} << 40), int64_t{1} << 40);
    return numbers;
  };
  const std::vector<int64_t> begin = bounded(1, "begin"), strides = bounded(3, "strides");
  std::vector<int64_t> end = bounded(2, "end");
  const size_t rank = input.size(), count = begin.size();
  if (count > 32 || end.size() != count || strides.size() != count)
    reader.fail("has {} bounds for {}", count, to_string(input));
  if (options.offset())
    for (size_t i = 0; i < count; ++i) end[i] += begin[i];
  const auto has = [](int mask, size_t bit) { return (static_cast<unsigned>(mask) >> bit & 1U) != 0; };
  StridedBox result{.box = {Shape(rank, 0), input, Shape(rank, 1)},
                    .backwards = std::vector<bool>(rank),
                    .shrinks = std::vector<bool>(rank),
                    .fresh = {}};
  size_t named = 0;  // dimensions that the bounds name
  for (size_t i = 0; i < count; ++i) named += has(options.ellipsis_mask(), i) || has(options.new_axis_mask(), i) ? 0 : 1;
  if (named > rank) reader.fail("has {} bounds for {}", named, to_string(input));
  size_t dim = 0;
  for (size_t i = 0; i < count; ++i) {
    if (has(options.ellipsis_mask(), i)) {
      dim += rank - named;
      named = rank;  // a second ellipsis stands for nothing
    } else if (has(options.new_axis_mask(), i)) {
      result.fresh.push_back(dim);
    } else {
      const int bits = (has(options.begin_mask(), i) ? 1 : 0) | (has(options.end_mask(), i) ? 2 : 0) |
                       (has(options.shrink_axis_mask(), i) ? 4 : 0);
      take_range(reader, result, dim++, begin[i], end[i], strides[i], bits);
    }
  }
  return result;
}

void read_strided_slice(Reader& reader) {
  const auto& options = reader.options<StridedSliceOptions>();
  if (reader.is_constant(0)) {  // of a shape, which is computed here
    const Tensor input = reader.values(0, "input");
    if (input.dtype() == DType::i32 || input.dtype() == DType::i64) {
      std::vector<int64_t> values = reader.integers(0, "input"), taken;
      const StridedBox strided = strided_box(reader, options, {std::ssize(values)});
      for (int64_t i = 0; i < strided.box.sizes[0]; ++i)
        taken.push_back(values[static_cast<size_t>(strided.box.offsets[0] + i * strided.box.strides[0])]);
      if (strided.backwards[0]) std::ranges::reverse(taken);
      if (!strided.fresh.empty()) reader.fail("makes a new dimension of a shape, which is not read");
      return reader.set_constant_output(integer_tensor(strided.shrinks[0] ? Shape{} : strided.box.sizes, taken, input.dtype()));
    }
  }
  const StridedBox strided = strided_box(reader, options, reader.file_shape(0));
  Ref result = slice(reader, 0, strided.box);
  const Shape sizes = reader.type(result).shape;
  Shape shape;
  for (size_t i = 0; i <= sizes.size(); ++i) {
    shape.insert(shape.end(), static_cast<size_t>(std::ranges::count(strided.fresh, i)), 1);
    if (i == sizes.size()) break;
    if (strided.backwards[i]) result = reader.reversed(result, static_cast<int64_t>(i));
    if (!strided.shrinks[i]) shape.push_back(sizes[i]);
  }
  if (shape != sizes) result = reader.add(ops::Reshape{.input = result, .shape = shape});
  reader.set_output(result);
}

void split(Reader& reader, size_t input, int64_t axis, const std::vector<int64_t>& sizes) {
  const Shape& shape = reader.file_shape(input);
  if (axis < 0) axis += std::ssize(shape);
  if (axis < 0 || axis >= std::ssize(shape) || sizes.size() != reader.output_count())
    reader.fail("splits dimension {} of {} into {}", axis, to_string(shape), reader.output_count());
  Box box{Shape(shape.size(), 0), shape, Shape(shape.size(), 1)};
  for (size_t part = 0; part < sizes.size(); ++part) {
    box.sizes[static_cast<size_t>(axis)] = sizes[part];
    reader.set_output(slice(reader, input, box), part);
    box.offsets[static_cast<size_t>(axis)] += sizes[part];
  }
}

void read_split(Reader& reader) {
  const std::vector<int64_t> axis = reader.integers(0, "dimension");
  const Shape& shape = reader.file_shape(1);
  const auto parts = static_cast<int64_t>(reader.output_count());
  if (axis.size() != 1) reader.fail("has {} dimensions", axis.size());
  const int64_t dim = axis[0] < 0 ? axis[0] + std::ssize(shape) : axis[0];
  if (dim < 0 || dim >= std::ssize(shape) || shape[static_cast<size_t>(dim)] % parts != 0)
    reader.fail("splits dimension {} of {} into {} parts", dim, to_string(shape), parts);
  split(reader, 1, dim, std::vector<int64_t>(reader.output_count(), shape[static_cast<size_t>(dim)] / parts));
}

void read_split_v(Reader& reader) {
  const std::vector<int64_t> axis = reader.integers(2, "dimension");
  if (axis.size() != 1) reader.fail("has {} dimensions", axis.size());
  std::vector<int64_t> sizes = reader.integers(1, "sizes");
  const Shape& shape = reader.file_shape(0);
  const int64_t dim = axis[0] < 0 ? axis[0] + std::ssize(shape) : axis[0];
  if (dim < 0 || dim >= std::ssize(shape)) reader.fail("splits dimension {} of {}", axis[0], to_string(shape));
  int64_t rest = shape[static_cast<size_t>(dim)];
  for (const int64_t size : sizes) {
    if (size < -1 || size > shape[static_cast<size_t>(dim)])
      reader.fail("takes {} of dimension {} of {}", size, dim, to_string(shape));
    rest -= size == -1 ? 0 : size;
  }
  for (int64_t& size : sizes)  // one size may be left open
    if (size == -1) size = rest;
  split(reader, 0, dim, sizes);
}

int64_t checked_dim(Reader& reader, int64_t dim, size_t input) {
  const auto rank = std::ssize(reader.file_shape(input));
  if (dim < 0) dim += rank;
  if (dim < 0 || dim >= rank) reader.fail("goes by dimension {} of {}", dim, to_string(reader.file_shape(input)));
  return dim;
}

// `count` positions of one dimension, from `first` on.
Ref run_of(Reader& reader, Ref value, int64_t dim, int64_t first, int64_t count) {
  const Shape shape = reader.type(value).shape;
  Box box{Shape(shape.size(), 0), shape, Shape(shape.size(), 1)};
  box.offsets[static_cast<size_t>(dim)] = first;
  box.sizes[static_cast<size_t>(dim)] = count;
  return reader.add(ops::Slice{.input = value, .offsets = box.offsets, .sizes = box.sizes});
}

Ref joined(Reader& reader, const std::vector<Ref>& parts, int64_t dim) {
  return parts.size() == 1 ? parts[0] : reader.add(ops::Concat{.inputs = parts, .dim = dim});
}

Ref without(Reader& reader, Ref value, int64_t dim) {
  Shape shape = reader.type(value).shape;
  shape.erase(shape.begin() + dim);
  return reader.add(ops::Reshape{.input = value, .shape = shape});
}

void read_unpack(Reader& reader) {
  const int64_t dim = checked_dim(reader, reader.options<UnpackOptions>().axis(), 0);
  const Ref input = reader.input(0);
  for (size_t part = 0; part < reader.output_count(); ++part) {
    if (static_cast<int64_t>(part) >= reader.file_shape(0)[static_cast<size_t>(dim)]) reader.fail("has no part {}", part);
    reader.set_output(without(reader, run_of(reader, input, dim, static_cast<int64_t>(part), 1), dim), part);
  }
}

// Gathers known positions, runs of neighbors as one slice; from a shape, the result is computed here.
void read_gather(Reader& reader) {
  const auto* options = reader.op().options<GatherOptions>();
  const std::vector<int64_t> places = reader.integers(1, "positions");
  const int64_t dim = checked_dim(reader, options ? options->axis() : 0, 0),
                size = reader.file_shape(0)[static_cast<size_t>(dim)];
  const Shape form = reader.file_shape(1);
  if (form.size() > 1 || places.empty() || (options && options->batch_dims() != 0))
    reader.fail("takes positions {}; a list of them is read", to_string(form));
  for (const int64_t place : places)
    if (place < 0 || place >= size) reader.fail("takes position {} of {}", place, size);
  if (reader.is_constant(0) && reader.values(0, "input").dtype() == DType::i32) {
    const std::vector<int64_t> numbers = reader.integers(0, "input");
    Tensor result(form, DType::i32);
    for (size_t i = 0; i < places.size(); ++i)
      result.data<int32_t>()[i] = static_cast<int32_t>(numbers[static_cast<size_t>(places[i])]);
    return reader.set_constant_output(std::move(result));
  }
  std::vector<Ref> parts;
  for (size_t first = 0; first < places.size();) {
    size_t last = first + 1;
    while (last < places.size() && places[last] == places[last - 1] + 1) ++last;
    parts.push_back(run_of(reader, reader.input(0), dim, places[first], static_cast<int64_t>(last - first)));
    first = last;
  }
  const Ref result = joined(reader, parts, dim);
  reader.set_output(form.empty() ? without(reader, result, dim) : result);
}

// The cells before and after mirror those inside, from the edge inwards; REFLECT leaves out the edge itself.
void read_mirror_pad(Reader& reader) {
  const auto* options = reader.op().options<MirrorPadOptions>();
  const int64_t skipped = options && options->mode() == MirrorPadMode::SYMMETRIC ? 0 : 1;
  const std::vector<int64_t> cells = reader.integers(1, "padding");
  Ref result = reader.input(0);
  if (cells.size() != 2 * reader.file_shape(0).size()) reader.fail("has {} paddings", cells.size());
  for (size_t i = 0; i < cells.size(); i += 2) {
    const auto dim = static_cast<int64_t>(i / 2);
    const int64_t size = reader.type(result).shape[i / 2], before = cells[i], after = cells[i + 1];
    if (before < 0 || after < 0 || std::max(before, after) > size - skipped)
      reader.fail("pads dimension {} of {} by {} and {}", dim, size, before, after);
    if (before == 0 && after == 0) continue;
    std::vector<Ref> parts;
    for (int64_t at = before; at-- > 0;) parts.push_back(run_of(reader, result, dim, at + skipped, 1));
    parts.push_back(result);
    for (int64_t at = 0; at < after; ++at) parts.push_back(run_of(reader, result, dim, size - 1 - skipped - at, 1));
    result = joined(reader, parts, dim);
  }
  reader.set_output(result);
}

void read_tile(Reader& reader) {
  const std::vector<int64_t> times = reader.integers(1, "repetitions");
  constexpr int64_t most = int64_t{1} << 28;  // in elements
  Ref result = reader.input(0);
  if (times.size() != reader.file_shape(0).size()) reader.fail("has {} repetitions", times.size());
  if (!times.empty() && times[0] != 1 && reader.rebatched()) reader.fail("repeats the batch; it is read with the file's own");
  for (size_t i = times.size(); i-- > 0;) {
    if (times[i] < 1 || times[i] > 4096 || element_count(reader.type(result).shape) * times[i] > most)
      reader.fail("repeats dimension {} {} times", i, times[i]);
    result = joined(reader, std::vector<Ref>(static_cast<size_t>(times[i]), result), static_cast<int64_t>(i));
  }
  reader.set_output(result);
}

constexpr OperatorReading readings[] = {
    {BuiltinOperator::SLICE, read_slice},           {BuiltinOperator::STRIDED_SLICE, read_strided_slice},
    {BuiltinOperator::SPLIT, read_split},           {BuiltinOperator::SPLIT_V, read_split_v},
    {BuiltinOperator::UNPACK, read_unpack},         {BuiltinOperator::GATHER, read_gather},
    {BuiltinOperator::MIRROR_PAD, read_mirror_pad}, {BuiltinOperator::TILE, read_tile},
};

}  // namespace

std::span<const OperatorReading> slice_readings() { return readings; }

}  // namespace fovea::tflite
