// SPDX-License-Identifier: Apache-2.0
// Arithmetic, activations, softmax, and the conversions between floats and integers.
#include <cmath>
#include <type_traits>

#include "fovea/interchange/tflite/reader.h"

namespace fovea::tflite {
namespace {

// Sums of 16-bit integers whose scales are all powers of two are computed by shifts, unless the file says otherwise.
bool has_powers_of_two(Reader& reader) {
  const auto is_power = [](float scale) {
    int exponent = 0;
    return std::frexp(scale, &exponent) == 0.5F;
  };
  for (const size_t input : {size_t{0}, size_t{1}}) {
    const TensorType type = reader.input_type(input);
    if (!type.quantization || type.quantization->per_channel() || !is_power(type.quantization->scales[0])) return false;
  }
  return is_power(reader.output_type().quantization.scales[0]);
}

template <typename Options>
void read_binary(Reader& reader, const char* name) {
  const auto* options = reader.op().options<Options>();
  const ActivationFunctionType activation = options ? options->fused_activation_function() : ActivationFunctionType::NONE;
  const std::vector<Ref> operands{reader.input(0), reader.input(1)};
  if (!reader.quantized()) return reader.set_output(reader.activated(reader.add(name, operands), activation));
  if (reader.op().code == BuiltinOperator::DIV) reader.fail("is read of floats, not of quantized integers");
  Attributes attributes{{"activation", reader.activation_name(activation)}, {"output", reader.output_type()}};
  if constexpr (!std::is_same_v<Options, MulOptions> && !std::is_same_v<Options, DivOptions>)
    if (reader.input_type(0).dtype == DType::i16 && (!options || options->pot_scale_int16()) && has_powers_of_two(reader))
      attributes.emplace_back("by_shifts", true);
  reader.set_output(reader.add(std::string("quantized_") + name, operands, attributes));
}
void read_add(Reader& reader) { read_binary<AddOptions>(reader, "add"); }
void read_sub(Reader& reader) { read_binary<SubOptions>(reader, "sub"); }
void read_mul(Reader& reader) { read_binary<MulOptions>(reader, "mul"); }
void read_div(Reader& reader) { read_binary<DivOptions>(reader, "div"); }

// An operator on floats without options.
template <const char* name>
void read_plain(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  std::vector<Ref> operands;
  for (size_t i = 0; i < reader.input_count(); ++i) operands.push_back(reader.input(i));
  reader.set_output(reader.add(name, operands));
}

// A maximum or minimum; integers must have the same scale and zero point.
template <const char* name>
void read_extreme(Reader& reader) {
  if (!reader.quantized()) return reader.set_output(reader.add(name, {reader.input(0), reader.input(1)}));
  if (reader.input_type(0).quantization != reader.input_type(1).quantization) reader.fail("has operands of different scales");
  reader.set_output(reader.add(std::string("quantized_") + name, {reader.input(0), reader.input(1)}));
}

void read_squared_difference(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  const Ref difference = reader.add("sub", {reader.input(0), reader.input(1)});
  reader.set_output(reader.add("mul", {difference, difference}));
}

void read_add_n(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  Ref sum = reader.input(0);
  for (size_t i = 1; i < reader.input_count(); ++i) sum = reader.add("add", {sum, reader.input(i)});
  reader.set_output(sum);
}

void read_square(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  reader.set_output(reader.add("mul", {reader.input(0), reader.input(0)}));
}

// An activation: `function` is its name in fovea.quantized_activation, `name` the operator on floats.
template <const char* name, const char* function>
void read_activation(Reader& reader) {
  if (!reader.quantized()) return reader.set_output(reader.add(name, {reader.input(0)}));
  reader.set_output(reader.add("quantized_activation", {reader.input(0)},
                               {{"function", std::string(function)}, {"output", reader.output_type()}}));
}

void read_relu_n1_to_1(Reader& reader) {
  if (!reader.quantized()) return reader.set_output(reader.activated(reader.input(0), ActivationFunctionType::RELU_N1_TO_1));
  reader.set_output(reader.add("quantized_activation", {reader.input(0)},
                               {{"function", std::string("relu_n1_to_1")}, {"output", reader.output_type()}}));
}

void read_relu_0_to_1(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  reader.set_output(reader.add("clamp", {reader.input(0)}, {{"low", 0.0}, {"high", 1.0}}));
}

// Clevert et al. 2016.
void read_elu(Reader& reader) {
  const Ref x = reader.input(0);
  if (reader.quantized()) {
    return reader.set_output(
        reader.add("quantized_activation", {x}, {{"function", std::string("elu")}, {"output", reader.output_type()}}));
  }
  const Ref below = reader.add("sub", {reader.add("exp", {reader.add("minimum", {x, reader.scalar(0)})}), reader.scalar(1)});
  reader.set_output(reader.add("add", {reader.add("relu", {x}), below}));
}

void read_leaky_relu(Reader& reader) {
  const double alpha = reader.options<LeakyReluOptions>().alpha();
  if (!reader.quantized()) return reader.set_output(reader.add("leaky_relu", {reader.input(0)}, {{"slope", alpha}}));
  reader.set_output(reader.add("quantized_activation", {reader.input(0)},
                               {{"function", std::string("leaky_relu")}, {"alpha", alpha}, {"output", reader.output_type()}}));
}

// Hendrycks and Gimpel 2016, with the error function or its approximation by tanh.
void read_gelu(Reader& reader) {
  const auto* options = reader.op().options<GeluOptions>();
  const Ref x = reader.input(0);
  if (reader.quantized()) {
    return reader.set_output(
        reader.add("quantized_activation", {x}, {{"function", std::string("gelu")}, {"output", reader.output_type()}}));
  }
  if (!options || !options->approximate()) return reader.set_output(reader.add("gelu", {x}));
  const Ref cube = reader.add("mul", {reader.add("mul", {x, x}), reader.add("mul", {x, reader.scalar(0.044715)})});
  const Ref inside = reader.add("mul", {reader.add("add", {x, cube}), reader.scalar(0.7978845608028654)});  // sqrt(2 / pi)
  const Ref gate = reader.add("add", {reader.add("tanh", {inside}), reader.scalar(1)});
  reader.set_output(reader.add("mul", {reader.add("mul", {x, reader.scalar(0.5)}), gate}));
}

void read_prelu(Reader& reader) {
  const Ref x = reader.input(0);
  if (reader.quantized())
    return reader.set_output(reader.add("quantized_prelu", {x, reader.input(1)}, {{"output", reader.output_type()}}));
  const Ref below = reader.add("mul", {x, reader.input(1)});
  reader.set_output(reader.add("select", {x, reader.scalar(0), x, below}, {{"comparison", std::string("gt")}}));
}

void read_softmax(Reader& reader) {
  const double beta = reader.options<SoftmaxOptions>().beta();
  if (reader.quantized()) {
    return reader.set_output(
        reader.add("quantized_softmax", {reader.input(0)}, {{"beta", beta}, {"output", reader.output_type()}}));
  }
  Ref x = reader.input(0);
  if (beta != 1) x = reader.add("mul", {x, reader.scalar(beta)});
  reader.set_output(reader.add("softmax", {x}));
}

void read_quantize(Reader& reader) {
  reader.set_output(reader.add("quantize", {reader.input(0)}, {{"output", reader.output_type()}}));
}

// On a constant this is how files store weights in half or a quarter of the space; the network gets the real numbers.
void read_dequantize(Reader& reader) {
  if (reader.is_constant(0)) return reader.set_constant_output(reader.reals(0, "constant"));
  reader.set_output(reader.add("dequantize", {reader.input(0)}));
}

constexpr char relu[] = "relu", relu6[] = "relu6", sigmoid[] = "sigmoid", hyperbolic[] = "tanh", hard_swish[] = "hard_swish";
constexpr char larger[] = "maximum", smaller[] = "minimum", exponential[] = "exp", logarithm[] = "log", root[] = "sqrt";
constexpr char inverse_root[] = "rsqrt", magnitude[] = "abs", negative[] = "neg", power[] = "pow",
               log_softmax[] = "log_softmax";
constexpr OperatorReading readings[] = {
    {BuiltinOperator::ADD, read_add},
    {BuiltinOperator::SUB, read_sub},
    {BuiltinOperator::MUL, read_mul},
    {BuiltinOperator::DIV, read_div},
    {BuiltinOperator::MAXIMUM, read_extreme<larger>},
    {BuiltinOperator::MINIMUM, read_extreme<smaller>},
    {BuiltinOperator::SQUARED_DIFFERENCE, read_squared_difference},
    {BuiltinOperator::ADD_N, read_add_n},
    {BuiltinOperator::EXP, read_activation<exponential, exponential>},
    {BuiltinOperator::LOG, read_plain<logarithm>},
    {BuiltinOperator::SQRT, read_plain<root>},
    {BuiltinOperator::RSQRT, read_plain<inverse_root>},
    {BuiltinOperator::ABS, read_plain<magnitude>},
    {BuiltinOperator::NEG, read_plain<negative>},
    {BuiltinOperator::POW, read_plain<power>},
    {BuiltinOperator::SQUARE, read_square},
    {BuiltinOperator::LOG_SOFTMAX, read_plain<log_softmax>},
    {BuiltinOperator::RELU, read_activation<relu, relu>},
    {BuiltinOperator::RELU6, read_activation<relu6, relu6>},
    {BuiltinOperator::RELU_N1_TO_1, read_relu_n1_to_1},
    {BuiltinOperator::RELU_0_TO_1, read_relu_0_to_1},
    {BuiltinOperator::ELU, read_elu},
    {BuiltinOperator::LOGISTIC, read_activation<sigmoid, sigmoid>},
    {BuiltinOperator::TANH, read_activation<hyperbolic, hyperbolic>},
    {BuiltinOperator::HARD_SWISH, read_activation<hard_swish, hard_swish>},
    {BuiltinOperator::LEAKY_RELU, read_leaky_relu},
    {BuiltinOperator::GELU, read_gelu},
    {BuiltinOperator::PRELU, read_prelu},
    {BuiltinOperator::SOFTMAX, read_softmax},
    {BuiltinOperator::QUANTIZE, read_quantize},
    {BuiltinOperator::DEQUANTIZE, read_dequantize},
};

}  // namespace

std::span<const OperatorReading> elementwise_readings() { return readings; }

}  // namespace fovea::tflite
