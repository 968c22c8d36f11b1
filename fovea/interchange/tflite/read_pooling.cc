// SPDX-License-Identifier: Apache-2.0
// Pooling, reductions, normalization composed of them, and resizing.
#include <algorithm>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

Attributes window_of(Reader& reader, const Pool2DOptions& options) {
  const std::vector<int64_t> window{options.filter_height(), options.filter_width()};
  const std::vector<int64_t> strides{options.stride_h(), options.stride_w()};
  for (const int64_t number : {window[0], window[1], strides[0], strides[1]})
    if (number < 1) reader.fail("has a window or stride of {}; they are at least 1", number);
  return {{"window", window},
          {"strides", strides},
          {"padding", std::string(options.padding() == Padding::SAME ? "same" : "valid")}};
}

void read_average_pool(Reader& reader) {
  const auto& options = reader.options<Pool2DOptions>();
  Attributes attributes = window_of(reader, options);
  if (!reader.quantized())
    return reader.set_output(
        reader.activated(reader.add("avg_pool", {reader.input(0)}, attributes), options.fused_activation_function()));
  attributes.emplace_back("activation", reader.activation_name(options.fused_activation_function()));
  reader.set_output(reader.add("quantized_average_pool", {reader.input(0)}, attributes));
}

void read_max_pool(Reader& reader) {
  const auto& options = reader.options<Pool2DOptions>();
  const ActivationFunctionType activation = options.fused_activation_function();
  Ref result = reader.add("max_pool", {reader.input(0)}, window_of(reader, options));
  if (!reader.quantized()) {
    result = reader.activated(result, activation);
  } else if (activation != ActivationFunctionType::NONE) {
    result = reader.add("quantized_activation", {result},
                        {{"function", reader.activation_name(activation)}, {"output", reader.output_type()}});
  }
  reader.set_output(result);
}

// The square root of the mean of squares.
void read_l2_pool(Reader& reader) {
  const auto& options = reader.options<Pool2DOptions>();
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  const Ref squares = reader.add("mul", {reader.input(0), reader.input(0)});
  const Ref root = reader.add("sqrt", {reader.add("avg_pool", {squares}, window_of(reader, options))});
  reader.set_output(reader.activated(root, options.fused_activation_function()));
}

// Krizhevsky et al. 2012, section 3.3: x / (bias + alpha * the sum of squares of the neighboring channels) ^ beta. The sum is
// an average along channels times their number.
void read_local_response_normalization(Reader& reader) {
  const auto& options = reader.options<LocalResponseNormalizationOptions>();
  const Shape shape = reader.input_type(0).shape;
  const int64_t window = 2 * int64_t{options.radius()} + 1;
  if (reader.quantized() || shape.size() != 4 || options.radius() < 0 || options.radius() > 1 << 20)
    reader.fail("works on {} with radius {}", to_string(reader.input_type(0)), options.radius());
  const Ref squares = reader.add("mul", {reader.input(0), reader.input(0)});
  const Ref rows = reader.add("reshape", {squares}, {{"shape", Shape{shape[0] * shape[1] * shape[2], shape[3], 1}}});
  const Ref means = reader.add("avg_pool", {rows},
                               {{"window", Shape{window}},
                                {"strides", Shape{1}},
                                {"padding", Shape{options.radius(), options.radius()}},
                                {"count_padding", true}});
  const Ref scaled = reader.add("mul", {reader.add("reshape", {means}, {{"shape", shape}}),
                                        reader.scalar(static_cast<double>(options.alpha()) * static_cast<double>(window))});
  const Ref logarithm = reader.add("log", {reader.add("add", {scaled, reader.scalar(options.bias())})});
  const Ref factor = reader.add("exp", {reader.add("mul", {logarithm, reader.scalar(-static_cast<double>(options.beta()))})});
  reader.set_output(reader.add("mul", {reader.input(0), factor}));
}

// x divided by its length along the last dimension.
void read_l2_normalization(Reader& reader) {
  const auto* options = reader.op().options<L2NormOptions>();
  const Shape shape = reader.input_type(0).shape;
  if (reader.quantized() || shape.empty()) reader.fail("works on {}", to_string(reader.input_type(0)));
  const Ref squares = reader.add("mul", {reader.input(0), reader.input(0)});
  const Ref sum = reader.add("reduce_sum", {squares}, {{"dims", Shape{std::ssize(shape) - 1}}, {"keep_dims", true}});
  const Ref length = reader.add("maximum", {reader.add("sqrt", {sum}), reader.scalar(1e-6)});
  reader.set_output(reader.activated(reader.add("div", {reader.input(0), length}),
                                     options ? options->fused_activation_function() : ActivationFunctionType::NONE));
}

std::vector<int64_t> reduced_dims(Reader& reader) {
  const auto rank = std::ssize(reader.input_type(0).shape);
  std::vector<int64_t> dims = reader.integers(1, "dimensions");
  for (int64_t& dim : dims) {
    if (dim < 0) dim += rank;
    if (dim < 0 || dim >= rank) reader.fail("reduces dimension {} of {}", dim, to_string(reader.input_type(0).shape));
    if (dim == 0 && reader.rebatched()) reader.fail("reduces the batch; it is read with the file's own only");
  }
  return dims;
}

