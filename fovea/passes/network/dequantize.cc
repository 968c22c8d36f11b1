// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/network/dequantize.h"

#include <algorithm>

#include "fovea/graph/operators.h"
#include "fovea/passes/network/network_pass.h"
#include "fovea/passes/passes.h"

namespace fovea {
namespace {

int64_t integer_at(const Tensor& tensor, int64_t index) {
  switch (tensor.dtype()) {
    case DType::u8:
      return tensor.data<uint8_t>()[index];
    case DType::i8:
      return tensor.data<int8_t>()[index];
    case DType::i16:
      return tensor.data<int16_t>()[index];
    case DType::i64:
      return tensor.data<int64_t>()[index];
    default:
      return tensor.data<int32_t>()[index];
  }
}

// Elements are visited in runs that belong to one channel of `axis`.
Tensor real_values(const Tensor& tensor, const Quantization& scales) {
  Tensor real(tensor.shape(), DType::f32);
  int64_t inside = 1;
  for (int64_t dim = scales.axis + 1; scales.per_channel() && dim < std::ssize(tensor.shape()); ++dim)
    inside *= tensor.shape()[static_cast<size_t>(dim)];
  const int64_t channels = std::ssize(scales.scales);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const auto channel = static_cast<size_t>(scales.per_channel() ? i / inside % channels : 0);
    real.data<float>()[i] = static_cast<float>(static_cast<double>(scales.scales[channel]) *
                                               static_cast<double>(integer_at(tensor, i) - scales.zeros[channel]));
  }
  return real;
}

// Preprocessing begins with pixel / 255, while real = scale * (pixel - zero), for i8 with pixel - 128.
void set_preprocessing(const TensorType& input, Preprocessing& preprocessing) {
  if (!input.quantization || input.shape.size() != 4) return;
  const auto channels = static_cast<size_t>(input.shape[3]);
  const int64_t zero = input.quantization->zeros[0] + (input.dtype == DType::i8 ? 128 : 0);
  preprocessing.mean.assign(channels, static_cast<float>(zero) / 255.0f);
  preprocessing.deviation.assign(channels, 1.0f / (255.0f * input.quantization->scales[0]));
}

// A bias may be plain integers; its scale is then that of the products that it is added to.
std::map<int32_t, Quantization> plain_biases(const Graph& graph) {
  std::map<int32_t, Quantization> biases;
  for (const Graph::Node& node : graph.nodes()) {
    if (!node.is<ops::QuantizedConv, ops::QuantizedDense>()) continue;
    Quantization scales = *graph.type(node.operands[1]).quantization;
    for (float& scale : scales.scales) scale *= graph.type(node.operands[0]).quantization->scales[0];
    std::ranges::fill(scales.zeros, 0);
    if (scales.per_channel()) scales.axis = 0;
    biases[node.operands[2].index] = scales;
  }
  return biases;
}

}  // namespace

InferenceModel dequantized(const InferenceModel& model, const std::vector<Ref>& values) {
  const std::map<int32_t, Quantization> biases = plain_biases(model.graph);
  std::map<std::string, Tensor> tensors;
  Preprocessing preprocessing = model.preprocessing;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role == Role::input) set_preprocessing(argument.type, preprocessing);
    if (argument.role != Role::parameter) continue;
    Tensor tensor = model.tensors.at(argument.name);
    if (argument.type.quantization) {
      tensor = real_values(tensor, *argument.type.quantization);
    } else if (const auto bias = biases.find(argument.value.index); bias != biases.end()) {
      tensor = real_values(tensor, bias->second);
    }
    tensors[argument.name] = tensor;
  }
  Graph graph = copied(model.graph, values);
  run_pass(graph, create_dequantize_pass());
  return {.name = model.name,
          .graph = std::move(graph),
          .tensors = std::move(tensors),
          .preprocessing = preprocessing,
          .labels = model.labels,
          .confidence = model.confidence};
}

}  // namespace fovea
