// SLICE, STRIDED_SLICE, SPLIT and SPLIT_V: boxes of a tensor.
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

constexpr OperatorReading readings[] = {
    {BuiltinOperator::SLICE, read_slice},
    {BuiltinOperator::STRIDED_SLICE, read_strided_slice},
    {BuiltinOperator::SPLIT, read_split},
    {BuiltinOperator::SPLIT_V, read_split_v},
};

}  // namespace

std::span<const OperatorReading> slice_readings() { return readings; }

}  // namespace fovea::tflite
