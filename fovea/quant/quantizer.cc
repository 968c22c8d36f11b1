// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/quantizer.h"

#include <algorithm>
#include <set>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/passes/network/quantize.h"
#include "fovea/quant/layer_weights.h"
#include "fovea/quant/parameters.h"
#include "fovea/quant/pixels.h"

namespace fovea {
namespace {

// Writes the network with quantize and dequantize operators around the layers that become integers, on which a pass then works.
class Quantizer {
 public:
  Quantizer(const InferenceModel& model, const QuantizationPlan& plan, const RangeMap& ranges, const QuantizerOptions& options)
      : model_(model), plan_(plan), ranges_(ranges), options_(options), values_(parameter_values(model)), graph_(model.name) {
    for (const Graph::Argument& argument : model.graph.arguments()) {
      if (argument.role == Role::parameter) names_[argument.value.index] = argument.name;
    }
  }

  InferenceModel run();

 private:
  void write_input(const Graph::Argument& argument);
  void write_layer(const QuantizationPlan::Layer& layer);
  std::vector<Ref> integer_operands(const QuantizationPlan::Layer& layer);
  std::pair<Ref, Ref> integer_weights(const QuantizationPlan::Layer& layer, Ref input);
  Ref write_operators(const QuantizationPlan::Layer& layer, const std::vector<Ref>& operands, std::optional<Ref> bias);
  std::pair<std::string, Ref> write_result(const Graph::Result& result);

  Ref real(Ref value);
  Ref integer(Ref value);
  Ref constant_integers(Ref value);
  Ref parameter(const std::string& name, const TensorType& type, const Tensor& tensor);
  template <Operator Op>
  Ref add(const Op& op, const std::string& layer) {
    return graph_.add(op, layer);
  }
  Ref dequantized(Ref integers) { return add(ops::Dequantize{integers}, ""); }
  Ref end_of_layer(Ref real, const QuantizedType& type);
  Ref converted(Ref value, const QuantizedType& type, const std::string& layer);
  QuantizedType type_of(Ref value) const { return fovea::type_of(plan_, ranges_, value); }
  QuantizedType result_type(const QuantizationPlan::Layer& layer, const std::vector<Ref>& operands) const;
  float scale_of(Ref integer) const { return graph_.type(integer).quantization->scales[0]; }

