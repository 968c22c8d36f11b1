// SPDX-License-Identifier: Apache-2.0
// Pooling, reductions and resizing, and the placement of a window on its image.
#include <algorithm>
#include <limits>

#include "fovea/graph/operators.h"
#include "fovea/interchange/tflite/writer.h"

namespace fovea::tflite {
namespace {

// TensorFlow's SAME padding: the result has one cell for each started stride, and an odd cell of padding goes after.
std::vector<int64_t> same_cells(const Shape& image, const std::vector<int64_t>& window, const std::vector<int64_t>& strides,
                                const std::vector<int64_t>& dilations) {
  std::vector<int64_t> cells;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t size = image[i + 1], results = (size + strides[i] - 1) / strides[i];
    const int64_t total = std::max<int64_t>((results - 1) * strides[i] + (window[i] - 1) * dilations[i] + 1 - size, 0);
    cells.push_back(total / 2);
    cells.push_back(total - total / 2);
  }
  return cells;
}

std::vector<int64_t> pair_or(const Writer& writer, const char* attribute, std::vector<int64_t> otherwise) {
  std::vector<int64_t> pair = writer.node().get(attribute, std::vector<int64_t>{});
  if (pair.empty()) pair = std::move(otherwise);
  if (pair.size() == 1) pair.push_back(pair[0]);
  return pair;
}

struct Pool {
  std::vector<int64_t> window, strides;
  Placement place;
};

Pool pool_of(const Writer& writer) {
  const Shape image = writer.input_type().shape;
  if (image.size() != 4) writer.refuse("it works on {}; images have two spatial dimensions", to_string(image));
  const std::vector<int64_t> window = pair_or(writer, "window", {});
  if (pair_or(writer, "dilations", {1}) != Shape{1, 1}) writer.refuse("its window has dilations");
  const std::vector<int64_t> strides = pair_or(writer, "strides", window);
  return {window, strides, placement(writer, image, window, strides, {1, 1})};
}

schema::Pool2DOptionsT pool_options(const Pool& pool) {
  schema::Pool2DOptionsT options;
  options.padding = pool.place.padding;
  options.filter_height = static_cast<int32_t>(pool.window[0]);
  options.filter_width = static_cast<int32_t>(pool.window[1]);
  options.stride_h = static_cast<int32_t>(pool.strides[0]);
  options.stride_w = static_cast<int32_t>(pool.strides[1]);
  return options;
}

void write_max_pool(Writer& writer) {
  const Pool pool = pool_of(writer);
  const int input = padded_input(writer, pool.place.cells, true);
  writer.add(BuiltinOperator::MAX_POOL_2D, {input}, writer.output(), pool_options(pool));
}

// The file's operator divides by the number of cells inside the image. Where padding counts as well, it is made part of the
// image.
void write_average_pool(Writer& writer) {
  Pool pool = pool_of(writer);
  const bool counts = writer.node().get("count_padding", false);
  if (counts && pool.place.padding == Padding::SAME) {
    pool.place = {Padding::VALID, same_cells(writer.input_type().shape, pool.window, pool.strides, {1, 1})};
  } else if (!counts && !pool.place.cells.empty()) {
    writer.refuse("it averages over the cells inside the image under padding that is not \"same\"");
  }
  schema::Pool2DOptionsT options = pool_options(pool);
  options.fused_activation_function = fused_activation(writer, writer.node().get<std::string>("activation", "none"));
  const int input = padded_input(writer, pool.place.cells);
  writer.add(BuiltinOperator::AVERAGE_POOL_2D, {input}, writer.output(), std::move(options));
}

template <BuiltinOperator code>
void write_reduction(Writer& writer) {
  schema::ReducerOptionsT options;
  options.keep_dims = writer.node().get("keep_dims", false);
  writer.add(code, {writer.input(), writer.integers(writer.node().get("dims", std::vector<int64_t>{}))}, writer.output(),
             std::move(options));
}

template <typename Options>
void add_resize(Writer& writer, BuiltinOperator code) {
  Options options;
  options.align_corners = writer.node().get("align_corners", false);
  options.half_pixel_centers = writer.node().get("half_pixel_centers", false);
  writer.add(code, {writer.input(), writer.integers(writer.node().get("size", std::vector<int64_t>{}))}, writer.output(),
             std::move(options));
}

void write_resize(Writer& writer) {
  if (writer.node().get<std::string>("method", "bilinear") == "bilinear")
    return add_resize<schema::ResizeBilinearOptionsT>(writer, BuiltinOperator::RESIZE_BILINEAR);
  add_resize<schema::ResizeNearestNeighborOptionsT>(writer, BuiltinOperator::RESIZE_NEAREST_NEIGHBOR);
}

constexpr LayerWriting writings[] = {
    {ops::MaxPool::name, write_max_pool},
    {ops::AveragePool::name, write_average_pool},
    {ops::QuantizedAveragePool::name, write_average_pool},
    {ops::ReduceMean::name, write_reduction<BuiltinOperator::MEAN>},
    {ops::QuantizedMean::name, write_reduction<BuiltinOperator::MEAN>},
    {ops::QuantizedSum::name, write_reduction<BuiltinOperator::SUM>},
    {ops::ReduceSum::name, write_reduction<BuiltinOperator::SUM>},
    {ops::ReduceMax::name, write_reduction<BuiltinOperator::REDUCE_MAX>},
    {ops::ReduceMin::name, write_reduction<BuiltinOperator::REDUCE_MIN>},
    {ops::Resize::name, write_resize},
};

}  // namespace

