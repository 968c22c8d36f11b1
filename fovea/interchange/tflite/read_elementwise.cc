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

// The same operator on floats and on integers.
template <typename Options, typename Real, typename Integer>
void read_binary(Reader& reader) {
  const auto* options = reader.op().options<Options>();
  const ActivationFunctionType activation = options ? options->fused_activation_function() : ActivationFunctionType::NONE;
  const Ref lhs = reader.input(0), rhs = reader.input(1);
  if (!reader.quantized()) return reader.set_output(reader.activated(reader.add(Real{lhs, rhs}), activation));
  if constexpr (std::is_void_v<Integer>) {
    reader.fail("is read of floats, not of quantized integers");
  } else {
    Integer op{.lhs = lhs, .rhs = rhs, .activation = reader.activation_name(activation), .output = reader.output_type()};
    if constexpr (!std::is_same_v<Options, MulOptions>)
      op.by_shifts =
          reader.input_type(0).dtype == DType::i16 && (!options || options->pot_scale_int16()) && has_powers_of_two(reader);
    reader.set_output(reader.add(op));
  }
}

// An operator on floats without options.
template <typename Op>
void read_plain(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  const size_t operands = Op().operands().size();
  if (reader.input_count() != operands) reader.fail("has {} inputs, not {}", reader.input_count(), operands);
  if constexpr (requires { Op().rhs; })
    reader.set_output(reader.add(Op{reader.input(0), reader.input(1)}));
  else
    reader.set_output(reader.add(Op{reader.input(0)}));
}

// A maximum or minimum; integers must have the same scale and zero point.
template <typename Real, typename Integer>
void read_extreme(Reader& reader) {
  const Ref lhs = reader.input(0), rhs = reader.input(1);
  if (!reader.quantized()) return reader.set_output(reader.add(Real{lhs, rhs}));
  if (reader.input_type(0).quantization != reader.input_type(1).quantization) reader.fail("has operands of different scales");
  reader.set_output(reader.add(Integer{lhs, rhs}));
}

void read_squared_difference(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  const Ref difference = reader.add(ops::Sub{reader.input(0), reader.input(1)});
  reader.set_output(reader.add(ops::Mul{difference, difference}));
}

void read_add_n(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  Ref sum = reader.input(0);
  for (size_t i = 1; i < reader.input_count(); ++i) sum = reader.add(ops::Add{sum, reader.input(i)});
  reader.set_output(sum);
}

void read_square(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  reader.set_output(reader.add(ops::Mul{reader.input(0), reader.input(0)}));
}

// An activation. fovea.quantized_activation calls it as the operator on floats is called.
template <typename Op>
void read_activation(Reader& reader) {
  if (!reader.quantized()) return reader.set_output(reader.add(Op{reader.input(0)}));
  reader.set_output(reader.add(
      ops::QuantizedActivation{.input = reader.input(0), .function = std::string(Op::name), .output = reader.output_type()}));
}

void read_relu_n1_to_1(Reader& reader) {
  if (!reader.quantized()) return reader.set_output(reader.activated(reader.input(0), ActivationFunctionType::RELU_N1_TO_1));
  reader.set_output(reader.add(
      ops::QuantizedActivation{.input = reader.input(0), .function = "relu_n1_to_1", .output = reader.output_type()}));
}

void read_relu_0_to_1(Reader& reader) {
  if (reader.quantized()) reader.fail("is read of floats, not of quantized integers");
  reader.set_output(reader.add(ops::Clamp{.input = reader.input(0), .low = 0.0, .high = 1.0}));
}

// Clevert et al. 2016.
void read_elu(Reader& reader) {
  const Ref x = reader.input(0);
  if (reader.quantized()) {
    return reader.set_output(
        reader.add(ops::QuantizedActivation{.input = x, .function = "elu", .output = reader.output_type()}));
  }
  const Ref below = reader.add(ops::Sub{reader.add(ops::Exp{reader.add(ops::Minimum{x, reader.scalar(0)})}), reader.scalar(1)});
  reader.set_output(reader.add(ops::Add{reader.add(ops::Relu{x}), below}));
}

void read_leaky_relu(Reader& reader) {
  const double alpha = reader.options<LeakyReluOptions>().alpha();
  if (!reader.quantized()) return reader.set_output(reader.add(ops::LeakyRelu{.input = reader.input(0), .slope = alpha}));
  reader.set_output(reader.add(ops::QuantizedActivation{.input = reader.input(0),
                                                        .function = std::string(ops::LeakyRelu::name),
                                                        .alpha = alpha,
                                                        .output = reader.output_type()}));
}