  const InferenceModel& model_;
  const QuantizationPlan& plan_;
  const RangeMap& ranges_;
  const QuantizerOptions& options_;
  std::map<int32_t, Tensor> values_;
  std::map<int32_t, std::string> names_;
  Graph graph_;
  std::map<int32_t, Ref> real_, integer_;  // by value of the source
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, Ref> parameters_;
  std::set<std::string> four_bits_;
  std::vector<Ref> ends_;  // of layers on integers
};

std::string bias_name_of(std::string weight) {
  if (weight.ends_with("weight")) weight.resize(weight.size() - 6);
  return weight + (weight.empty() || weight.ends_with(".") ? "bias" : ".bias");
}

Ref Quantizer::parameter(const std::string& name, const TensorType& type, const Tensor& tensor) {
  for (int number = 1;; ++number) {
    const std::string unique = number == 1 ? name : name + "_" + std::to_string(number);
    const auto known = parameters_.find(unique);
    if (known == parameters_.end()) {
      tensors_[unique] = tensor;
      return parameters_[unique] = graph_.argument(unique, type, Role::parameter);
    }
    const Tensor& other = tensors_[unique];
    if (graph_.type(known->second) == type && std::equal(tensor.raw(), tensor.raw() + tensor.bytes(), other.raw()))
      return known->second;
  }
}

Ref Quantizer::converted(Ref value, const QuantizedType& type, const std::string& layer) {
  const TensorType have = graph_.type(value);
  if (have.quantization == type.quantization && have.dtype == type.storage) return value;
  return add(ops::Quantize{.input = value, .output = type}, layer);
}

Ref Quantizer::real(Ref value) {
  const auto known = real_.find(value.index);
  if (known != real_.end()) return known->second;
  const Ref made = names_.contains(value.index)
                       ? parameter(names_[value.index], model_.graph.type(value), values_.at(value.index))
                       : add(ops::Dequantize{integer_.at(value.index)}, "");
  return real_[value.index] = made;
}

// A constant operand of add, sub or mul, quantized over its own range.
Ref Quantizer::constant_integers(Ref value) {
  const Tensor& tensor = values_.at(value.index);
  const auto [least, most] = std::ranges::minmax(tensor.values<float>());
  const QuantizedType type = activation_type({least, most});
  return parameter(names_[value.index], {tensor.shape(), type.storage, type.quantization}, quantized_tensor(tensor, type));
}

Ref Quantizer::integer(Ref value) {
  const auto known = integer_.find(value.index);
  if (known != integer_.end()) return known->second;
  const Ref made =
      names_.contains(value.index) ? constant_integers(value) : converted(real_.at(value.index), type_of(value), "");
  return integer_[value.index] = made;
}

void Quantizer::write_input(const Graph::Argument& argument) {
  if (options_.input == DType::f32 || argument.type.dtype != DType::f32) {
    real_[argument.value.index] = graph_.argument(argument.name, argument.type, Role::input);
    return;
  }
  const Shape& shape = argument.type.shape;
  const QuantizedType pixels = pixel_type(model_.preprocessing, options_.input);
  const Ref bytes = graph_.argument(argument.name, {shape, pixels.storage, pixels.quantization}, Role::input);
  const Ref integers = converted(bytes, pixel_type(model_.preprocessing, DType::i8), argument.name);
  if (absorbs_normalization(model_.preprocessing)) {
    integer_[argument.value.index] = integers;
    return;
  }
  const PixelNormalization normalization = pixel_normalization(model_.preprocessing, shape.back());
  const QuantizedWeights weights = quantized_weights(normalization.weight, normalization.bias, scale_of(integers), true);
  const QuantizedType normalized = activation_type(normalized_range(model_.preprocessing));
  const Ref filter = parameter("normalization.weight", weights.weight_type, weights.weight);
  const Ref bias = parameter("normalization.bias", weights.bias_type, weights.bias);
  const Ref products =
      add(ops::Conv{.input = dequantized(integers), .filter = dequantized(filter), .groups = shape.back()}, "normalization");
  integer_[argument.value.index] = end_of_layer(add(ops::Add{products, dequantized(bias)}, "normalization"), normalized);
}

// Rounds the result of a layer, which becomes one operator on integers.
Ref Quantizer::end_of_layer(Ref real, const QuantizedType& type) {
  ends_.push_back(add(ops::Quantize{.input = real, .output = type}, ""));
  return ends_.back();
}

// The integers of a layer's weight and bias.
std::pair<Ref, Ref> Quantizer::integer_weights(const QuantizationPlan::Layer& layer, Ref input) {
  const QuantizedWeights weights =
      layer_weights(layer, values_.at(layer.weight.index), layer.has_bias() ? values_.at(layer.bias.index) : Tensor(),
                    options_.scales, scale_of(input), type_of(layer.output).quantization.scales[0]);
  const std::string& weight_name = names_.at(layer.weight.index);
  const std::string bias_name = layer.has_bias() ? names_.at(layer.bias.index) : bias_name_of(weight_name);
  const Ref weight = parameter(weight_name, weights.weight_type, weights.weight);  // under this name, or another that is free
  const Ref bias = parameter(bias_name, weights.bias_type, weights.bias);
  const bool four_bits = options_.scales.limit(layer) == 7;
  for (const auto& [name, ref] : parameters_)
    if (ref == weight && four_bits) four_bits_.insert(name);
  return {weight, bias};
}

std::vector<Ref> Quantizer::integer_operands(const QuantizationPlan::Layer& layer) {
  std::vector<Ref> operands;
  for (const Ref input : layer.inputs) {
    const Ref integers = integer(input);
    // Operators that put tensors together take them in the type of the result.
    const bool converts = layer.keeps_type() && layer.inputs.size() > 1;
    operands.push_back(converts ? converted(integers, type_of(layer.output), layer.node.layer) : integers);
  }
  return operands;
}

QuantizedType Quantizer::result_type(const QuantizationPlan::Layer& layer, const std::vector<Ref>& operands) const {
  if (!layer.keeps_type()) return type_of(layer.output);
  const TensorType type = graph_.type(operands[0]);
  return {type.dtype, *type.quantization};
}

// The layer's operators, on real numbers.
Ref Quantizer::write_operators(const QuantizationPlan::Layer& layer, const std::vector<Ref>& operands,
                               std::optional<Ref> bias) {
  Ref result = graph_.add(layer.node.op, operands, layer.node.attributes, layer.node.layer)[0];
  if (bias) result = add(ops::Add{result, *bias}, layer.node.layer);
  // The ends of the integers, which stand for 0 and 1, clamp as a hard sigmoid after a convolution does.
  const bool clamps = layer.integer && layer.activation == ops::HardSigmoid::name;
  if (layer.activation == "none" || clamps) return result;
  if (layer.activation == "relu_n1_to_1") return add(ops::Clamp{.input = result, .low = -1.0, .high = 1.0}, layer.node.layer);
  return graph_.add(layer.activation, {result}, {}, layer.node.layer)[0];
}

void Quantizer::write_layer(const QuantizationPlan::Layer& layer) {
  std::vector<Ref> operands;
  std::optional<Ref> bias;
  if (!layer.integer) {
    for (const Ref input : layer.inputs) operands.push_back(real(input));
    if (layer.has_weight()) operands.push_back(real(layer.weight));
    if (layer.has_bias()) bias = real(layer.bias);
    real_[layer.output.index] = write_operators(layer, operands, bias);
    return;
  }
  operands = integer_operands(layer);
  const QuantizedType type = result_type(layer, operands);
  if (layer.contraction()) {
    const auto [weight, bias_integers] = integer_weights(layer, operands[0]);
    operands.push_back(weight);
    bias = dequantized(bias_integers);
  }
  for (Ref& operand : operands) operand = dequantized(operand);
  integer_[layer.output.index] = end_of_layer(write_operators(layer, operands, bias), type);
}

std::pair<std::string, Ref> Quantizer::write_result(const Graph::Result& result) {
  const std::string name = result.name == "logits" ? "probabilities" : result.name;
  const bool scores = result.name == "logits";
  const auto known = integer_.find(result.value.index);
  if (known == integer_.end()) {  // the result of a layer in f32
    Ref value = real(result.value);
    if (scores) value = add(ops::Softmax{value}, "");
    if (options_.input != DType::f32 && scores) value = converted(value, probability_type(options_.input), "");
    return {name, value};
  }
  Ref value = known->second;
  if (scores) value = end_of_layer(add(ops::Softmax{dequantized(value)}, ""), probability_type());
  if (options_.input == DType::f32) return {name, add(ops::Dequantize{value}, "")};
  Quantization quantization = *graph_.type(value).quantization;
  if (options_.input == DType::u8) quantization.zeros[0] += 128;
  return {name, converted(value, {options_.input, quantization}, "")};
}

InferenceModel Quantizer::run() {
  for (const Graph::Argument& argument : model_.graph.arguments()) {
    if (argument.role == Role::input) write_input(argument);
  }
  for (const QuantizationPlan::Layer& layer : plan_.layers()) write_layer(layer);
  std::vector<std::pair<std::string, Ref>> results;
  for (const Graph::Result& result : model_.graph.results()) results.push_back(write_result(result));
  graph_.finish(results);
  quantize_layers(graph_, ends_, four_bits_);
  return {.name = model_.name,
          .graph = std::move(graph_),
          .tensors = std::move(tensors_),
          .four_bits = std::move(four_bits_),
          .preprocessing = model_.preprocessing,
          .labels = model_.labels,
          .confidence = model_.confidence};
}

}  // namespace

InferenceModel quantized(const InferenceModel& model, const QuantizationPlan& plan, const RangeMap& ranges,
                         const QuantizerOptions& options) {
  return Quantizer(model, plan, ranges, options).run();
}

}  // namespace fovea
