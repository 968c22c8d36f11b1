// SPDX-License-Identifier: Apache-2.0
// Operators that move data or only change its shape.
#include <algorithm>
#include <cmath>

#include "fovea/graph/operators.h"
#include "fovea/interchange/tflite/writer.h"

namespace fovea::tflite {
namespace {

void write_reshape(Writer& writer) {
  const Shape shape = writer.output_type().shape;
  schema::ReshapeOptionsT options;
  options.new_shape.assign(shape.begin(), shape.end());
  writer.add(BuiltinOperator::RESHAPE, {writer.input(), writer.integers(shape)}, writer.output(), std::move(options));
}

void write_transpose(Writer& writer) {
  const std::vector<int64_t> order = writer.node().get("permutation", std::vector<int64_t>{});
  writer.add(BuiltinOperator::TRANSPOSE, {writer.input(), writer.integers(order)}, writer.output(),
             schema::TransposeOptionsT{});
}

void write_concat(Writer& writer) {
  schema::ConcatenationOptionsT options;
  options.axis = static_cast<int32_t>(writer.node().get<int64_t>("dim", 0));
  std::vector<int> parts;
  for (size_t i = 0; i < writer.layer().inputs.size(); ++i) parts.push_back(writer.input(i));
  writer.add(BuiltinOperator::CONCATENATION, std::move(parts), writer.output(), std::move(options));
}

// Returns the integer that represents `value` in the input's quantization.
int integer(Writer& writer, double value) {
  const TensorType type = writer.input_type();
  const double least = type.dtype == DType::u8 ? 0 : -128, scale = type.quantization->scales[0];
  const double q = std::round(value / scale) + static_cast<double>(type.quantization->zeros[0]);
  Tensor number({}, type.dtype);
  number.raw()[0] = static_cast<std::byte>(static_cast<int>(std::clamp(q, least, least + 255)));
  return writer.constant(number, "filling", type.quantization);
}

void write_pad(Writer& writer) {
  const std::vector<int64_t> cells = writer.node().get("padding", std::vector<int64_t>{});
  Tensor table({std::ssize(cells) / 2, 2}, DType::i32);
  std::ranges::transform(cells, table.data<int32_t>(), [](int64_t count) { return static_cast<int32_t>(count); });
  const double value = writer.node().get("value", 0.0);
  const int before_and_after = writer.constant(table, "padding");
  if (value == 0)
    return writer.add(BuiltinOperator::PAD, {writer.input(), before_and_after}, writer.output(), schema::PadOptionsT{});
  const int filling = writer.input_type().quantization ? integer(writer, value) : writer.number(value);
  writer.add(BuiltinOperator::PADV2, {writer.input(), before_and_after, filling}, writer.output(), schema::PadV2OptionsT{});
}

void write_slice(Writer& writer) {
  const std::vector<int64_t> offsets = writer.node().get("offsets", std::vector<int64_t>{});
  const std::vector<int64_t> sizes = writer.node().get("sizes", std::vector<int64_t>{});
  std::vector<int64_t> strides = writer.node().get("strides", std::vector<int64_t>{});
  if (strides.empty()) strides.assign(offsets.size(), 1);
  if (strides.size() == 1) strides.resize(offsets.size(), strides[0]);
  if (std::ranges::all_of(strides, [](int64_t stride) { return stride == 1; })) {
    return writer.add(BuiltinOperator::SLICE, {writer.input(), writer.integers(offsets), writer.integers(sizes)},
                      writer.output(), schema::SliceOptionsT{});
  }
  std::vector<int64_t> ends = offsets;
  for (size_t i = 0; i < ends.size(); ++i) ends[i] += (sizes[i] - 1) * strides[i] + 1;
  writer.add(BuiltinOperator::STRIDED_SLICE,
             {writer.input(), writer.integers(offsets), writer.integers(ends), writer.integers(strides)}, writer.output(),
             schema::StridedSliceOptionsT{});
}

void write_broadcast(Writer& writer) {
  const Shape shape = writer.output_type().shape;
  writer.add(BuiltinOperator::BROADCAST_TO, {writer.input(), writer.integers(shape)}, writer.output());
}

constexpr LayerWriting writings[] = {
    {ops::Reshape::name, write_reshape}, {ops::Transpose::name, write_transpose}, {ops::Concat::name, write_concat},
    {ops::Pad::name, write_pad},         {ops::Slice::name, write_slice},         {ops::Broadcast::name, write_broadcast},
};

}  // namespace

std::span<const LayerWriting> shape_writings() { return writings; }

}  // namespace fovea::tflite
