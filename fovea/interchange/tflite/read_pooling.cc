// SPDX-License-Identifier: Apache-2.0
// Pooling, reductions, normalization composed of them, and resizing.
#include <algorithm>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

// An operator on windows of an image.
template <typename Op>
Op pool_of(Reader& reader, Ref image, const Pool2DOptions& options) {
  const std::vector<int64_t> window{options.filter_height(), options.filter_width()};
  const std::vector<int64_t> strides{options.stride_h(), options.stride_w()};
  for (const int64_t number : {window[0], window[1], strides[0], strides[1]})
    if (number < 1) reader.fail("has a window or stride of {}; they are at least 1", number);
  return {
      .input = image, .window = window, .strides = strides, .padding = options.padding() == Padding::SAME ? "same" : "valid"};
}

void read_average_pool(Reader& reader) {
  const auto& options = reader.options<Pool2DOptions>();
  const ActivationFunctionType activation = options.fused_activation_function();
  if (!reader.quantized()) {
    const Ref result = reader.add(pool_of<ops::AveragePool>(reader, reader.input(0), options));
    return reader.set_output(reader.activated(result, activation));
  }
  auto pool = pool_of<ops::QuantizedAveragePool>(reader, reader.input(0), options);
  pool.activation = reader.activation_name(activation);
  reader.set_output(reader.add(pool));
}

void read_max_pool(Reader& reader) {
  const auto& options = reader.options<Pool2DOptions>();
  const ActivationFunctionType activation = options.fused_activation_function();
  Ref result = reader.add(pool_of<ops::MaxPool>(reader, reader.input(0), options)).output;
  if (!reader.quantized()) {
    result = reader.activated(result, activation);
  } else if (activation != ActivationFunctionType::NONE) {
    result = reader.add(ops::QuantizedActivation{
        .input = result, .function = reader.activation_name(activation), .output = reader.output_type()});
  }
  reader.set_output(result);
}

// The square root of the mean of squares.
void read_l2_pool(Reader& reader) {
  const auto& options = reader.options<Pool2DOptions>();
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  const Ref squares = reader.add(ops::Mul{reader.input(0), reader.input(0)});
  const Ref root = reader.add(ops::Sqrt{reader.add(pool_of<ops::AveragePool>(reader, squares, options))});
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
  const Ref squares = reader.add(ops::Mul{reader.input(0), reader.input(0)});
  const Ref rows = reader.add(ops::Reshape{.input = squares, .shape = {shape[0] * shape[1] * shape[2], shape[3], 1}});
  const Ref means = reader.add(ops::AveragePool{.input = rows,
                                                .window = {window},
                                                .strides = {1},
                                                .padding = Shape{options.radius(), options.radius()},
                                                .count_padding = true});
  const Ref scaled = reader.add(ops::Mul{reader.add(ops::Reshape{.input = means, .shape = shape}),
                                         reader.scalar(static_cast<double>(options.alpha()) * static_cast<double>(window))});
  const Ref logarithm = reader.add(ops::Log{reader.add(ops::Add{scaled, reader.scalar(options.bias())})});
  const Ref factor = reader.add(ops::Exp{reader.add(ops::Mul{logarithm, reader.scalar(-static_cast<double>(options.beta()))})});
  reader.set_output(reader.add(ops::Mul{reader.input(0), factor}));
}