// Hendrycks and Gimpel 2016, with the error function or its approximation by tanh.
void read_gelu(Reader& reader) {
  const auto* options = reader.op().options<GeluOptions>();
  const Ref x = reader.input(0);
  if (reader.quantized()) {
    return reader.set_output(reader.add(
        ops::QuantizedActivation{.input = x, .function = std::string(ops::Gelu::name), .output = reader.output_type()}));
  }
  if (!options || !options->approximate()) return reader.set_output(reader.add(ops::Gelu{x}));
  const Ref cube = reader.add(ops::Mul{reader.add(ops::Mul{x, x}), reader.add(ops::Mul{x, reader.scalar(0.044715)})});
  const Ref inside = reader.add(ops::Mul{reader.add(ops::Add{x, cube}), reader.scalar(0.7978845608028654)});  // sqrt(2 / pi)
  const Ref gate = reader.add(ops::Add{reader.add(ops::Tanh{inside}), reader.scalar(1)});
  reader.set_output(reader.add(ops::Mul{reader.add(ops::Mul{x, reader.scalar(0.5)}), gate}));
}

void read_prelu(Reader& reader) {
  const Ref x = reader.input(0);
  if (reader.quantized())
    return reader.set_output(
        reader.add(ops::QuantizedPrelu{.input = x, .slope = reader.input(1), .output = reader.output_type()}));
  const Ref below = reader.add(ops::Mul{x, reader.input(1)});
  reader.set_output(
      reader.add(ops::Select{.lhs = x, .rhs = reader.scalar(0), .on_true = x, .on_false = below, .comparison = "gt"}));
}

void read_softmax(Reader& reader) {
  const double beta = reader.options<SoftmaxOptions>().beta();
  if (reader.quantized()) {
    return reader.set_output(
        reader.add(ops::QuantizedSoftmax{.input = reader.input(0), .beta = beta, .output = reader.output_type()}));
  }
  Ref x = reader.input(0);
  if (beta != 1) x = reader.add(ops::Mul{x, reader.scalar(beta)});
  reader.set_output(reader.add(ops::Softmax{x}));
}

void read_quantize(Reader& reader) {
  reader.set_output(reader.add(ops::Quantize{.input = reader.input(0), .output = reader.output_type()}));
}

// On a constant this is how files store weights in half or a quarter of the space; the network gets the real numbers.
void read_dequantize(Reader& reader) {
  if (reader.is_constant(0)) return reader.set_constant_output(reader.reals(0, "constant"));
  reader.set_output(reader.add(ops::Dequantize{reader.input(0)}));
}

constexpr OperatorReading readings[] = {
    {BuiltinOperator::ADD, read_binary<AddOptions, ops::Add, ops::QuantizedAdd>},
    {BuiltinOperator::SUB, read_binary<SubOptions, ops::Sub, ops::QuantizedSub>},
    {BuiltinOperator::MUL, read_binary<MulOptions, ops::Mul, ops::QuantizedMul>},
    {BuiltinOperator::DIV, read_binary<DivOptions, ops::Div, void>},
    {BuiltinOperator::MAXIMUM, read_extreme<ops::Maximum, ops::QuantizedMaximum>},
    {BuiltinOperator::MINIMUM, read_extreme<ops::Minimum, ops::QuantizedMinimum>},
    {BuiltinOperator::SQUARED_DIFFERENCE, read_squared_difference},
    {BuiltinOperator::ADD_N, read_add_n},
    {BuiltinOperator::EXP, read_activation<ops::Exp>},
    {BuiltinOperator::LOG, read_plain<ops::Log>},
    {BuiltinOperator::SQRT, read_plain<ops::Sqrt>},
    {BuiltinOperator::RSQRT, read_plain<ops::Rsqrt>},
    {BuiltinOperator::ABS, read_plain<ops::Abs>},
    {BuiltinOperator::NEG, read_plain<ops::Neg>},
    {BuiltinOperator::POW, read_plain<ops::Pow>},
    {BuiltinOperator::SQUARE, read_square},
    {BuiltinOperator::LOG_SOFTMAX, read_plain<ops::LogSoftmax>},
    {BuiltinOperator::RELU, read_activation<ops::Relu>},
    {BuiltinOperator::RELU6, read_activation<ops::Relu6>},
    {BuiltinOperator::RELU_N1_TO_1, read_relu_n1_to_1},
    {BuiltinOperator::RELU_0_TO_1, read_relu_0_to_1},
    {BuiltinOperator::ELU, read_elu},
    {BuiltinOperator::LOGISTIC, read_activation<ops::Sigmoid>},
    {BuiltinOperator::TANH, read_activation<ops::Tanh>},
    {BuiltinOperator::HARD_SWISH, read_activation<ops::HardSwish>},
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
