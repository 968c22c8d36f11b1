// SPDX-License-Identifier: Apache-2.0
// CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, TRANSPOSE_CONV and BATCH_MATMUL. In the file, filters are OHWI, depthwise ones
// 1HWC, and dense weights [out, in].
#include <algorithm>
#include <cstring>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

// A convolution of the first input.
template <typename Options>
ops::Conv conv_of(Reader& reader, const Options& options, int64_t groups, Ref filter) {
  const std::vector<int64_t> strides{options.stride_h(), options.stride_w()};
  const std::vector<int64_t> dilations{options.dilation_h_factor(), options.dilation_w_factor()};
  for (const int64_t step : {strides[0], strides[1], dilations[0], dilations[1]})
    if (step < 1) reader.fail("has a stride or dilation of {}; they are at least 1", step);
  return {.input = reader.input(0),
          .filter = filter,
          .strides = strides,
          .dilations = dilations,
          .groups = groups,
          .padding = options.padding() == Padding::SAME ? "same" : "valid"};
}

// The file's bias, [outputs], or zeros when it has none. The sums of 16-bit activations are as wide as the bias.
Ref bias_of(Reader& reader, size_t input, int64_t outputs) {
  const bool integers = reader.quantized(), words = reader.input_type(0).dtype == DType::i16;
  if (reader.has(input)) {
    const Tensor values = reader.values(input, "bias");
    const bool fits = values.dtype() == (integers ? DType::i32 : DType::f32) || (words && values.dtype() == DType::i64);
    if (!fits) reader.fail("has a bias of {}; {} is read", name(values.dtype()), integers ? "i32" : "f32");
    if (values.size() != outputs) reader.fail("has {} biases for {} outputs", values.size(), outputs);
    return reader.weight(input, {outputs}, {0}, 0);
  }
  // Without a bias, depthwise sums of words are wide and others are not, as in TensorFlow Lite.
  const bool wide = words && reader.op().code == BuiltinOperator::DEPTHWISE_CONV_2D;
  return reader.parameter(reader.input_name(1) + ".bias", Tensor({outputs}, wide       ? DType::i64
                                                                            : integers ? DType::i32
                                                                                       : DType::f32));
}

void check_types(Reader& reader) {
  const TensorType input = reader.input_type(0);
  const DType weights = reader.values(1, "weights").dtype();
  const bool bytes = weights == DType::i8 || weights == DType::u8;
  if (bytes && !reader.quantization(1)) reader.fail("has weights of {} without a scale", name(weights));
  // 8-bit weights of real activations (a hybrid network) are converted to real numbers.
  const bool reads = input.quantization ? bytes : input.dtype == DType::f32 && (bytes || weights == DType::f32);
  if (!reads) reader.fail("multiplies {} by {}, which is not read", to_string(input), name(weights));
}

bool is_dynamic(Reader& reader) {
  return reader.reading().dynamic && reader.input_type(0).dtype == DType::f32 &&
         byte_size(reader.values(1, "weights").dtype()) == 1;
}

// Rounds activations to whole numbers of up to 127, with one scale for each position of the first dimension and halves away
// from zero. Their product with whole weights is an integer, which is then multiplied by both scales. `multiply` computes the
// product.
template <typename Multiply>
Ref dynamic_product(Reader& reader, Ref x, int64_t outputs, Multiply multiply) {
  Shape dims;
  for (int64_t dim = 1; dim < std::ssize(reader.type(x).shape); ++dim) dims.push_back(dim);
  const Ref most = reader.add(ops::ReduceMax{.input = reader.add(ops::Abs{x}), .dims = dims, .keep_dims = true});
  const Ref steps = reader.add(ops::Div{reader.scalar(127), reader.add(ops::Maximum{most, reader.scalar(1e-30)})});
  const Ref scaled = reader.add(ops::Mul{x, steps});
  const Ref half = reader.add(ops::Select{.lhs = scaled,
                                          .rhs = reader.scalar(0),
                                          .on_true = reader.scalar(0.5),
                                          .on_false = reader.scalar(-0.5),
                                          .comparison = "ge"});
  const Ref integers = reader.add(ops::Cast{.input = reader.add(ops::Add{scaled, half}), .dtype = DType::i32});
  const Ref sum = multiply(reader.add(ops::Cast{.input = integers, .dtype = DType::f32}));
  const Quantization type = *reader.quantization(1);
  Tensor scales({outputs}, DType::f32);
  for (int64_t i = 0; i < outputs; ++i) scales.data<float>()[i] = type.scales[type.per_channel() ? static_cast<size_t>(i) : 0];
  const Ref by_input = reader.add(ops::Mul{sum, reader.add(ops::Mul{most, reader.scalar(1.0 / 127)})});
  return reader.add(ops::Mul{by_input, reader.parameter(reader.input_name(1) + ".scales", scales)});
}

