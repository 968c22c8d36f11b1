// SPDX-License-Identifier: Apache-2.0
// Convolutions, dense layers, pooling and norms.
#include <algorithm>

#include "fovea/graph/operators.h"
#include "fovea/interchange/onnx/exporter.h"

namespace fovea {
namespace {

// Returns ONNX's pads, [before..., after...]. "same" follows TensorFlow's rule, where an odd cell goes after.
std::vector<int64_t> pads_of(const Graph::Node& node, const Shape& image, const std::vector<int64_t>& window,
                             const std::vector<int64_t>& strides, const std::vector<int64_t>& dilations) {
  const size_t spatial = window.size();
  std::vector<int64_t> pads(2 * spatial, 0);
  const Attribute* given = node.find("padding");
  if (given == nullptr) return pads;
  const auto* pairs = std::get_if<std::vector<int64_t>>(given);
  const auto* rule = std::get_if<std::string>(given);
  for (size_t i = 0; i < spatial; ++i) {
    if (pairs != nullptr) {
      pads[i] = pairs->at(2 * i);
      pads[spatial + i] = pairs->at(2 * i + 1);
    } else if (*rule == "same") {
      const int64_t reach = (window[i] - 1) * dilations[i] + 1, steps = (image[i] + strides[i] - 1) / strides[i];
      const int64_t total = std::max<int64_t>((steps - 1) * strides[i] + reach - image[i], 0);
      pads[i] = total / 2;
      pads[spatial + i] = total - total / 2;
    }
  }
  return pads;
}

// Returns an attribute with one number for each spatial dimension, as the operators take it.
std::vector<int64_t> per_dimension(const Graph::Node& node, const char* name, std::vector<int64_t> otherwise) {
  const std::vector<int64_t> given = node.get(name, std::vector<int64_t>{});
  if (given.empty()) return otherwise;
  return given.size() == 1 ? std::vector<int64_t>(otherwise.size(), given[0]) : given;
}

Shape spatial_of(const Shape& shape) { return {shape.begin() + 1, shape.end() - 1}; }

struct Movement {
  std::vector<int64_t> window, strides, dilations;
};

std::map<std::string, OnnxAttribute> attributes_of(const Movement& movement, const std::vector<int64_t>& pads) {
  return {{"kernel_shape", movement.window}, {"strides", movement.strides}, {"dilations", movement.dilations}, {"pads", pads}};
}

Movement movement_of(const Graph::Node& node, const std::vector<int64_t>& window, bool pooling) {
  const std::vector<int64_t> ones(window.size(), 1);
  return {.window = window,
          .strides = per_dimension(node, "strides", pooling ? window : ones),
          .dilations = per_dimension(node, "dilations", ones)};
}

// Returns the order that turns fovea's filters [taps..., a, b] into [b, a, taps...].
std::vector<int64_t> filter_order(int64_t rank) {
  std::vector<int64_t> order{rank - 1, rank - 2};
  for (int64_t d = 0; d + 2 < rank; ++d) order.push_back(d);
  return order;
}

std::map<std::string, OnnxAttribute> convolution_attributes(Exporter& exporter, const Graph::Node& node) {
  const Shape taps = exporter.shape(node.operands[1]);
  const Movement movement = movement_of(node, Shape(taps.begin(), taps.end() - 2), false);
  const std::vector<int64_t> pads =
      pads_of(node, spatial_of(exporter.shape(node.operands[0])), movement.window, movement.strides, movement.dilations);
  auto attributes = attributes_of(movement, pads);
  attributes["group"] = node.get("groups", int64_t{1});
  return attributes;
}

// A convolution with integer sums becomes a ConvInteger of the integers themselves.
void export_integer_conv(Exporter& exporter, const FusedLayer& layer) {
  const auto attributes = convolution_attributes(exporter, layer.node);
  ExportedValue &x = exporter.value(layer.node.operands[0]), &filter = exporter.value(layer.node.operands[1]);
  const int64_t rank = exporter.rank(layer.node.operands[0]);
  std::vector<std::string> inputs{exporter.stored(x, channels_first_order(rank)), exporter.stored(filter, filter_order(rank))};
  inputs.insert(inputs.end(), {exporter.zero_point(x), exporter.zero_point(filter)});
  exporter.set_channels_first(layer.output, exporter.add(layer.node.layer, "ConvInteger", inputs, attributes));
}

void export_conv(Exporter& exporter, const FusedLayer& layer) {
  const Ref x = layer.node.operands[0], filter = layer.node.operands[1];
  const auto attributes = convolution_attributes(exporter, layer.node);
  std::vector<std::string> inputs{exporter.channels_first(x), exporter.in_order(filter, filter_order(exporter.rank(filter)))};
  if (layer.has_bias()) inputs.push_back(exporter.row_major(layer.bias));
  const std::string y = exporter.add(layer.node.layer, "Conv", inputs, attributes);
  exporter.set_channels_first(layer.output, export_activation(exporter, layer, y));
}

// The size of the result determines output_padding, which ONNX has in its place.
void export_conv_transpose(Exporter& exporter, const FusedLayer& layer) {
  const Ref x = layer.node.operands[0], filter = layer.node.operands[1];
  const Shape taps = exporter.shape(filter), in = spatial_of(exporter.shape(x)),
              out = spatial_of(exporter.shape(layer.node.results[0]));
  const Movement movement = movement_of(layer.node, Shape(taps.begin(), taps.end() - 2), false);
  const std::vector<int64_t> pads = pads_of(layer.node, out, movement.window, movement.strides, movement.dilations);
  std::vector<int64_t> extra;
  for (size_t i = 0; i < in.size(); ++i) {
    const int64_t reach = (movement.window[i] - 1) * movement.dilations[i] + 1;
    extra.push_back(out[i] - (movement.strides[i] * (in[i] - 1) + reach - pads[i] - pads[in.size() + i]));
  }
  auto attributes = attributes_of(movement, pads);
  attributes["group"] = layer.node.get("groups", int64_t{1});
  attributes["output_padding"] = extra;
  std::vector<std::string> inputs{exporter.channels_first(x), exporter.in_order(filter, filter_order(exporter.rank(filter)))};
  if (layer.has_bias()) inputs.push_back(exporter.row_major(layer.bias));
  const std::string y = exporter.add(layer.node.layer, "ConvTranspose", inputs, attributes);
  exporter.set_channels_first(layer.output, export_activation(exporter, layer, y));
}

// A flattened feature map keeps the file's order of features, and the rows of the weights are permuted to match.
void export_dense(Exporter& exporter, const FusedLayer& layer) {
  const Ref weight = layer.node.operands[1];
  ExportedValue& x = exporter.value(layer.node.operands[0]);
  std::string input, weights;
  if (exporter.has_constant(weight) && !x.constant && is_rows(x.layout)) {
    const ExportedValue& known = exporter.value(weight);
    weights = exporter.real(known, exporter.initializer(known.name, matched_rows(*known.constant, x.layout)), {0, 1});
    exporter.in_shape(x, exporter.shape(layer.node.operands[0]));
    input = exporter.real(x);
  } else {
    input = exporter.row_major(layer.node.operands[0]);
    weights = exporter.row_major(weight);
  }
  std::vector<std::string> inputs{input, weights};
  if (layer.has_bias()) inputs.push_back(exporter.row_major(layer.bias));
  const std::string y = exporter.add(layer.node.layer, "Gemm", inputs);
  exporter.set_in_order(layer.output, export_activation(exporter, layer, y), {0, 1});
}

// A product of two matrices is a Gemm, which can transpose its operands. Batches of matrices are a MatMul after explicit
// transpositions.
void export_matmul(Exporter& exporter, const FusedLayer& layer) {
  const int64_t rank = exporter.rank(layer.output);
  const auto transposes = [&](const char* name) { return layer.node.get(name, false); };
  const auto operand = [&](size_t index, bool transposed) {
    std::vector<int64_t> order = identity_order(rank);
    if (transposed) std::swap(order[order.size() - 1], order[order.size() - 2]);
    return exporter.in_order(layer.node.operands[index], order);
  };
  std::string y;
  if (rank == 2) {
    const std::vector<std::string> inputs{operand(0, false), operand(1, false)};
    y = exporter.add(layer.node.layer, "Gemm", inputs,
                     {{"transA", int64_t{transposes("transpose_lhs")}}, {"transB", int64_t{transposes("transpose_rhs")}}});
  } else {
    const std::vector<std::string> inputs{operand(0, transposes("transpose_lhs")), operand(1, transposes("transpose_rhs"))};
    y = exporter.add(layer.node.layer, "MatMul", inputs);
  }
  exporter.set_in_order(layer.output, export_activation(exporter, layer, y), identity_order(rank));
}

void export_pool(Exporter& exporter, const FusedLayer& layer, bool maximum) {
  const Ref x = layer.node.operands[0];
  const Movement movement = movement_of(layer.node, layer.node.get("window", std::vector<int64_t>{}), true);
  auto attributes = attributes_of(
      movement, pads_of(layer.node, spatial_of(exporter.shape(x)), movement.window, movement.strides, movement.dilations));
  if (!maximum) {
    attributes.erase("dilations");
    attributes["count_include_pad"] = int64_t{layer.node.get("count_padding", false)};
  }
  exporter.set_channels_first(layer.output, exporter.add(layer.node.layer, maximum ? "MaxPool" : "AveragePool",
                                                         {exporter.channels_first(x)}, attributes));
}

void export_batch_norm(Exporter& exporter, const FusedLayer& layer) {
  std::vector<std::string> inputs{exporter.channels_first(layer.node.operands[0])};
  for (size_t i = 1; i < 5; ++i) inputs.push_back(exporter.row_major(layer.node.operands[i]));
  const auto epsilon = static_cast<float>(layer.node.get("epsilon", 1e-5));
  exporter.set_channels_first(layer.output,
                              exporter.add(layer.node.layer, "BatchNormalization", inputs, {{"epsilon", epsilon}}));
}

// Opset 13 has no layer norm, so it is written out along the graph's last dimension.
void export_layer_norm(Exporter& exporter, const FusedLayer& layer) {
  const std::string& name = layer.node.layer;
  const Ref input = layer.node.operands[0];
  const std::string x = exporter.row_major(input);
  const std::map<std::string, OnnxAttribute> last{{"axes", std::vector<int64_t>{-1}}, {"keepdims", int64_t{1}}};
  const std::string centered = exporter.add(name, "Sub", {x, exporter.add(name, "ReduceMean", {x}, last)});
  const std::string variance = exporter.add(name, "ReduceMean", {exporter.add(name, "Mul", {centered, centered})}, last);
  const std::string shifted =
      exporter.add(name, "Add", {variance, exporter.number(static_cast<float>(layer.node.get("epsilon", 1e-5)))});
  const std::string unit = exporter.add(name, "Div", {centered, exporter.add(name, "Sqrt", {shifted})});
  const std::string scaled = exporter.add(name, "Mul", {unit, exporter.row_major(layer.node.operands[1])});
  exporter.set_in_order(layer.output, exporter.add(name, "Add", {scaled, exporter.row_major(layer.node.operands[2])}),
                        identity_order(exporter.rank(input)));
}

// Written as an instance norm of [batch, groups, the rest], followed by a scale and a shift for each channel.
void export_group_norm(Exporter& exporter, const FusedLayer& layer) {
  const std::string& name = layer.node.layer;
  const Ref input = layer.node.operands[0];
  const Shape shape = exporter.shape(input), first = ordered_shape(shape, channels_first_order(exporter.rank(input)));
  const int64_t groups = layer.node.get("groups", int64_t{1}), channels = shape.back();
  Tensor ones({groups}, DType::f32), zeros({groups}, DType::f32);
  std::ranges::fill(ones.values<float>(), 1.0F);
  const std::string x = exporter.channels_first(input);
  const std::string split = exporter.add(name, "Reshape", {x, exporter.integers({shape[0], groups, -1})});
  const std::string unit =
      exporter.add(name, "InstanceNormalization",
                   {split, exporter.initializer(name + "/ones", ones), exporter.initializer(name + "/zeros", zeros)},
                   {{"epsilon", static_cast<float>(layer.node.get("epsilon", 1e-5))}});
  const std::string whole = exporter.add(name, "Reshape", {unit, exporter.integers(first)});
  Shape by_channel(first.size() - 1, 1);
  by_channel[0] = channels;
  const auto parameter = [&](Ref ref) {
    if (!exporter.has_constant(ref)) exporter.complain(layer, "has computed scales; the ONNX writer knows parameters");
    return exporter.initializer(exporter.value(ref).name, exporter.value(ref).constant->reshaped(by_channel));
  };
  const std::string scaled = exporter.add(name, "Mul", {whole, parameter(layer.node.operands[1])});
  exporter.set_channels_first(layer.output, exporter.add(name, "Add", {scaled, parameter(layer.node.operands[2])}));
}

}  // namespace

void add_window_exports(ExportTable& table) {
  table[ops::Conv::name] = export_conv;
  table[ops::IntegerConv::name] = export_integer_conv;
  table[ops::ConvTranspose::name] = export_conv_transpose;
  table[ops::Dense::name] = export_dense;
  table[ops::Matmul::name] = export_matmul;
  table[ops::MaxPool::name] = [](Exporter& exporter, const FusedLayer& layer) { export_pool(exporter, layer, true); };
  table[ops::AveragePool::name] = [](Exporter& exporter, const FusedLayer& layer) { export_pool(exporter, layer, false); };
  table[ops::BatchNorm::name] = export_batch_norm;
  table[ops::LayerNorm::name] = export_layer_norm;
  table[ops::GroupNorm::name] = export_group_norm;
}

}  // namespace fovea
