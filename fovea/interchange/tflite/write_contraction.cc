// SPDX-License-Identifier: Apache-2.0
// conv, dense, conv_transpose and their integer forms. The file's filters are OHWI, depthwise filters are 1HWC, and dense
// weights are [out, in]. A bias is always written, because some runtimes insist on one.
#include <algorithm>

#include "fovea/core/tensor_permute.h"
#include "fovea/graph/operators.h"
#include "fovea/interchange/tflite/writer.h"

namespace fovea::tflite {
namespace {

bool quantized(const Writer& writer) { return writer.node().op.starts_with("quantized_"); }

// The weight of a float layer was found by the fusion of layers. An integer layer has its weight as an operand.
Ref weight_of(const Writer& writer) { return quantized(writer) ? writer.node().operands[1] : writer.layer().weight; }
ActivationFunctionType activation_of(const Writer& writer) {
  if (!quantized(writer)) return fused_activation(writer, writer.layer().activation);
  return fused_activation(writer, writer.node().get<std::string>("activation", "none"));
}

std::string name_of(const Writer& writer) { return writer.node().layer.empty() ? writer.node().op : writer.node().layer; }

int weight(Writer& writer, const std::vector<int64_t>& permutation, const Shape& shape, int64_t axis) {
  const Tensor& values = writer.values(weight_of(writer));
  std::optional<Quantization> scales = writer.type(weight_of(writer)).quantization;
  if (scales && scales->per_channel()) scales->axis = axis;
  const Tensor ordered = permuted(values, permutation).reshaped(shape);
  const std::string name = name_of(writer) + ".weight";
  return writer.in_four_bits(weight_of(writer)) ? writer.packed_constant(ordered, name, scales)
                                                : writer.constant(ordered, name, scales);
}

// An integer bias is in units of the input's scale times the scale of the channel's weights.
int bias(Writer& writer, int64_t outputs) {
  const std::string name = name_of(writer) + ".bias";
  if (!quantized(writer)) {
    const FusedLayer& layer = writer.layer();
    return writer.constant(layer.has_bias() ? writer.values(layer.bias) : Tensor({outputs}, DType::f32), name);
  }
  const Ref numbers = writer.node().operands[2];
  if (const auto own = writer.type(numbers).quantization) return writer.constant(writer.values(numbers), name, own);
  Quantization scales = *writer.type(weight_of(writer)).quantization;
  const float input = writer.type(writer.node().operands[0]).quantization->scales[0];
  for (float& scale : scales.scales) scale *= input;
  std::ranges::fill(scales.zeros, 0);
  if (scales.per_channel()) scales.axis = 0;
  return writer.constant(writer.values(numbers), name, scales);
}

std::vector<int64_t> pair_of(const Writer& writer, const char* attribute) {
  std::vector<int64_t> pair = writer.node().get(attribute, std::vector<int64_t>{});
  if (pair.empty()) pair = {1};
  if (pair.size() == 1) pair.push_back(pair[0]);
  return pair;
}

template <typename Options>
Options movement(const Writer& writer, Padding padding) {
  const std::vector<int64_t> strides = pair_of(writer, "strides"), dilations = pair_of(writer, "dilations");
  Options options;
  options.padding = padding;
  options.stride_h = static_cast<int32_t>(strides[0]);
  options.stride_w = static_cast<int32_t>(strides[1]);
  options.dilation_h_factor = static_cast<int32_t>(dilations[0]);
  options.dilation_w_factor = static_cast<int32_t>(dilations[1]);
  options.fused_activation_function = activation_of(writer);
  return options;
}

void write_conv(Writer& writer) {
  const Ref filter = weight_of(writer);
  if (filter.index < 0) writer.refuse("its filter is computed by the network; it has to be a parameter");
  const Shape image = writer.type(writer.node().operands[0]).shape, shape = writer.type(filter).shape;
  if (image.size() != 4) writer.refuse("it works on {}; images have two spatial dimensions", to_string(image));
  const Placement place =
      placement(writer, image, {shape[0], shape[1]}, pair_of(writer, "strides"), pair_of(writer, "dilations"));
  const int input = padded_input(writer, place.cells);
  const int64_t groups = writer.node().get<int64_t>("groups", 1);
  if (groups == image[3] && groups > 1) {
    auto options = movement<schema::DepthwiseConv2DOptionsT>(writer, place.padding);
    options.depth_multiplier = static_cast<int32_t>(shape[3] / groups);
    const int weights = weight(writer, {0, 1, 2, 3}, {1, shape[0], shape[1], shape[3]}, 3);
    return writer.add(BuiltinOperator::DEPTHWISE_CONV_2D, {input, weights, bias(writer, shape[3])}, writer.output(),
                      std::move(options));
  }
  const int weights = weight(writer, {3, 0, 1, 2}, {shape[3], shape[0], shape[1], shape[2]}, 0);
  writer.add(BuiltinOperator::CONV_2D, {input, weights, bias(writer, shape[3])}, writer.output(),
             movement<schema::Conv2DOptionsT>(writer, place.padding));
}

void write_dense(Writer& writer) {
  const Ref matrix = weight_of(writer);
  if (matrix.index < 0) writer.refuse("its weights are computed by the network; they have to be parameters");
  const Shape shape = writer.type(matrix).shape;
  schema::FullyConnectedOptionsT options;
  options.fused_activation_function = activation_of(writer);
  const int weights = weight(writer, {1, 0}, {shape[1], shape[0]}, 0);
  writer.add(BuiltinOperator::FULLY_CONNECTED, {writer.input(), weights, bias(writer, shape[1])}, writer.output(),
             std::move(options));
}

void write_conv_transpose(Writer& writer) {
  const FusedLayer& layer = writer.layer();
  const Shape image = writer.input_type().shape, shape = writer.type(layer.inputs[1]).shape;
  const std::string padding = [&] {
    const Attribute* given = writer.node().find("padding");
    if (given && !std::holds_alternative<std::string>(*given)) writer.refuse("its padding is neither \"same\" nor \"valid\"");
    return given ? std::get<std::string>(*given) : std::string("valid");
  }();
  const std::vector<int64_t> strides = pair_of(writer, "strides");
  if (image.size() != 4 || writer.node().get<int64_t>("groups", 1) != 1 || pair_of(writer, "dilations") != Shape{1, 1})
    writer.refuse("it has groups, dilations, or other than two spatial dimensions");
  schema::TransposeConvOptionsT options;
  options.padding = padding == "same" ? Padding::SAME : Padding::VALID;
  options.stride_h = static_cast<int32_t>(strides[0]);
  options.stride_w = static_cast<int32_t>(strides[1]);
  const int weights =
      writer.constant(permuted(writer.values(layer.inputs[1]), std::vector<int64_t>{2, 0, 1, 3}), name_of(writer) + ".weight");
  writer.add(BuiltinOperator::TRANSPOSE_CONV, {writer.integers(writer.output_type().shape), weights, writer.input()},
             writer.output(), std::move(options));
}

constexpr LayerWriting writings[] = {
    {ops::Conv::name, write_conv},
    {ops::QuantizedConv::name, write_conv},
    {ops::Dense::name, write_dense},
    {ops::QuantizedDense::name, write_dense},
    {ops::ConvTranspose::name, write_conv_transpose},
};

}  // namespace

std::span<const LayerWriting> contraction_writings() { return writings; }

}  // namespace fovea::tflite