// The maximum of 8-bit integers is a pool with one window; the last dimension, when it is kept, is the channels of that window.
Ref largest_integer(Reader& reader, const std::vector<int64_t>& dims, bool keep) {
  const Shape shape = reader.input_type(0).shape;
  const auto last = std::ssize(shape) - 1;
  const auto reduced = [&](int64_t dim) { return std::ranges::find(dims, dim) != dims.end(); };
  std::vector<int64_t> order;
  Shape rest, kept = shape;
  int64_t outer = 1, window = 1, channels = 1;
  for (int64_t dim = 0; dim <= last; ++dim) {
    if (reduced(dim)) continue;
    const int64_t size = shape[static_cast<size_t>(dim)];
    rest.push_back(size);
    if (dim == last) {
      channels = size;
    } else {
      order.push_back(dim);
      outer *= size;
    }
  }
  for (const int64_t dim : dims) {
    order.push_back(dim);
    kept[static_cast<size_t>(dim)] = 1;
    window *= shape[static_cast<size_t>(dim)];
  }
  if (!reduced(last)) order.push_back(last);
  const Ref moved = reader.add("transpose", {reader.input(0)}, {{"permutation", order}});
  const Ref rows = reader.add("reshape", {moved}, {{"shape", Shape{outer, window, channels}}});
  const Ref most = reader.add("max_pool", {rows}, {{"window", Shape{window}}, {"strides", Shape{1}}});
  return reader.add("reshape", {most}, {{"shape", keep ? kept : rest}});
}

template <const char* reduction>
void read_reduction(Reader& reader) {
  const auto* options = reader.op().options<ReducerOptions>();
  const bool keep = options && options->keep_dims();
  const BuiltinOperator code = reader.op().code;
  Attributes attributes{{"dims", reduced_dims(reader)}, {"keep_dims", keep}};
  if (!reader.quantized()) return reader.set_output(reader.add(reduction, {reader.input(0)}, attributes));
  if (code == BuiltinOperator::REDUCE_MAX) return reader.set_output(largest_integer(reader, reduced_dims(reader), keep));
  if (code == BuiltinOperator::REDUCE_MIN)  // it only selects one of its input's integers
    return reader.set_output(reader.like_output(reader.add(reduction, {reader.real(0)}, attributes)));
  attributes.emplace_back("output", reader.output_type());
  reader.set_output(
      reader.add(code == BuiltinOperator::MEAN ? "quantized_mean" : "quantized_sum", {reader.input(0)}, attributes));
}

// The index of the maximum along one dimension, the first of equal ones.
void read_arg_max(Reader& reader) {
  const auto& options = reader.options<ArgMaxOptions>();
  const std::vector<int64_t> axis = reader.integers(1, "dimension");
  const auto rank = std::ssize(reader.input_type(0).shape);
  const int64_t dim = axis.size() == 1 && axis[0] < 0 ? axis[0] + rank : axis.empty() ? rank : axis[0];
  if (axis.size() != 1 || dim < 0 || dim >= rank) reader.fail("goes by dimension {} of {}", to_string(axis), rank);
  Ref x = reader.quantized() ? reader.add("dequantize", {reader.input(0)}) : reader.input(0);
  if (dim != rank - 1) {
    std::vector<int64_t> order;
    for (int64_t i = 0; i < rank; ++i)
      if (i != dim) order.push_back(i);
    order.push_back(dim);
    x = reader.add("transpose", {x}, {{"permutation", order}});
  }
  Ref place = reader.add("argmax", {x});
  if (options.output_type() == schema::TensorType::INT64) place = reader.add("cast", {place}, {{"dtype", std::string("i64")}});
  reader.set_output(place);
}

template <typename Options>
void read_resize(Reader& reader, const char* method) {
  const std::vector<int64_t> size = reader.integers(1, "size");
  const auto* options = reader.op().options<Options>();
  reader.set_output(reader.add("resize", {reader.input(0)},
                               {{"size", size},
                                {"method", std::string(method)},
                                {"align_corners", options && options->align_corners()},
                                {"half_pixel_centers", options && options->half_pixel_centers()}}));
}
void read_bilinear(Reader& reader) { read_resize<ResizeBilinearOptions>(reader, "bilinear"); }
void read_nearest(Reader& reader) { read_resize<ResizeNearestNeighborOptions>(reader, "nearest"); }

constexpr char mean[] = "reduce_mean", sum[] = "reduce_sum", most[] = "reduce_max", least[] = "reduce_min";
constexpr OperatorReading readings[] = {
    {BuiltinOperator::AVERAGE_POOL_2D, read_average_pool},
    {BuiltinOperator::MAX_POOL_2D, read_max_pool},
    {BuiltinOperator::MEAN, read_reduction<mean>},
    {BuiltinOperator::SUM, read_reduction<sum>},
    {BuiltinOperator::REDUCE_MAX, read_reduction<most>},
    {BuiltinOperator::REDUCE_MIN, read_reduction<least>},
    {BuiltinOperator::RESIZE_BILINEAR, read_bilinear},
    {BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, read_nearest},
    {BuiltinOperator::L2_POOL_2D, read_l2_pool},
    {BuiltinOperator::L2_NORMALIZATION, read_l2_normalization},
    {BuiltinOperator::ARG_MAX, read_arg_max},
    {BuiltinOperator::LOCAL_RESPONSE_NORMALIZATION, read_local_response_normalization},
};

}  // namespace

std::span<const OperatorReading> pooling_readings() { return readings; }

}  // namespace fovea::tflite
