// SPDX-License-Identifier: Apache-2.0
// Quantized models in QDQ form: a DequantizeLinear, a float operator and a QuantizeLinear become one integer operator, as ONNX
// Runtime reads such files, with the rounding that ONNX prescribes and ONNX Runtime implements.
#include "fovea/interchange/onnx/import_quantized.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "fovea/core/tensor_permute.h"
#include "fovea/interchange/onnx/linear_scales.h"

namespace fovea {
namespace {

// The operator, the activation that follows it if there is one, and the QuantizeLinear of the result.
struct Chain {
  const OnnxNode* activation = nullptr;
  const OnnxNode* quantize = nullptr;
  std::string function = "none";
  QuantizedType output;
};

const OnnxNode* only_reader(const Importer& importer, const OnnxNode& node) {
  if (node.outputs.size() != 1 || importer.is_result(node.outputs[0])) return nullptr;
  const std::vector<const OnnxNode*>& readers = importer.readers(node.outputs[0]);
  return readers.size() == 1 ? readers[0] : nullptr;
}

std::string activation_of(Importer& importer, const OnnxNode& node) {
  if (node.type == "Relu") return std::string(ops::Relu::name);
  if (node.type != "Clip" || !importer.has_input(node, 1) || !importer.has_input(node, 2)) return "none";
  const double low = importer.number(node, 1), high = importer.number(node, 2);
  return low == 0 && high == 6 ? std::string(ops::Relu6::name) : low == -1 && high == 1 ? "relu_n1_to_1" : "none";
}

std::optional<Chain> chain_of(Importer& importer, const OnnxNode& node, bool takes_activation) {
  Chain chain;
  const OnnxNode* next = only_reader(importer, node);
  if (next != nullptr && takes_activation && (next->type == "Relu" || next->type == "Clip")) {
    chain.function = activation_of(importer, *next);
    if (chain.function == "none") return std::nullopt;
    chain.activation = next;
    next = only_reader(importer, *next);
  }
  if (next == nullptr || next->type != "QuantizeLinear" ||
      next->inputs[0] != (chain.activation != nullptr ? *chain.activation : node).outputs[0])
    return std::nullopt;
  if (!has_known_scale(importer, *next)) return std::nullopt;
  const LinearScales scales(importer, *next, {}, dtype_without_zero_point(importer, *next));
  if (scales.dtype() == DType::i32) return std::nullopt;
  importer.integer(*next, "saturate", 1);
  chain.quantize = next;
  chain.output = {.storage = scales.dtype(), .quantization = *scales.quantization()};
  return chain;
}

// ONNX's own rule of rounding, as integer operators with such an ending have it.
constexpr const char* onnx_rule = "onnx";

// Marks the nodes that were read together with the operator.
void skip(Importer& importer, const Chain& chain) {
  for (const OnnxNode* node : {chain.activation, chain.quantize}) {
    if (node == nullptr) continue;
    importer.has_input(*node, 0);
    importer.skip(*node);
  }
}

void finish(Importer& importer, const Chain& chain, Ref y, const std::vector<int64_t>& order) {
  skip(importer, chain);
  importer.set_in_order(*chain.quantize, 0, y, order);
  importer.result(*chain.quantize, 0).bare = true;
}

// The weights of a contraction whose dimension `channel_axis` is that of the results.
std::optional<IntegerWeight> weight_of(const ImportedValue& value, int64_t channel_axis) {
  if (!value.integers || value.integers->dtype() == DType::i32) return std::nullopt;
  if (value.quantization->per_channel() && value.quantization->axis != channel_axis) return std::nullopt;
  return integer_weight(*value.integers, *value.quantization);
}

// The bias [out] in i32, in units of input scale * weight scale; one in other units is rounded to them.
Ref bias_of(Importer& importer, const OnnxNode& node, float input_scale, const Quantization& weight, int64_t count) {
  Tensor bias({count}, DType::i32);
  const ImportedValue* given = importer.has_input(node, 2) ? &importer.input(node, 2) : nullptr;
  const std::string name = given != nullptr ? given->name : node.title() + "/bias";
  for (int64_t i = 0; given != nullptr && i < count; ++i) {
    const float scale = input_scale * weight.scales[weight.per_channel() ? static_cast<size_t>(i) : 0];
    const int64_t from = given->constant->size() == 1 ? 0 : i;
    if (given->integers && given->integers->dtype() == DType::i32) {
      const Quantization& own = *given->quantization;
      const auto channel = static_cast<size_t>(own.scales.size() > 1 ? from : 0);
      if (own.zeros[channel] == 0 && std::abs(own.scales[channel] - scale) <= 1e-6F * scale) {
        bias.data<int32_t>()[i] = given->integers->data<int32_t>()[from];
        continue;
      }
    }
    const double number =
        std::nearbyint(static_cast<double>(given->constant->data<float>()[from]) / static_cast<double>(scale));
    bias.data<int32_t>()[i] = std::isnan(number) ? 0 : static_cast<int32_t>(std::clamp(number, -0x1p31, 0x1p31 - 1));
  }
  return importer.parameter(name, bias);
}

bool is_bias(Importer& importer, const OnnxNode& node, int64_t count) {
  if (!importer.has_input(node, 2)) return true;
  const ImportedValue& bias = importer.quantized_input(node, 2);
  return bias.constant && bias.constant->dtype() == DType::f32 &&
         (bias.constant->size() == count || bias.constant->size() == 1);
}

bool integer_conv(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const ImportedValue& filter = importer.quantized_input(node, 1);
  if (x.rank() != filter.rank()) return false;
  const std::optional<IntegerWeight> given = weight_of(filter, 0);
  if (!given || !is_bias(importer, node, filter.shape()[0])) return false;
  const std::optional<Chain> chain = chain_of(importer, node, true);
  if (!chain) return false;
  const ops::Conv conv = convolution_of(importer, node, x, filter.shape());
  const Tensor taps = permuted(given->integers, filter_order(x.rank()));
  Quantization scales = given->quantization;
  if (scales.per_channel()) scales.axis = x.rank() - 1;
  const Ref weight = importer.parameter(filter.name, taps, scales);
  const Ref bias = bias_of(importer, node, importer.type_of(x.ref).quantization->scales[0], scales, taps.shape().back());
  const Ref input = importer.channels_last(x);
  const Ref y = importer.add(node, ops::QuantizedConv{.input = input,
                                                      .filter = weight,
                                                      .bias = bias,
                                                      .strides = conv.strides,
                                                      .dilations = conv.dilations,
                                                      .groups = conv.groups,
                                                      .padding = conv.padding,
                                                      .activation = chain->function,
                                                      .output = chain->output});
  finish(importer, *chain, y, channels_last_order(x.rank()));
  return true;
}

bool integer_dense(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const ImportedValue& given = importer.quantized_input(node, 1);
  const bool transpose = importer.integer(node, "transB", 0) != 0;
  const bool plain = importer.integer(node, "transA", 0) == 0 && importer.number(node, "alpha", 1.0F) == 1 &&
                     importer.number(node, "beta", 1.0F) == 1;
  if (!plain || x.rank() < 2 || given.rank() != 2 || (node.type == "Gemm" && x.rank() != 2)) return false;
  const std::optional<IntegerWeight> factors = weight_of(given, transpose ? 0 : 1);
  if (!factors) return false;
  Tensor weight = transpose ? permuted(factors->integers, std::vector<int64_t>{1, 0}) : factors->integers;
  if (weight.shape()[0] != x.shape().back() || !is_bias(importer, node, weight.shape()[1])) return false;
  const std::optional<Chain> chain = chain_of(importer, node, true);
  if (!chain) return false;
  Quantization scales = factors->quantization;
  if (scales.per_channel()) scales.axis = 1;
  Shape result = x.shape();
  const Shape shape{element_count(result) / result.back(), result.back()};
  result.back() = weight.shape()[1];
  Ref rows = x.ref;
  if (x.rank() == 2 && is_rows(x.layout))
    weight = matched_rows(weight, x.layout);
  else
    rows = importer.row_major(x);
  if (importer.shape_of(rows) != shape) rows = importer.add(node, ops::Reshape{.input = rows, .shape = shape});
  const Ref parameter = importer.parameter(given.name, weight, scales);
  const Ref bias = bias_of(importer, node, importer.type_of(x.ref).quantization->scales[0], scales, weight.shape()[1]);
  Ref y = importer.add(
      node, ops::QuantizedDense{
                .input = rows, .weight = parameter, .bias = bias, .activation = chain->function, .output = chain->output});
  if (importer.shape_of(y) != result) y = importer.add(node, ops::Reshape{.input = y, .shape = result});
  finish(importer, *chain, y, identity_order(static_cast<int64_t>(result.size())));
  return true;
}

// Whether the value is an activation, or a constant with one scale.
bool is_operand(const Importer& importer, const ImportedValue& value) {
  if (importer.is_quantized(value)) return !value.bare;
  return value.integers && value.integers->dtype() != DType::i32 && !value.quantization->per_channel();
}

// The value with dimensions of one in front, up to a rank.
ImportedValue of_rank(const ImportedValue& value, int64_t rank) {
  ImportedValue result = value;
  Shape shape(static_cast<size_t>(rank - value.rank()), 1);
  const Shape own = value.shape();
  shape.insert(shape.end(), own.begin(), own.end());
  if (result.integers) result.integers = result.integers->reshaped(shape);
  if (result.constant)
    result.constant = result.constant->reshaped(shape);
  else
    result.layout = *result.layout.reshaped(shape);
  return result;
}

Ref integers_in_order(Importer& importer, ImportedValue& value, const std::vector<int64_t>& order) {
  if (!value.constant) return importer.in_order(value, order);
  return importer.parameter(value.name, permuted(*value.integers, order), value.quantization);
}

template <Operator Op>
bool integer_binary(Importer& importer, const OnnxNode& node) {
  const ImportedValue &first = importer.quantized_input(node, 0), &second = importer.quantized_input(node, 1);
  if (!is_operand(importer, first) || !is_operand(importer, second)) return false;
  const std::optional<Chain> chain = chain_of(importer, node, true);
  if (!chain) return false;
  const int64_t rank = std::max(first.rank(), second.rank());
  ImportedValue a = of_rank(first, rank), b = of_rank(second, rank);
  const bool b_leads = a.constant || (!b.constant && element_count(b.shape()) > element_count(a.shape()));
  const std::vector<int64_t> order = importer.some_order(b_leads ? b : a);
  importer.broadcast(node, a.shape(), b.shape());
  const Ref lhs = integers_in_order(importer, a, order), rhs = integers_in_order(importer, b, order);
  const Op op{.lhs = lhs, .rhs = rhs, .activation = chain->function, .rounding = onnx_rule, .output = chain->output};
  finish(importer, *chain, importer.add(node, op), order);
  return true;
}

bool integer_average(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const std::optional<Chain> chain = chain_of(importer, node, false);
  if (!chain) return false;
  const std::optional<ops::AveragePool> average = plain_average(importer, node, x);
  if (!average) return false;
  const ops::QuantizedAveragePool op{.input = importer.channels_last(x),
                                     .window = average->window,
                                     .strides = average->strides,
                                     .padding = average->padding,
                                     .count_padding = average->count_padding,
                                     .rounding = onnx_rule,
                                     .output = chain->output};
  finish(importer, *chain, importer.add(node, op), channels_last_order(x.rank()));
  return true;
}

// The average over all spatial dimensions, which are kept.
bool integer_global_average(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const std::optional<Chain> chain = chain_of(importer, node, false);
  if (!chain || x.rank() < 3) return false;
  std::vector<int64_t> dims;
  for (int64_t d = 1; d + 1 < x.rank(); ++d) dims.push_back(d);
  const ops::QuantizedMean op{
      .input = importer.channels_last(x), .dims = dims, .keep_dims = true, .rounding = onnx_rule, .output = chain->output};
  finish(importer, *chain, importer.add(node, op), channels_last_order(x.rank()));
  return true;
}

// Reads a softmax that ONNX Runtime computes in integers: by the operator's name, or on uint8.
bool integer_softmax(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  if (importer.integer(node, "fovea.integers", 0) == 0 && importer.type_of(x.ref).dtype != DType::u8) return false;
  const std::optional<Chain> chain = chain_of(importer, node, false);
  if (!chain) return false;
  const int64_t axis = importer.dimension(node, importer.integer(node, "axis", -1), x.rank());
  std::vector<int64_t> order = importer.some_order(x);
  order.erase(std::ranges::find(order, axis));
  order.push_back(axis);
  const ops::QuantizedSoftmax op{.input = importer.in_order(x, order), .rounding = onnx_rule, .output = chain->output};
  finish(importer, *chain, importer.add(node, op), order);
  return true;
}

bool integer_function(Importer& importer, const OnnxNode& node, const std::string& function) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const std::optional<Chain> chain = chain_of(importer, node, false);
  if (!chain) return false;
  ops::QuantizedActivation op{.input = x.ref, .function = function, .rounding = onnx_rule, .output = chain->output};
  if (function == ops::LeakyRelu::name) op.alpha = static_cast<double>(importer.number(node, "alpha", 0.01F));
  const Layout layout = x.layout;
  const Ref y = importer.add(node, op);
  skip(importer, *chain);
  importer.set(*chain->quantize, 0, y, layout);
  importer.result(*chain->quantize, 0).bare = true;
  return true;
}

// Whether the operator only moves numbers, and so works on integers as they are.
bool moves(Importer& importer, const OnnxNode& node) {
  const std::set<std::string> movers{"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose",    "Identity",     "Dropout",
                                     "MaxPool", "Slice",   "Split",   "Gather",    "DepthToSpace", "SpaceToDepth", "Expand"};
  const ImportedValue& first = importer.quantized_input(node, 0);
  if (movers.contains(node.type)) return true;
  if (node.type != "Concat") return false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ImportedValue& part = importer.quantized_input(node, i);
    if (!importer.is_quantized(part) || part.bare != first.bare) return false;
    const TensorType one = importer.type_of(first.ref), other = importer.type_of(part.ref);
    if (one.dtype != other.dtype || one.quantization != other.quantization) return false;
  }
  return true;
}

}  // namespace