// The contraction with bias and activation: one operator on integers, several on floats.
void finish(Reader& reader, const ops::Conv& conv, int64_t outputs, ActivationFunctionType activation) {
  const Ref bias = bias_of(reader, 2, outputs);
  if (!reader.quantized()) {
    const auto product = [&](Ref x) {
      ops::Conv of = conv;
      of.input = x;
      return reader.add(of);
    };
    const Ref product_of_all = is_dynamic(reader) ? dynamic_product(reader, conv.input, outputs, product) : reader.add(conv);
    const Ref sum = reader.add(ops::Add{product_of_all, bias});
    return reader.set_output(reader.activated(sum, activation));
  }
  // LiteRT leaves depthwise convolutions of 4-bit weights to TensorFlow Lite's own kernel, which rounds twice.
  const bool twice = reader.op().code == BuiltinOperator::DEPTHWISE_CONV_2D && reader.has_four_bits(1);
  reader.set_output(reader.add(ops::QuantizedConv{.input = conv.input,
                                                  .filter = conv.filter,
                                                  .bias = bias,
                                                  .strides = conv.strides,
                                                  .dilations = conv.dilations,
                                                  .groups = conv.groups,
                                                  .padding = conv.padding,
                                                  .activation = reader.activation_name(activation),
                                                  .rounding = twice ? "double" : reader.reading().rounding,
                                                  .output = reader.output_type()}));
}

int64_t channels_of(Reader& reader) {
  const Shape shape = reader.input_type(0).shape;
  if (shape.size() != 4) reader.fail("reads {}; images have four dimensions", to_string(shape));
  return shape[3];
}

void read_conv(Reader& reader) {
  check_types(reader);
  const auto& options = reader.options<Conv2DOptions>();
  const int64_t channels = channels_of(reader);
  const Shape shape = reader.values(1, "filter").shape();
  if (shape.size() != 4 || shape[3] < 1 || channels % shape[3] != 0)
    reader.fail("has a filter {} for {} channels", to_string(shape), channels);
  const Ref filter = reader.weight(1, shape, {1, 2, 3, 0}, 3);
  finish(reader, conv_of(reader, options, channels / shape[3], filter), shape[0], options.fused_activation_function());
}

void read_depthwise(Reader& reader) {
  check_types(reader);
  const auto& options = reader.options<DepthwiseConv2DOptions>();
  const int64_t channels = channels_of(reader);
  const Shape shape = reader.values(1, "filter").shape();
  if (shape.size() != 4 || shape[0] != 1 || channels < 1 || shape[3] % channels != 0)
    reader.fail("has a filter {} for {} channels", to_string(shape), channels);
  const Ref filter = reader.weight(1, {shape[1], shape[2], 1, shape[3]}, {0, 1, 2, 3}, 3);
  finish(reader, conv_of(reader, options, channels, filter), shape[3], options.fused_activation_function());
}

