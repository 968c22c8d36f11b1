// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/rewrite/dequantize.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"

namespace fovea {
namespace {

// Elements are visited in runs that belong to one channel of `axis`.
Tensor real_values(const Tensor& tensor, const TensorType& type, const Quantization& scales) {
  Tensor real(tensor.shape(), DType::f32);
  int64_t inside = 1;
  for (int64_t dim = scales.axis + 1; scales.per_channel() && dim < std::ssize(tensor.shape()); ++dim)
    inside *= tensor.shape()[static_cast<size_t>(dim)];
  const int64_t channels = std::ssize(scales.scales);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const auto channel = static_cast<size_t>(scales.per_channel() ? i / inside % channels : 0);
    const int64_t q = type.dtype == DType::u8   ? tensor.data<uint8_t>()[i]
                      : type.dtype == DType::i8 ? tensor.data<int8_t>()[i]
                                                : tensor.data<int32_t>()[i];
    real.data<float>()[i] =
        static_cast<float>(static_cast<double>(scales.scales[channel]) * static_cast<double>(q - scales.zeros[channel]));
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

class Dequantizer {
 public:
  explicit Dequantizer(const InferenceModel& model) : model_(model), graph_(model.name) {
    real_.name = model.name;
    real_.preprocessing = model.preprocessing;
    real_.labels = model.labels;
    real_.confidence = model.confidence;
  }

  InferenceModel run(const std::vector<Ref>& values) {
    for (const Graph::Argument& argument : model_.graph.arguments()) declare(argument);
    for (const Graph::Node& node : model_.graph.nodes()) write(node);
    std::vector<std::pair<std::string, Ref>> results;
    for (const Graph::Result& result : model_.graph.results()) results.emplace_back(result.name, value(result.value));
    for (const Ref source : values) {
      // One value cannot be two results.
      const Ref own = value(source);
      results.emplace_back(fmt::format("value.{}", source.index),
                           graph_.add(ops::Reshape{.input = own, .shape = graph_.type(own).shape}, ""));
    }
    graph_.finish(results);
    return {.name = real_.name,
            .graph = std::move(graph_),
            .tensors = std::move(real_.tensors),
            .preprocessing = real_.preprocessing,
            .labels = real_.labels,
            .confidence = real_.confidence};
  }

 private:
  void declare(const Graph::Argument& argument) {
    TensorType type = argument.type;
    if (argument.role == Role::input) set_preprocessing(type, real_.preprocessing);
    if (argument.role == Role::parameter) {
      Tensor tensor = model_.tensors.at(argument.name);
      if (type.quantization) {
        tensor = real_values(tensor, type, *type.quantization);
      } else if (const auto bias = plain_biases().find(argument.value.index); bias != plain_biases().end()) {
        tensor = real_values(tensor, type, bias->second);
      }
      real_.tensors[argument.name] = tensor;
      type.dtype = tensor.dtype();
    }
    if (type.quantization) type = {type.shape, DType::f32};
    values_[argument.value.index] = graph_.argument(argument.name, type, argument.role);
  }

  // A bias may be plain i32; its scale is then that of the products that it is added to.
  const std::map<int32_t, Quantization>& plain_biases() {
    if (looked_) return biases_;
    looked_ = true;
    for (const Graph::Node& node : model_.graph.nodes()) {
      if (!node.is<ops::QuantizedConv, ops::QuantizedDense>()) continue;
      Quantization scales = *model_.graph.type(node.operands[1]).quantization;
      for (float& scale : scales.scales) scale *= model_.graph.type(node.operands[0]).quantization->scales[0];
      std::ranges::fill(scales.zeros, 0);
      if (scales.per_channel()) scales.axis = 0;
      biases_[node.operands[2].index] = scales;
    }
    return biases_;
  }

  Ref value(Ref source) const { return values_.at(source.index); }
  template <Operator Op>
  Ref add(const Graph::Node& node, const Op& op) {
    return graph_.add(op, node.layer);
  }
  Ref activated(const Graph::Node& node, Ref x, const std::string& activation) {
    if (activation == "none") return x;
    if (activation == "relu_n1_to_1") return add(node, ops::Clamp{.input = x, .low = -1.0, .high = 1.0});
    return graph_.add(activation, {x}, {}, node.layer)[0];
  }
  void write(const Graph::Node& node) {
    std::vector<Ref> operands;
    for (const Ref operand : node.operands) operands.push_back(value(operand));
    if (node.is<ops::Quantize, ops::Dequantize>()) {
      values_[node.results[0].index] = operands[0];
    } else if (node.is<ops::Reinterpret>()) {
      values_[node.results[0].index] = reinterpreted(node, operands[0]);
    } else if (node.op.starts_with("quantized_")) {
      values_[node.results[0].index] = real(node, operands);
    } else {
      const std::vector<Ref> results = graph_.add(node.op, operands, node.attributes, node.layer);
      for (size_t i = 0; i < results.size(); ++i) values_[node.results[i].index] = results[i];
    }
  }

  // The same integers with another scale and zero point.
  Ref reinterpreted(const Graph::Node& node, Ref x) {
    const Quantization from = *model_.graph.type(node.operands[0]).quantization,
                       to = *model_.graph.type(node.results[0]).quantization;
    if (from.per_channel() || to.per_channel())
      fail("{} \"{}\": integers with scales by channel have no one real number", node.op, node.layer);
    const auto number = [&](double value) {
      return add(node, ops::Constant{.value = Tensor::of<float>({}, {static_cast<float>(value)})});
    };
    const double scale = to.scales[0], moved = static_cast<double>(from.zeros[0] - to.zeros[0]);
    const Ref product = add(node, ops::Mul{x, number(scale / static_cast<double>(from.scales[0]))});
    return add(node, ops::Add{product, number(scale * moved)});
  }

  Ref real(const Graph::Node& node, const std::vector<Ref>& operands) {
    if (const auto conv = node.as<ops::QuantizedConv>()) {
      const Ref sum = add(node, ops::Conv{.input = operands[0],
                                          .filter = operands[1],
                                          .strides = conv->strides,
                                          .dilations = conv->dilations,
                                          .groups = conv->groups,
                                          .padding = conv->padding});
      return activated(node, add(node, ops::Add{sum, operands[2]}), conv->activation);
    }
    if (const auto dense = node.as<ops::QuantizedDense>()) {
      const Ref sum = add(node, ops::Dense{operands[0], operands[1]});
      return activated(node, add(node, ops::Add{sum, operands[2]}), dense->activation);
    }
    if (const auto sum = node.as<ops::QuantizedAdd>()) return binary<ops::Add>(node, operands, sum->activation);
    if (const auto difference = node.as<ops::QuantizedSub>()) return binary<ops::Sub>(node, operands, difference->activation);
    if (const auto product = node.as<ops::QuantizedMul>()) return binary<ops::Mul>(node, operands, product->activation);
    if (node.is<ops::QuantizedMaximum>()) return binary<ops::Maximum>(node, operands);
    if (node.is<ops::QuantizedMinimum>()) return binary<ops::Minimum>(node, operands);
    if (const auto pool = node.as<ops::QuantizedAveragePool>()) {
      const Ref mean = add(node, ops::AveragePool{.input = operands[0],
                                                  .window = pool->window,
                                                  .strides = pool->strides,
                                                  .padding = pool->padding,
                                                  .count_padding = pool->count_padding});
      return activated(node, mean, pool->activation);
    }
    if (const auto sum = node.as<ops::QuantizedSum>())
      return add(node, ops::ReduceSum{.input = operands[0], .dims = sum->dims, .keep_dims = sum->keep_dims});
    if (const auto mean = node.as<ops::QuantizedMean>())
      return add(node, ops::ReduceMean{.input = operands[0], .dims = mean->dims, .keep_dims = mean->keep_dims});
    return real_function(node, operands);
  }

  template <Operator Op>
  Ref binary(const Graph::Node& node, const std::vector<Ref>& operands, const std::string& activation = "none") {
    return activated(node, add(node, Op{operands[0], operands[1]}), activation);
  }

  // Activations and softmax.
  Ref real_function(const Graph::Node& node, const std::vector<Ref>& operands) {
    const Ref x = operands[0];
    if (node.is<ops::QuantizedPrelu>()) {
      const Ref zero = add(node, ops::Constant{.value = Tensor::of<float>({}, {0})});
      const Ref below = add(node, ops::Mul{x, operands[1]});
      return add(node, ops::Select{.lhs = x, .rhs = zero, .on_true = x, .on_false = below, .comparison = "gt"});
    }
    if (const auto softmax = node.as<ops::QuantizedSoftmax>()) {
      if (softmax->beta == 1) return add(node, ops::Softmax{x});
      const Ref beta = add(node, ops::Constant{.value = Tensor::of<float>({}, {static_cast<float>(softmax->beta)})});
      return add(node, ops::Softmax{add(node, ops::Mul{x, beta})});
    }
    const auto activation = node.as<ops::QuantizedActivation>();
    if (!activation) fail("{} \"{}\" has no counterpart on real numbers", node.op, node.layer);
    if (activation->function == ops::LeakyRelu::name) return add(node, ops::LeakyRelu{.input = x, .slope = activation->alpha});
    return activated(node, x, activation->function);
  }

  const InferenceModel& model_;
  Graph graph_;
  struct {
    std::string name;
    std::map<std::string, Tensor> tensors;
    Preprocessing preprocessing;
    std::vector<std::string> labels;
    Confidence confidence;
  } real_;
  std::map<int32_t, Ref> values_;
  std::map<int32_t, Quantization> biases_;
  bool looked_ = false;
};

}  // namespace

InferenceModel dequantized(const InferenceModel& model, const std::vector<Ref>& values) {
  return Dequantizer(model).run(values);
}

}  // namespace fovea