namespace {

// Bytes without a known scale as the numbers that they are, which is exact in every floating-point type.
bool cast_bytes(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  if (x.constant || !importer.is_quantized(x) || !x.bare) return false;
  const std::map<int64_t, DType> types{{1, DType::f32},  {10, DType::f32}, {11, DType::f32},
                                       {16, DType::f32}, {6, DType::i32},  {7, DType::i64}};
  const auto to = types.find(importer.integer(node, "to", 1));
  if (to == types.end()) return false;
  const Layout layout = x.layout;
  Ref y = importer.add(node, ops::Dequantize{reinterpreted(importer, node, x.ref, plain_integers)});
  if (to->second != DType::f32) y = importer.add(node, ops::Cast{.input = y, .dtype = to->second});
  importer.set(node, 0, y, layout);
  return true;
}

std::string function_of(Importer& importer, const OnnxNode& node) {
  const std::map<std::string, std::string_view> functions{{"Relu", ops::Relu::name},
                                                          {"Sigmoid", ops::Sigmoid::name},
                                                          {"Tanh", ops::Tanh::name},
                                                          {"LeakyRelu", ops::LeakyRelu::name},
                                                          {"HardSwish", ops::HardSwish::name},
                                                          {"fovea.Swish", ops::Swish::name},
                                                          {"Gelu", ops::Gelu::name}};
  if (node.type == "Gelu" && importer.text(node, "approximate", "none") != "none") return "none";
  const auto function = functions.find(node.type);
  if (function != functions.end()) return std::string(function->second);
  return node.type == "Clip" ? activation_of(importer, node) : "none";
}

bool import_moved(Importer& importer, const OnnxNode& node, const ImportTable& table) {
  const bool bare = importer.quantized_input(node, 0).bare;
  importer.keep_integers(true);
  table.at(node.type)(importer, node);
  importer.keep_integers(false);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.outputs[i].empty()) importer.result(node, i).bare = bare;
  }
  return true;
}

}  // namespace