void read_fully_connected(Reader& reader) {
  check_types(reader);
  const auto& options = reader.options<FullyConnectedOptions>();
  if (options.weights_format() != FullyConnectedOptionsWeightsFormat::DEFAULT) reader.fail("has its weights shuffled");
  const Shape shape = reader.values(1, "weights").shape();
  if (shape.size() != 2 || shape[1] < 1) reader.fail("has weights {}; they are [outputs, inputs]", to_string(shape));
  const Ref weight = reader.weight(1, shape, {1, 0}, 1);
  const Shape input = reader.input_type(0).shape;
  Ref rows = reader.input(0);
  if (input.size() != 2) rows = reader.add(ops::Reshape{.input = rows, .shape = {-1, shape[1]}});
  const Ref bias = bias_of(reader, 2, shape[0]);
  const auto product = [&](Ref x) { return reader.add(ops::Dense{x, weight}); };
  Ref result;
  if (reader.quantized()) {
    result = reader.add(ops::QuantizedDense{.input = rows,
                                            .weight = weight,
                                            .bias = bias,
                                            .activation = reader.activation_name(options.fused_activation_function()),
                                            .rounding = reader.reading().rounding,
                                            .output = reader.output_type()});
  } else {
    const Ref sum = is_dynamic(reader) ? dynamic_product(reader, rows, shape[0], product) : product(rows);
    result = reader.activated(reader.add(ops::Add{sum, bias}), options.fused_activation_function());
  }
  if (options.keep_num_dims() && input.size() != 2) {
    Shape wanted = input;
    wanted.back() = shape[0];
    result = reader.add(ops::Reshape{.input = result, .shape = wanted});
  }
  reader.set_output(result);
}

// How the results of a transposed convolution are placed along one dimension: result o sums x[q - t] * w[phase + stride * t]
// with stride * q + phase = o + before.
struct TransposedDim {
  int64_t in, out, taps, stride;
  int64_t before;  // results that are cut off in front
  int64_t terms() const { return (taps + stride - 1) / stride; }
  int64_t positions() const { return std::max(in, (out - 1 + before) / stride + 1); }  // of q
};

TransposedDim transposed_dim(Reader& reader, int64_t in, int64_t out, int64_t taps, int64_t stride, Padding padding) {
  constexpr int64_t most_stride = 64;
  if (stride > most_stride) reader.fail("has a stride of {}; up to {} are read of integers", stride, most_stride);
  const int64_t whole = (in - 1) * stride + taps;
  const bool same = padding == Padding::SAME;
  if (same ? (out + stride - 1) / stride != in : (out - taps + stride) / stride != in)
    reader.fail("makes {} of {} with {} taps and stride {}", out, in, taps, stride);
  return {in, out, taps, stride, same ? std::max<int64_t>(whole - out, 0) / 2 : 0};
}

// The filter [terms, terms, in, phases, phases, out] as one filter, with the taps of each phase in reverse order; taps beyond
// the original filter are zero.
Tensor phase_filter(const Tensor& filter, const TransposedDim& high, const TransposedDim& wide, int64_t zero) {
  const Shape shape = filter.shape();
  const int64_t out = shape[0], in = shape[3];
  Tensor phases({high.terms(), wide.terms(), in, high.stride * wide.stride * out}, filter.dtype());
  std::byte* to = phases.raw();
  for (int64_t y = high.terms(); y-- > 0;) {
    for (int64_t x = wide.terms(); x-- > 0;) {
      for (int64_t channel = 0; channel < in; ++channel) {
        for (int64_t phase = 0; phase < high.stride * wide.stride; ++phase) {
          const int64_t row = phase / wide.stride + y * high.stride, column = phase % wide.stride + x * wide.stride;
          for (int64_t filter_index = 0; filter_index < out; ++filter_index, ++to) {
            const bool inside = row < high.taps && column < wide.taps;
            *to = inside ? filter.raw()[((filter_index * high.taps + row) * wide.taps + column) * in + channel]
                         : static_cast<std::byte>(zero);
          }
        }
      }
    }
  }
  return phases;
}

template <typename T>
std::vector<T> repeated(const std::vector<T>& values, int64_t times) {
  std::vector<T> all;
  for (int64_t i = 0; i < times; ++i) all.insert(all.end(), values.begin(), values.end());
  return all;
}

