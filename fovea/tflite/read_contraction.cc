// CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED and TRANSPOSE_CONV. Filters are OHWI, depthwise ones 1HWC, dense weights [out,
// in] in the file.
#include "fovea/tflite/reader.h"

namespace fovea::tflite {
namespace {

template <typename Options>
Attributes movement(Reader& reader, const Options& options) {
  const std::vector<int64_t> strides{options.stride_h(), options.stride_w()};
  const std::vector<int64_t> dilations{options.dilation_h_factor(), options.dilation_w_factor()};
  for (const int64_t step : {strides[0], strides[1], dilations[0], dilations[1]})
    if (step < 1) reader.fail("has a stride or dilation of {}; they are at least 1", step);
  return {{"strides", strides},
          {"dilations", dilations},
          {"padding", std::string(options.padding() == Padding::SAME ? "same" : "valid")}};
}

// [outputs]: the file's, or zeros where it has none.
Ref bias_of(Reader& reader, size_t input, int64_t outputs) {
  const bool integers = reader.quantised();
  if (reader.has(input)) {
    const Tensor values = reader.values(input, "bias");
    if (values.dtype() != (integers ? DType::i32 : DType::f32))
      reader.fail("has a bias of {}; {} is read", name(values.dtype()), integers ? "i32" : "f32");
    if (values.size() != outputs) reader.fail("has {} biases for {} outputs", values.size(), outputs);
    return reader.weight(input, {outputs}, {0}, 0);
  }
  return reader.parameter(reader.input_name(1) + ".bias", Tensor({outputs}, integers ? DType::i32 : DType::f32));
}

void check_types(Reader& reader) {
  const TensorType input = reader.input_type(0);
  const DType weights = reader.values(1, "weights").dtype();
  if (input.dtype == DType::f32 && (weights == DType::i8 || weights == DType::u8))
    reader.fail("multiplies f32 by 8-bit weights (a hybrid network); networks here are of one kind: quantise it fully, or not");
  if (input.quantization.has_value() != (weights == DType::i8 || weights == DType::u8) ||
      (!input.quantization && (input.dtype != DType::f32 || weights != DType::f32)))
    reader.fail("multiplies {} by {}, which is not read", to_string(input), name(weights));
}

// The contraction with bias and activation: one operator on integers, several on floats.
void finish(Reader& reader, const std::string& name, Ref filter, Attributes attributes, int64_t outputs,
            ActivationFunctionType activation) {
  const Ref bias = bias_of(reader, 2, outputs);
  if (!reader.quantised()) {
    const Ref sum = reader.add("add", {reader.add(name, {reader.input(0), filter}, attributes), bias});
    return reader.set_output(reader.activated(sum, activation));
  }
  attributes.emplace_back("activation", reader.activation_name(activation));
  attributes.emplace_back("rounding", reader.reading().rounding);
  attributes.emplace_back("output", reader.output_type());
  reader.set_output(reader.add("quantized_" + name, {reader.input(0), filter, bias}, attributes));
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
  Attributes attributes = movement(reader, options);
  attributes.emplace_back("groups", channels / shape[3]);
  finish(reader, "conv", reader.weight(1, shape, {1, 2, 3, 0}, 3), std::move(attributes), shape[0],
         options.fused_activation_function());
}

void read_depthwise(Reader& reader) {
  check_types(reader);
  const auto& options = reader.options<DepthwiseConv2DOptions>();
  const int64_t channels = channels_of(reader);
  const Shape shape = reader.values(1, "filter").shape();
  if (shape.size() != 4 || shape[0] != 1 || channels < 1 || shape[3] % channels != 0)
    reader.fail("has a filter {} for {} channels", to_string(shape), channels);
  Attributes attributes = movement(reader, options);
  attributes.emplace_back("groups", channels);
  finish(reader, "conv", reader.weight(1, {shape[1], shape[2], 1, shape[3]}, {0, 1, 2, 3}, 3), std::move(attributes), shape[3],
         options.fused_activation_function());
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
  if (input.size() != 2) rows = reader.add("reshape", {rows}, {{"shape", Shape{-1, shape[1]}}});
  const Ref bias = bias_of(reader, 2, shape[0]);
  Ref result;
  if (reader.quantised()) {
    result = reader.add("quantized_dense", {rows, weight, bias},
                        {{"activation", reader.activation_name(options.fused_activation_function())},
                         {"rounding", reader.reading().rounding},
                         {"output", reader.output_type()}});
  } else {
    result =
        reader.activated(reader.add("add", {reader.add("dense", {rows, weight}), bias}), options.fused_activation_function());
  }
  if (options.keep_num_dims() && input.size() != 2) {
    Shape wanted = input;
    wanted.back() = shape[0];
    result = reader.add("reshape", {result}, {{"shape", wanted}});
  }
  reader.set_output(result);
}

// Inputs: the output's shape, the filter (OHWI, O the outputs), the image, and a bias where there is one. Our filter is that of
// the convolution it transposes: [h, w, out, in].
void read_transpose_conv(Reader& reader) {
  const auto& options = reader.options<TransposeConvOptions>();
  const std::vector<int64_t> size = reader.integers(0, "output shape");
  const Shape shape = reader.values(1, "filter").shape();
  const TensorType image = reader.input_type(2);
  if (image.dtype != DType::f32 || reader.values(1, "filter").dtype() != DType::f32)
    reader.fail("works on {}; f32 is read", to_string(image));
  if (size.size() != 4 || shape.size() != 4 || options.stride_h() < 1 || options.stride_w() < 1)
    reader.fail("makes {} of filter {}", to_string(size), to_string(shape));
  Ref result = reader.add("conv_transpose", {reader.input(2), reader.weight(1, shape, {1, 2, 0, 3}, 3)},
                          {{"strides", std::vector<int64_t>{options.stride_h(), options.stride_w()}},
                           {"padding", std::string(options.padding() == Padding::SAME ? "same" : "valid")},
                           {"output_size", std::vector<int64_t>{size[1], size[2]}}});
  if (reader.has(3)) result = reader.add("add", {result, reader.input(3)});
  reader.set_output(reader.activated(result, options.fused_activation_function()));
}

constexpr OperatorReading readings[] = {
    {BuiltinOperator::CONV_2D, read_conv},
    {BuiltinOperator::DEPTHWISE_CONV_2D, read_depthwise},
    {BuiltinOperator::FULLY_CONNECTED, read_fully_connected},
    {BuiltinOperator::TRANSPOSE_CONV, read_transpose_conv},
};

}  // namespace

std::span<const OperatorReading> contraction_readings() { return readings; }

}  // namespace fovea::tflite