std::span<const LayerWriting> window_writings() { return writings; }

Placement placement(const Writer& writer, const Shape& image, const std::vector<int64_t>& window,
                    const std::vector<int64_t>& strides, const std::vector<int64_t>& dilations) {
  const Attribute* given = writer.node().find("padding");
  if (!given) return {Padding::VALID, {}};
  if (const auto* word = std::get_if<std::string>(given)) return {*word == "same" ? Padding::SAME : Padding::VALID, {}};
  const auto& cells = std::get<std::vector<int64_t>>(*given);
  if (std::ranges::all_of(cells, [](int64_t count) { return count == 0; })) return {Padding::VALID, {}};
  if (cells == same_cells(image, window, strides, dilations)) return {Padding::SAME, {}};
  return {Padding::VALID, cells};
}

int padded_input(Writer& writer, const std::vector<int64_t>& cells, bool lowest) {
  const Ref image = writer.node().operands[0];
  if (cells.empty()) return writer.value(image);
  TensorType type = writer.type(image);
  Tensor table({4, 2}, DType::i32);
  for (size_t i = 0; i < 4; ++i) table.data<int32_t>()[2 + i] = static_cast<int32_t>(cells[i]);
  type.shape[1] += cells[0] + cells[1];
  type.shape[2] += cells[2] + cells[3];
  const int before_and_after = writer.constant(table, "padding"), padded = writer.between(type);
  // The padding that PAD writes represents 0, which is the lowest result of a ReLU. The Edge TPU has no other operator for it.
  const int64_t least_integer = type.dtype == DType::u8 ? 0 : std::numeric_limits<int8_t>::lowest();
  const bool zero_is_lowest = type.quantization && type.quantization->zeros[0] == least_integer;
  if (!lowest || zero_is_lowest) {
    writer.add(BuiltinOperator::PAD, {writer.value(image), before_and_after}, padded, schema::PadOptionsT{});
    return padded;
  }
  Tensor least({}, type.dtype);
  if (type.dtype == DType::f32) least.data<float>()[0] = std::numeric_limits<float>::lowest();
  if (type.dtype == DType::i8) least.data<int8_t>()[0] = std::numeric_limits<int8_t>::lowest();
  const int value = writer.constant(least, "lowest", type.quantization);
  writer.add(BuiltinOperator::PADV2, {writer.value(image), before_and_after, value}, padded, schema::PadV2OptionsT{});
  return padded;
}

}  // namespace fovea::tflite