// x divided by its length along the last dimension.
void read_l2_normalization(Reader& reader) {
  const auto* options = reader.op().options<L2NormOptions>();
  const Shape shape = reader.input_type(0).shape;
  if (reader.quantized() || shape.empty()) reader.fail("works on {}", to_string(reader.input_type(0)));
  const Ref squares = reader.add(ops::Mul{reader.input(0), reader.input(0)});
  const Ref sum = reader.add(ops::ReduceSum{.input = squares, .dims = {std::ssize(shape) - 1}, .keep_dims = true});
  const Ref length = reader.add(ops::Maximum{reader.add(ops::Sqrt{sum}), reader.scalar(1e-6)});
  reader.set_output(reader.activated(reader.add(ops::Div{reader.input(0), length}),
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
  const Ref moved = reader.add(ops::Transpose{.input = reader.input(0), .permutation = order});
  const Ref rows = reader.add(ops::Reshape{.input = moved, .shape = {outer, window, channels}});
  const Ref most = reader.add(ops::MaxPool{.input = rows, .window = {window}, .strides = {1}}).output;
  return reader.add(ops::Reshape{.input = most, .shape = keep ? kept : rest});
}

template <typename Reduction>
void read_reduction(Reader& reader) {
  const auto* options = reader.op().options<ReducerOptions>();
  const bool keep = options && options->keep_dims();
  const BuiltinOperator code = reader.op().code;
  const std::vector<int64_t> dims = reduced_dims(reader);
  if (!reader.quantized())
    return reader.set_output(reader.add(Reduction{.input = reader.input(0), .dims = dims, .keep_dims = keep}));
  if (code == BuiltinOperator::REDUCE_MAX) return reader.set_output(largest_integer(reader, dims, keep));
  if (code == BuiltinOperator::REDUCE_MIN) {  // it only selects one of its input's integers
    const Ref least = reader.add(Reduction{.input = reader.real(0), .dims = dims, .keep_dims = keep});
    return reader.set_output(reader.like_output(least));
  }
  const Ref input = reader.input(0);
  const QuantizedType output = reader.output_type();
  reader.set_output(code == BuiltinOperator::MEAN
                        ? reader.add(ops::QuantizedMean{.input = input, .dims = dims, .keep_dims = keep, .output = output})
                        : reader.add(ops::QuantizedSum{.input = input, .dims = dims, .keep_dims = keep, .output = output}));
}

// The index of the maximum along one dimension, the first of equal ones.
void read_arg_max(Reader& reader) {
  const auto& options = reader.options<ArgMaxOptions>();
  const std::vector<int64_t> axis = reader.integers(1, "dimension");
  const auto rank = std::ssize(reader.input_type(0).shape);
  const int64_t dim = axis.size() == 1 && axis[0] < 0 ? axis[0] + rank : axis.empty() ? rank : axis[0];
  if (axis.size() != 1 || dim < 0 || dim >= rank) reader.fail("goes by dimension {} of {}", to_string(axis), rank);
  Ref x = reader.quantized() ? reader.add(ops::Dequantize{reader.input(0)}) : reader.input(0);
  if (dim != rank - 1) {
    std::vector<int64_t> order;
    for (int64_t i = 0; i < rank; ++i)
      if (i != dim) order.push_back(i);
    order.push_back(dim);
    x = reader.add(ops::Transpose{.input = x, .permutation = order});
  }
  Ref place = reader.add(ops::Argmax{x});
  if (options.output_type() == schema::TensorType::INT64) place = reader.add(ops::Cast{.input = place, .dtype = DType::i64});
  reader.set_output(place);
}

template <typename Options>
void read_resize(Reader& reader, const char* method) {
  const std::vector<int64_t> size = reader.integers(1, "size");
  const auto* options = reader.op().options<Options>();
  reader.set_output(reader.add(ops::Resize{.input = reader.input(0),
                                           .size = size,
                                           .method = std::string(method),
                                           .align_corners = options && options->align_corners(),
                                           .half_pixel_centers = options && options->half_pixel_centers()}));
}
void read_bilinear(Reader& reader) { read_resize<ResizeBilinearOptions>(reader, "bilinear"); }
void read_nearest(Reader& reader) { read_resize<ResizeNearestNeighborOptions>(reader, "nearest"); }

constexpr OperatorReading readings[] = {
    {BuiltinOperator::AVERAGE_POOL_2D, read_average_pool},
    {BuiltinOperator::MAX_POOL_2D, read_max_pool},
    {BuiltinOperator::MEAN, read_reduction<ops::ReduceMean>},
    {BuiltinOperator::SUM, read_reduction<ops::ReduceSum>},
    {BuiltinOperator::REDUCE_MAX, read_reduction<ops::ReduceMax>},
    {BuiltinOperator::REDUCE_MIN, read_reduction<ops::ReduceMin>},
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
