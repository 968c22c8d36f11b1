// SPDX-License-Identifier: Apache-2.0
// Arithmetic, activations, softmax, and the conversions between floats and integers.
#include "fovea/graph/operators.h"
#include "fovea/interchange/tflite/writer.h"

namespace fovea::tflite {
namespace {

std::string activation_of(const Writer& writer) {
  return writer.node().op.starts_with("quantized_") ? writer.node().get<std::string>("activation", "none")
                                                    : writer.layer().activation;
}

template <BuiltinOperator code, typename Options>
void write_binary(Writer& writer) {
  Options options;
  options.fused_activation_function = fused_activation(writer, activation_of(writer));
  writer.add(code, {writer.input(0), writer.input(1)}, writer.output(), std::move(options));
}

template <BuiltinOperator code>
void write_larger(Writer& writer) {
  writer.add(code, {writer.input(0), writer.input(1)}, writer.output(), schema::MaximumMinimumOptionsT{});
}

template <BuiltinOperator code>
void write_plain(Writer& writer) {
  std::vector<int> inputs;
  for (size_t i = 0; i < writer.layer().inputs.size(); ++i) inputs.push_back(writer.input(i));
  writer.add(code, std::move(inputs), writer.output());
}

schema::MulOptionsT plain_product() { return {}; }

void write_swish(Writer& writer) {
  const int gate = writer.between(writer.output_type());
  writer.add(BuiltinOperator::LOGISTIC, {writer.input()}, gate);
  writer.add(BuiltinOperator::MUL, {writer.input(), gate}, writer.output(), plain_product());
}

// hard_sigmoid(x) is relu6(x + 3) / 6.
void write_hard_sigmoid(Writer& writer) {
  const int sum = writer.between(writer.output_type());
  schema::AddOptionsT options;
  options.fused_activation_function = ActivationFunctionType::RELU6;
  writer.add(BuiltinOperator::ADD, {writer.input(), writer.number(3)}, sum, std::move(options));
  writer.add(BuiltinOperator::MUL, {sum, writer.number(1.0 / 6)}, writer.output(), plain_product());
}

void write_hard_swish(Writer& writer) {
  writer.add(BuiltinOperator::HARD_SWISH, {writer.input()}, writer.output(), schema::HardSwishOptionsT{});
}

void write_leaky_relu(Writer& writer) {
  schema::LeakyReluOptionsT options;
  options.alpha = static_cast<float>(writer.node().get("slope", 0.01));
  writer.add(BuiltinOperator::LEAKY_RELU, {writer.input()}, writer.output(), std::move(options));
}

void write_gelu(Writer& writer) {
  writer.add(BuiltinOperator::GELU, {writer.input()}, writer.output(), schema::GeluOptionsT{});
}

void write_clamp(Writer& writer) {
  const double low = writer.node().get("low", 0.0), high = writer.node().get("high", 0.0);
  if (low == 0 && high == 6) return writer.add(BuiltinOperator::RELU6, {writer.input()}, writer.output());
  if (low == -1 && high == 1) return writer.add(BuiltinOperator::RELU_N1_TO_1, {writer.input()}, writer.output());
  const int raised = writer.between(writer.output_type());
  writer.add(BuiltinOperator::MAXIMUM, {writer.input(), writer.number(low)}, raised, schema::MaximumMinimumOptionsT{});
  writer.add(BuiltinOperator::MINIMUM, {raised, writer.number(high)}, writer.output(), schema::MaximumMinimumOptionsT{});
}

void write_softmax(Writer& writer) {
  schema::SoftmaxOptionsT options;
  options.beta = static_cast<float>(writer.node().get("beta", 1.0));
  writer.add(BuiltinOperator::SOFTMAX, {writer.input()}, writer.output(), std::move(options));
}

void write_quantized_activation(Writer& writer) {
  const std::string function = writer.node().get<std::string>("function", "");
  const auto plain = [&](BuiltinOperator code) { writer.add(code, {writer.input()}, writer.output()); };
  if (function == ops::Relu::name) return plain(BuiltinOperator::RELU);
  if (function == ops::Relu6::name) return plain(BuiltinOperator::RELU6);
  if (function == "relu_n1_to_1") return plain(BuiltinOperator::RELU_N1_TO_1);
  if (function == ops::Sigmoid::name) return plain(BuiltinOperator::LOGISTIC);
  if (function == ops::Tanh::name) return plain(BuiltinOperator::TANH);
  if (function == "elu") return plain(BuiltinOperator::ELU);
  if (function == ops::Exp::name) return plain(BuiltinOperator::EXP);
  if (function == ops::HardSwish::name) return write_hard_swish(writer);
  if (function == ops::Gelu::name) return write_gelu(writer);
  if (function != ops::LeakyRelu::name) writer.refuse("there is no operator for {} of integers", function);
  schema::LeakyReluOptionsT options;
  options.alpha = static_cast<float>(writer.node().get("alpha", 0.0));
  writer.add(BuiltinOperator::LEAKY_RELU, {writer.input()}, writer.output(), std::move(options));
}

void write_quantize(Writer& writer) {
  writer.add(BuiltinOperator::QUANTIZE, {writer.input()}, writer.output(), schema::QuantizeOptionsT{});
}

void write_dequantize(Writer& writer) {
  writer.add(BuiltinOperator::DEQUANTIZE, {writer.input()}, writer.output(), schema::DequantizeOptionsT{});
}

constexpr LayerWriting writings[] = {
    {ops::Add::name, write_binary<BuiltinOperator::ADD, schema::AddOptionsT>},
    {ops::Sub::name, write_binary<BuiltinOperator::SUB, schema::SubOptionsT>},
    {ops::Mul::name, write_binary<BuiltinOperator::MUL, schema::MulOptionsT>},
    {ops::Div::name, write_binary<BuiltinOperator::DIV, schema::DivOptionsT>},
    {ops::QuantizedAdd::name, write_binary<BuiltinOperator::ADD, schema::AddOptionsT>},
    {ops::QuantizedSub::name, write_binary<BuiltinOperator::SUB, schema::SubOptionsT>},
    {ops::QuantizedMul::name, write_binary<BuiltinOperator::MUL, schema::MulOptionsT>},
    {ops::Maximum::name, write_larger<BuiltinOperator::MAXIMUM>},
    {ops::Minimum::name, write_larger<BuiltinOperator::MINIMUM>},
    {ops::QuantizedMaximum::name, write_larger<BuiltinOperator::MAXIMUM>},
    {ops::QuantizedMinimum::name, write_larger<BuiltinOperator::MINIMUM>},
    {ops::QuantizedPrelu::name, write_plain<BuiltinOperator::PRELU>},
    {ops::Exp::name, write_plain<BuiltinOperator::EXP>},
    {ops::Log::name, write_plain<BuiltinOperator::LOG>},
    {ops::Sqrt::name, write_plain<BuiltinOperator::SQRT>},
    {ops::Rsqrt::name, write_plain<BuiltinOperator::RSQRT>},
    {ops::Abs::name, write_plain<BuiltinOperator::ABS>},
    {ops::Neg::name, write_plain<BuiltinOperator::NEG>},
    {ops::Floor::name, write_plain<BuiltinOperator::FLOOR>},
    {ops::Ceil::name, write_plain<BuiltinOperator::CEIL>},
    {ops::Round::name, write_plain<BuiltinOperator::ROUND>},
    {ops::Sin::name, write_plain<BuiltinOperator::SIN>},
    {ops::Cos::name, write_plain<BuiltinOperator::COS>},
    {ops::Pow::name, write_plain<BuiltinOperator::POW>},
    {ops::Relu::name, write_plain<BuiltinOperator::RELU>},
    {ops::Relu6::name, write_plain<BuiltinOperator::RELU6>},
    {ops::Sigmoid::name, write_plain<BuiltinOperator::LOGISTIC>},
    {ops::Tanh::name, write_plain<BuiltinOperator::TANH>},
    {ops::LogSoftmax::name, write_plain<BuiltinOperator::LOG_SOFTMAX>},
    {ops::Swish::name, write_swish},
    {ops::HardSigmoid::name, write_hard_sigmoid},
    {ops::HardSwish::name, write_hard_swish},
    {ops::LeakyRelu::name, write_leaky_relu},
    {ops::Gelu::name, write_gelu},
    {ops::Clamp::name, write_clamp},
    {ops::Softmax::name, write_softmax},
    {ops::QuantizedSoftmax::name, write_softmax},
    {ops::QuantizedActivation::name, write_quantized_activation},
    {ops::Quantize::name, write_quantize},
    {ops::Dequantize::name, write_dequantize},
};

}  // namespace

std::span<const LayerWriting> elementwise_writings() { return writings; }

}  // namespace fovea::tflite