// On integers it is a convolution whose filters are those of all phases, followed by an interleaving of the results. The sums
// are the same, and so are the integers.
void read_integer_transpose_conv(Reader& reader, const TransposeConvOptions& options, const Shape& size) {
  const Tensor filter = reader.values(1, "filter");
  const Shape shape = filter.shape(), image = reader.input_type(2).shape;
  const std::optional<Quantization> scales = reader.quantization(1);
  const bool words = reader.input_type(2).dtype == DType::i16;
  if ((filter.dtype() != DType::i8 && filter.dtype() != DType::u8) || !scales || (scales->per_channel() && scales->axis != 0))
    reader.fail("multiplies {} by a filter of {}, which is not read", to_string(reader.input_type(2)), name(filter.dtype()));
  const TransposedDim high = transposed_dim(reader, image[1], size[0], shape[1], options.stride_h(), options.padding());
  const TransposedDim wide = transposed_dim(reader, image[2], size[1], shape[2], options.stride_w(), options.padding());
  const int64_t out = shape[0], phases = high.stride * wide.stride;
  Quantization of_filter = *scales;
  // The sums of 16-bit activations are 64 bits wide, with a bias or without one.
  const DType sums = words ? DType::i64 : DType::i32;
  Tensor bias({out}, sums);
  if (reader.has(3)) bias = reader.values(3, "bias");
  if (bias.dtype() != sums) reader.fail("has a bias of {}; {} is read", name(bias.dtype()), name(sums));
  if (bias.size() != out) reader.fail("has {} biases for {} outputs", bias.size(), out);
  Tensor biases({out * phases}, sums);
  for (int64_t copy = 0; copy < phases; ++copy)
    std::memcpy(biases.raw() + static_cast<size_t>(copy) * bias.bytes(), bias.raw(), bias.bytes());
  if (scales->per_channel())
    of_filter = {.scales = repeated(scales->scales, phases), .zeros = repeated(scales->zeros, phases), .axis = 3};
  const Ref weight = reader.parameter(reader.input_name(1), phase_filter(filter, high, wide, of_filter.zeros[0]), of_filter);
  const Ref added = reader.parameter(reader.has(3) ? reader.input_name(3) : reader.input_name(1) + ".bias", biases);
  const std::vector<int64_t> around{high.terms() - 1, high.positions() - high.in, wide.terms() - 1, wide.positions() - wide.in};
  Ref result = reader.add(ops::QuantizedConv{.input = reader.input(2),
                                             .filter = weight,
                                             .bias = added,
                                             .padding = around,
                                             .activation = reader.activation_name(options.fused_activation_function()),
                                             .rounding = reader.reading().rounding,
                                             .output = reader.output_type()});
  const int64_t rows = high.positions(), columns = wide.positions();
  result = reader.add(ops::Reshape{.input = result, .shape = {image[0], rows, columns, high.stride, wide.stride, out}});
  result = reader.add(ops::Transpose{.input = result, .permutation = {0, 1, 3, 2, 4, 5}});
  result = reader.add(ops::Reshape{.input = result, .shape = {image[0], rows * high.stride, columns * wide.stride, out}});
  reader.set_output(reader.add(
      ops::Slice{.input = result, .offsets = {0, high.before, wide.before, 0}, .sizes = {image[0], size[0], size[1], out}}));
}

// The inputs are the output's shape, the filter (OHWI, where O are the outputs), the image, and optionally a bias. Our filter
// is that of the convolution which it transposes: [h, w, out, in].
void read_transpose_conv(Reader& reader) {
  const auto& options = reader.options<TransposeConvOptions>();
  const std::vector<int64_t> size = reader.integers(0, "output shape");
  const Shape shape = reader.values(1, "filter").shape();
  const TensorType image = reader.input_type(2);
  if (size.size() != 4 || shape.size() != 4 || image.shape.size() != 4 || shape[3] != image.shape[3] ||
      *std::ranges::min_element(size) < 1 || options.stride_h() < 1 || options.stride_w() < 1)
    reader.fail("makes {} of {} by filter {}", to_string(size), to_string(image), to_string(shape));
  if (image.quantization) return read_integer_transpose_conv(reader, options, {size[1], size[2]});
  const DType filter = reader.values(1, "filter").dtype();
  if (image.dtype != DType::f32 || (filter != DType::f32 && filter != DType::i8 && filter != DType::u8))
    reader.fail("works on {} and a filter of {}, which is not read", to_string(image), name(filter));
  Ref result = reader.add(ops::ConvTranspose{.input = reader.input(2),
                                             .filter = reader.weight(1, shape, {1, 2, 0, 3}, 3),
                                             .strides = {options.stride_h(), options.stride_w()},
                                             .padding = options.padding() == Padding::SAME ? "same" : "valid",
                                             .output_size = {size[1], size[2]}});
  if (reader.has(3)) result = reader.add(ops::Add{result, reader.input(3)});
  reader.set_output(reader.activated(result, options.fused_activation_function()));
}

