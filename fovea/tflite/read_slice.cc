// Boxes of a tensor (SLICE, STRIDED_SLICE, SPLIT, SPLIT_V, UNPACK), and boxes put together again (GATHER, MIRROR_PAD, TILE).
#include <algorithm>

#include "fovea/tflite/reader.h"

namespace fovea::tflite {
namespace {

struct Box {
  Shape offsets, sizes, strides;  // sizes: of the result
};

// What covers the file's whole batch covers ours.
void take_batch(Reader& reader, size_t input, Box& box) {
  if (!box.offsets.empty() && box.offsets[0] == 0 && box.sizes[0] == reader.file_shape(input)[0])
    box.sizes[0] = reader.input_type(input).shape[0];
}

Ref slice(Reader& reader, size_t input, Box box) {
  take_batch(reader, input, box);
  return reader.add("slice", {reader.input(input)}, {{"offsets", box.offsets}, {"sizes", box.sizes}, {"strides", box.strides}});
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

// NumPy's x[begin:end:stride, ...]; a bit of a mask says that the bound of its dimension is left out.
Box strided_box(Reader& reader, const StridedSliceOptions& options, const Shape& input) {
  const std::vector<int64_t> begin = reader.integers(1, "begin"), end = reader.integers(2, "end");
  const std::vector<int64_t> strides = reader.integers(3, "strides");
  if (options.ellipsis_mask() != 0 || options.new_axis_mask() != 0)
    reader.fail("has an ellipsis or a new dimension, which is not read");
  if (begin.size() > input.size() || end.size() != begin.size() || strides.size() != begin.size())
    reader.fail("has {} bounds for {}", begin.size(), to_string(input));
  Box box{Shape(input.size(), 0), input, Shape(input.size(), 1)};
  for (size_t i = 0; i < begin.size(); ++i) {
    const int64_t size = input[i], stride = strides[i];
    if (stride < 1) reader.fail("has a stride of {}; they are at least 1", stride);
    const auto bound = [size](int64_t position) {
      return std::clamp<int64_t>(position < 0 ? position + size : position, 0, size);
    };
    const bool shrinks = (options.shrink_axis_mask() >> i & 1) != 0;
    const int64_t first = (options.begin_mask() >> i & 1) != 0 && !shrinks ? 0 : bound(begin[i]);
    const int64_t last = shrinks ? first + 1 : (options.end_mask() >> i & 1) != 0 ? size : bound(end[i]);
    if (first >= std::min(last, size)) reader.fail("takes nothing of dimension {} of {}", i, to_string(input));
    box.offsets[i] = first;
    box.strides[i] = stride;
    box.sizes[i] = (last - first + stride - 1) / stride;
  }
  return box;
}

void read_strided_slice(Reader& reader) {
  const auto& options = reader.options<StridedSliceOptions>();
  if (reader.is_constant(0)) {  // of a shape: computed here
    const std::vector<int64_t> values = reader.integers(0, "input");
    const Box box = strided_box(reader, options, {std::ssize(values)});
    Tensor result(options.shrink_axis_mask() != 0 ? Shape{} : box.sizes, DType::i32);
    for (int64_t i = 0; i < result.size(); ++i)
      result.data<int32_t>()[i] = static_cast<int32_t>(values[static_cast<size_t>(box.offsets[0] + i * box.strides[0])]);
    return reader.set_constant_output(std::move(result));
  }
  const Box box = strided_box(reader, options, reader.file_shape(0));
  Ref result = slice(reader, 0, box);
  if (options.shrink_axis_mask() != 0) {
    const Shape sizes = reader.type(result).shape;
    Shape shape;
    for (size_t i = 0; i < sizes.size(); ++i)
      if ((options.shrink_axis_mask() >> i & 1) == 0) shape.push_back(sizes[i]);
    result = reader.add("reshape", {result}, {{"shape", shape}});
  }
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
  split(reader, 0, axis[0], reader.integers(1, "sizes"));
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
  return reader.add("slice", {value}, {{"offsets", box.offsets}, {"sizes", box.sizes}});
}

Ref joined(Reader& reader, const std::vector<Ref>& parts, int64_t dim) {
  return parts.size() == 1 ? parts[0] : reader.add("concat", parts, {{"dim", dim}});
}

Ref without(Reader& reader, Ref value, int64_t dim) {
  Shape shape = reader.type(value).shape;
  shape.erase(shape.begin() + dim);
  return reader.add("reshape", {value}, {{"shape", shape}});
}

void read_unpack(Reader& reader) {
  const int64_t dim = checked_dim(reader, reader.options<UnpackOptions>().axis(), 0);
  const Ref input = reader.input(0);
  for (size_t part = 0; part < reader.output_count(); ++part) {
    if (static_cast<int64_t>(part) >= reader.file_shape(0)[static_cast<size_t>(dim)]) reader.fail("has no part {}", part);
    reader.set_output(without(reader, run_of(reader, input, dim, static_cast<int64_t>(part), 1), dim), part);
  }
}

// Of known positions, neighbours together; of a shape it is computed here.
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

// Cells before and after repeat those inside, from the edge inwards; REFLECT leaves out the edge itself.
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
  constexpr int64_t most = int64_t{1} << 28;  // elements
  Ref result = reader.input(0);
  if (times.size() != reader.file_shape(0).size()) reader.fail("has {} repetitions", times.size());
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
