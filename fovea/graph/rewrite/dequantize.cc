// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/rewrite/dequantize.h"

#include <algorithm>

#include "fovea/core/error.h"

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
                           graph_.add("reshape", {own}, {{"shape", graph_.type(own).shape}}, "")[0]);
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
      if (node.op != "quantized_conv" && node.op != "quantized_dense") continue;
      Quantization scales = *model_.graph.type(node.operands[1]).quantization;
      for (float& scale : scales.scales) scale *= model_.graph.type(node.operands[0]).quantization->scales[0];
      std::ranges::fill(scales.zeros, 0);
      if (scales.per_channel()) scales.axis = 0;
      biases_[node.operands[2].index] = scales;
    }
    return biases_;
  }

  Ref value(Ref source) const { return values_.at(source.index); }
  Ref add(const Graph::Node& node, const std::string& op, const std::vector<Ref>& operands, const Attributes& attributes = {}) {
    return graph_.add(op, operands, attributes, node.layer)[0];
  }
  Ref activated(const Graph::Node& node, Ref x, const std::string& activation) {
    if (activation == "none") return x;
    if (activation == "relu_n1_to_1") return add(node, "clamp", {x}, {{"low", -1.0}, {"high", 1.0}});
    return add(node, activation, {x});
  }
  // The attributes of the node without those that only integer operators have.
  static Attributes kept(const Graph::Node& node) {
    Attributes attributes;
    for (const auto& [name, attribute] : node.attributes)
      if (name != "output" && name != "activation" && name != "rounding") attributes.emplace_back(name, attribute);
    return attributes;
  }

  void write(const Graph::Node& node) {
    std::vector<Ref> operands;
    for (const Ref operand : node.operands) operands.push_back(value(operand));
    if (node.op == "quantize" || node.op == "dequantize") {
      values_[node.results[0].index] = operands[0];
    } else if (node.op == "reinterpret") {
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
      return add(node, "constant", {}, {{"value", Tensor::of<float>({}, {static_cast<float>(value)})}});
    };
    const double scale = to.scales[0], moved = static_cast<double>(from.zeros[0] - to.zeros[0]);
    const Ref product = add(node, "mul", {x, number(scale / static_cast<double>(from.scales[0]))});
    return add(node, "add", {product, number(scale * moved)});
  }

  Ref real(const Graph::Node& node, const std::vector<Ref>& operands) {
    const std::string activation = node.get<std::string>("activation", "none");
    const std::string op = node.op.substr(std::string("quantized_").size());
    if (op == "conv" || op == "dense")
      return activated(node, add(node, "add", {add(node, op, {operands[0], operands[1]}, kept(node)), operands[2]}),
                       activation);
    if (op == "add" || op == "sub" || op == "mul") return activated(node, add(node, op, operands), activation);
    if (op == "average_pool") return activated(node, add(node, "avg_pool", operands, kept(node)), activation);
    if (op == "maximum" || op == "minimum") return add(node, op, operands);
    if (op == "prelu") {
      const Ref zero = add(node, "constant", {}, {{"value", Tensor::of<float>({}, {0})}});
      const Ref below = add(node, "mul", operands);
      return add(node, "select", {operands[0], zero, operands[0], below}, {{"comparison", std::string("gt")}});
    }
    if (op == "sum") return add(node, "reduce_sum", operands, kept(node));
    if (op == "mean") return add(node, "reduce_mean", operands, kept(node));
    if (op == "softmax") {
      const double beta = node.get("beta", 1.0);
      const Tensor factor = Tensor::of<float>({}, {static_cast<float>(beta)});
      const Ref scaled =
          beta == 1 ? operands[0] : add(node, "mul", {operands[0], add(node, "constant", {}, {{"value", factor}})});
      return add(node, "softmax", {scaled});
    }
    if (op != "activation") fail("{} \"{}\" has no counterpart on real numbers", node.op, node.layer);
    const std::string function = node.get<std::string>("function", "");
    if (function == "leaky_relu") return add(node, function, operands, {{"slope", node.get("alpha", 0.0)}});
    return activated(node, operands[0], function);
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