// The product [..., m, k] x [..., k, n]; the dimensions before these are broadcast.
void read_batch_matmul(Reader& reader) {
  const auto& options = reader.options<BatchMatMulOptions>();
  const TensorType left = reader.input_type(0);
  Ref factor;
  if (left.dtype == DType::f32 && reader.is_constant(1) && byte_size(reader.values(1, "factor").dtype()) == 1) {
    factor = reader.parameter(reader.input_name(1), reader.reals(1, "factor"));
  } else {
    factor = reader.input(1);
  }
  const TensorType right = reader.type(factor);
  if (left.dtype != DType::f32 || right.dtype != DType::f32 || left.shape.size() < 2 || right.shape.size() < 2)
    reader.fail("multiplies {} by {}; matrices of f32 are read", to_string(left), to_string(right));
  Shape stack;
  const size_t rank = std::max(left.shape.size(), right.shape.size()) - 2;
  for (size_t i = 0; i < rank; ++i) {
    const auto size_of = [&](const Shape& shape) {
      const size_t missing = rank + 2 - shape.size();
      return i < missing ? int64_t{1} : shape[i - missing];
    };
    stack.push_back(std::max(size_of(left.shape), size_of(right.shape)));
  }
  const auto stacked = [&](Ref value) {
    const Shape shape = reader.type(value).shape;
    Shape wanted = stack;
    wanted.insert(wanted.end(), shape.end() - 2, shape.end());
    return shape == wanted ? value : reader.add(ops::Broadcast{.input = value, .shape = wanted});
  };
  reader.set_output(reader.add(ops::Matmul{.lhs = stacked(reader.input(0)),
                                           .rhs = stacked(factor),
                                           .transpose_lhs = options.adj_x(),
                                           .transpose_rhs = options.adj_y()}));
}

// A convolution over depth, height and width; the filter is [depth, height, width, in, out] as in fovea.
void read_conv_3d(Reader& reader) {
  const auto& options = reader.options<Conv3DOptions>();
  const TensorType input = reader.input_type(0);
  const Tensor filter = reader.values(1, "filter");
  if (input.dtype != DType::f32 || filter.dtype() != DType::f32 || input.shape.size() != 5 || filter.shape().size() != 5 ||
      filter.shape()[3] < 1 || input.shape[4] % filter.shape()[3] != 0)
    reader.fail("works on {} with a filter {}", to_string(input), to_string(filter.shape()));
  const std::vector<int64_t> strides{options.stride_d(), options.stride_h(), options.stride_w()};
  const std::vector<int64_t> dilations{options.dilation_d_factor(), options.dilation_h_factor(), options.dilation_w_factor()};
  for (size_t i = 0; i < 3; ++i)
    if (strides[i] < 1 || dilations[i] < 1) reader.fail("has a stride or dilation below 1");
  const Ref weight = reader.weight(1, filter.shape(), {0, 1, 2, 3, 4}, 4);
  finish(reader,
         ops::Conv{.input = reader.input(0),
                   .filter = weight,
                   .strides = strides,
                   .dilations = dilations,
                   .groups = input.shape[4] / filter.shape()[3],
                   .padding = options.padding() == Padding::SAME ? "same" : "valid"},
         filter.shape()[4], options.fused_activation_function());
}

constexpr OperatorReading readings[] = {
    {BuiltinOperator::CONV_2D, read_conv},
    {BuiltinOperator::DEPTHWISE_CONV_2D, read_depthwise},
    {BuiltinOperator::FULLY_CONNECTED, read_fully_connected},
    {BuiltinOperator::TRANSPOSE_CONV, read_transpose_conv},
    {BuiltinOperator::BATCH_MATMUL, read_batch_matmul},
    {BuiltinOperator::CONV_3D, read_conv_3d},
};

}  // namespace

std::span<const OperatorReading> contraction_readings() { return readings; }

}  // namespace fovea::tflite