bool import_integers(Importer& importer, const OnnxNode& node, const ImportTable& table) {
  if (node.inputs.empty() || node.inputs[0].empty()) return false;
  if (node.type == "Cast") return cast_bytes(importer, node);
  if (node.inputs.size() == 2) {
    if (node.type == "Add") return integer_binary<ops::QuantizedAdd>(importer, node);
    if (node.type == "Sub") return integer_binary<ops::QuantizedSub>(importer, node);
    if (node.type == "Mul") return integer_binary<ops::QuantizedMul>(importer, node);
  }
  const ImportedValue& first = importer.quantized_input(node, 0);
  if (!importer.is_quantized(first)) return false;
  if (moves(importer, node)) return import_moved(importer, node, table);
  if (first.bare) return false;
  if (const std::string function = function_of(importer, node); function != "none")
    return integer_function(importer, node, function);
  if (node.type == "Conv" && node.inputs.size() >= 2) return integer_conv(importer, node);
  if ((node.type == "Gemm" || node.type == "MatMul") && node.inputs.size() >= 2) return integer_dense(importer, node);
  if (node.type == "AveragePool") return integer_average(importer, node);
  if (node.type == "GlobalAveragePool") return integer_global_average(importer, node);
  return node.type == "Softmax" && integer_softmax(importer, node);
}

std::optional<IntegerWeight> integer_weight(const Tensor& integers, const Quantization& quantization) {
  const bool is_signed = integers.dtype() == DType::i8;
  const int64_t middle = is_signed ? 0 : 128;
  const bool symmetric = std::ranges::all_of(quantization.zeros, [&](int64_t zero) { return zero == middle; });
  const bool one = std::ranges::all_of(quantization.zeros, [&](int64_t zero) { return zero == quantization.zeros[0]; });
  if ((is_signed && symmetric) || (!is_signed && !symmetric && !quantization.per_channel()))
    return IntegerWeight{integers, quantization};
  if (!symmetric && (quantization.per_channel() || !one)) return std::nullopt;
  // The other type has the same numbers 128 away, which flips the top bit.
  IntegerWeight weight{Tensor(integers.shape(), is_signed ? DType::u8 : DType::i8), quantization};
  for (size_t i = 0; i < integers.bytes(); ++i) weight.integers.raw()[i] = integers.raw()[i] ^ std::byte{128};
  for (int64_t& zero : weight.quantization.zeros) zero += is_signed ? 128 : -128;
  return weight;
}

}  // namespace fovea
