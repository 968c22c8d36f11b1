// Quantised models in QDQ form: DequantizeLinear, a float operator, QuantizeLinear are one integer operator (ONNX Runtime's
// reading of such files).
#include <algorithm>
#include <cmath>
#include <set>

#include "fovea/onnx/importer.h"

namespace fovea {
namespace {

// Scale and zero point of a QuantizeLinear or DequantizeLinear whose numbers have this shape and type.
Quantization quantization_of(Importer& importer, const OnnxNode& node, const Shape& shape, DType& dtype) {
  const Tensor& scales = importer.constant(node, 1);
  const Tensor* zeros = importer.has_input(node, 2) ? &importer.constant(node, 2) : nullptr;
  if (scales.dtype() != DType::f32 || scales.shape().size() > 1 || (zeros != nullptr && zeros->size() != scales.size()))
    importer.complain(node, "scales {} with zero points {}", to_string(scales.shape()),
                      zeros == nullptr ? "left out" : to_string(zeros->shape()));
  if (zeros != nullptr) dtype = zeros->dtype();
  if (dtype != DType::u8 && dtype != DType::i8 && dtype != DType::i32)
    importer.complain(node, "integers of type {}; fovea has int8, uint8 and int32", name(dtype));
  Quantization result{.scales = {scales.values<float>().begin(), scales.values<float>().end()}, .zeros = {}, .axis = -1};
  for (int64_t i = 0; i < scales.size(); ++i) {
    if (!(result.scales[static_cast<size_t>(i)] > 0) || !std::isfinite(result.scales[static_cast<size_t>(i)]))
      importer.complain(node, "a scale of {}", result.scales[static_cast<size_t>(i)]);
    int64_t zero = 0;
    if (zeros != nullptr && dtype == DType::u8) zero = zeros->data<uint8_t>()[i];
    if (zeros != nullptr && dtype == DType::i8) zero = zeros->data<int8_t>()[i];
    result.zeros.push_back(zero);
  }
  if (scales.size() == 1 && scales.shape().empty()) return result;
  if (scales.size() == 1) return result;  // [1]: for the whole tensor as well
  result.axis = importer.dimension(node, importer.integer(node, "axis", 1), static_cast<int64_t>(shape.size()));
  if (shape[static_cast<size_t>(result.axis)] != scales.size())
    importer.complain(node, "{} scales for dimension {} of {}", scales.size(), result.axis, to_string(shape));
  return result;
}

// Which scale each element of a row-major tensor has.
template <typename Act>
void by_channel(const Shape& shape, const Quantization& quantization, Act act) {
  const int64_t count = element_count(shape);
  int64_t inner = 1, channels = 1;
  if (quantization.per_channel()) {
    channels = shape[static_cast<size_t>(quantization.axis)];
    for (size_t d = static_cast<size_t>(quantization.axis) + 1; d < shape.size(); ++d) inner *= shape[d];
  }
  for (int64_t i = 0; i < count; ++i) act(i, static_cast<size_t>(i / inner % channels));
}

int64_t integer_at(const Tensor& tensor, int64_t index) {
  if (tensor.dtype() == DType::u8) return tensor.data<uint8_t>()[index];
  if (tensor.dtype() == DType::i8) return tensor.data<int8_t>()[index];
  return tensor.data<int32_t>()[index];
}

void dequantize_constant(Importer& importer, const OnnxNode& node, const Tensor& integers) {
  DType dtype = integers.dtype();
  const Quantization quantization = quantization_of(importer, node, integers.shape(), dtype);
  if (dtype != integers.dtype())
    importer.complain(node, "zero points are {}, the numbers {}", name(dtype), name(integers.dtype()));
  importer.spend(node, static_cast<uint64_t>(integers.size()) * sizeof(float));
  Tensor reals(integers.shape(), DType::f32);
  by_channel(integers.shape(), quantization, [&](int64_t i, size_t c) {
    reals.data<float>()[i] = quantization.scales[c] * static_cast<float>(integer_at(integers, i) - quantization.zeros[c]);
  });
  importer.set_constant(node, 0, std::move(reals));
  ImportedValue& result = importer.result(node, 0);
  result.integers = integers;
  result.quantization = quantization;
}

void import_dequantize(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  if (x.constant) return dequantize_constant(importer, node, Tensor(*x.constant));
  if (!importer.is_quantized(x)) importer.complain(node, "reads \"{}\", which no QuantizeLinear makes", x.name);
  const TensorType type = importer.type_of(x.ref);
  DType dtype = type.dtype;
  const Quantization quantization = quantization_of(importer, node, x.shape(), dtype);
  if (dtype != type.dtype || quantization.scales != type.quantization->scales || quantization.zeros != type.quantization->zeros)
    importer.complain(node, "has another scale or zero point than the QuantizeLinear of \"{}\"", x.name);
  importer.set_same(node, 0, x);
  importer.result(node, 0).bare = false;
}

void quantize_constant(Importer& importer, const OnnxNode& node, const Tensor& reals, const Quantization& quantization,
                       DType dtype) {
  if (reals.dtype() != DType::f32 || dtype == DType::i32) importer.complain(node, "{} as {}", name(reals.dtype()), name(dtype));
  Tensor integers(reals.shape(), dtype);
  const double least = dtype == DType::u8 ? 0 : -128, most = least + 255;
  by_channel(reals.shape(), quantization, [&](int64_t i, size_t c) {
    const double rounded =
        std::nearbyint(static_cast<double>(reals.data<float>()[i]) / static_cast<double>(quantization.scales[c]));
    const double integer =
        std::isnan(rounded) ? 0 : std::clamp(rounded + static_cast<double>(quantization.zeros[c]), least, most);
    integers.raw()[i] = static_cast<std::byte>(static_cast<int>(integer) & 255);
  });
  importer.set_constant(node, 0, std::move(integers));
}

void import_quantize(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  DType dtype = DType::u8;
  const Quantization quantization = quantization_of(importer, node, x.shape(), dtype);
  if (x.constant) return quantize_constant(importer, node, Tensor(*x.constant), quantization, dtype);
  if (quantization.per_channel() || dtype == DType::i32)
    importer.complain(node, "activations by channel, or of 32 bits; fovea has one scale for all, and 8 bits");
  if (importer.is_quantized(x) && importer.type_of(x.ref) == TensorType{importer.shape_of(x.ref), dtype, quantization}) {
    importer.set_same(node, 0, x);
  } else {
    if (importer.is_quantized(x) && x.bare) importer.complain(node, "reads integers");
    const Layout layout = x.layout;
    const Ref y =
        importer.add(node, "quantize", {x.ref}, {{"output", QuantizedType{.storage = dtype, .quantization = quantization}}})
            .front();
    importer.set(node, 0, y, layout);
  }
  importer.result(node, 0).bare = true;
}

// The operator, the activation behind it if it has one, and the QuantizeLinear that takes the result.
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
  if (node.type == "Relu") return "relu";
  if (node.type != "Clip" || !importer.has_input(node, 1) || !importer.has_input(node, 2)) return "none";
  const double low = importer.number(node, 1), high = importer.number(node, 2);
  return low == 0 && high == 6 ? "relu6" : low == -1 && high == 1 ? "relu_n1_to_1" : "none";
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
  chain.quantize = next;
  chain.output.storage = DType::u8;
  chain.output.quantization = quantization_of(importer, *next, {}, chain.output.storage);
  if (chain.output.storage == DType::i32) return std::nullopt;
  return chain;
}

void finish(Importer& importer, const Chain& chain, Ref y, const std::vector<int64_t>& order) {
  if (chain.activation != nullptr) importer.skip(*chain.activation);
  importer.skip(*chain.quantize);
  importer.set_in_order(*chain.quantize, 0, y, order);
  importer.result(*chain.quantize, 0).bare = true;
}

// Weights an integer contraction takes: one zero point for all, of signed ones 0.
bool is_weight(const ImportedValue& value, int64_t channel_axis) {
  if (!value.integers || value.integers->dtype() == DType::i32) return false;
  const Quantization& quantization = *value.quantization;
  if (quantization.per_channel() && quantization.axis != channel_axis) return false;
  const bool zero = std::ranges::all_of(quantization.zeros, [](int64_t z) { return z == 0; });
  return value.integers->dtype() == DType::i8 ? zero : !quantization.per_channel();
}

// [out] i32 in units of input scale * weight scale; a bias in real numbers is rounded to them.
Ref bias_of(Importer& importer, const OnnxNode& node, float input_scale, const Quantization& weight, int64_t count) {
  Tensor bias({count}, DType::i32);
  const ImportedValue* given = importer.has_input(node, 2) ? &importer.input(node, 2) : nullptr;
  const std::string name = given != nullptr ? given->name : node.title() + "/bias";
  for (int64_t i = 0; given != nullptr && i < count; ++i) {
    const double scale = static_cast<double>(input_scale) * weight.scales[weight.per_channel() ? static_cast<size_t>(i) : 0];
    const int64_t from = given->constant->size() == 1 ? 0 : i;
    const double number = std::nearbyint(static_cast<double>(given->constant->data<float>()[from]) / scale);
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
  if (!is_weight(filter, 0) || x.rank() != filter.rank() || !is_bias(importer, node, filter.shape()[0])) return false;
  const std::optional<Chain> chain = chain_of(importer, node, true);
  if (!chain) return false;
  Attributes attributes = convolution_attributes(importer, node, x, filter.shape());
  attributes.emplace_back("activation", chain->function);
  attributes.emplace_back("output", chain->output);
  const Tensor taps = transposed(*filter.integers, filter_order(x.rank()));
  Quantization scales = *filter.quantization;
  if (scales.per_channel()) scales.axis = x.rank() - 1;
  const Ref weight = importer.parameter(filter.name, taps, scales);
  const Ref bias = bias_of(importer, node, importer.type_of(x.ref).quantization->scales[0], scales, taps.shape().back());
  const Ref input = importer.channels_last(x);
  const Ref y = importer.add(node, "quantized_conv", {input, weight, bias}, attributes).front();
  finish(importer, *chain, y, channels_last_order(x.rank()));
  return true;
}

bool integer_dense(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const ImportedValue& given = importer.quantized_input(node, 1);
  const bool transpose = importer.integer(node, "transB", 0) != 0;
  const bool plain = importer.integer(node, "transA", 0) == 0 && importer.number(node, "alpha", 1.0F) == 1 &&
                     importer.number(node, "beta", 1.0F) == 1;
  if (!plain || x.rank() != 2 || given.rank() != 2 || !is_weight(given, transpose ? 0 : 1)) return false;
  Tensor weight = transpose ? transposed(*given.integers, {1, 0}) : *given.integers;
  if (weight.shape()[0] != x.shape()[1] || !is_bias(importer, node, weight.shape()[1])) return false;
  const std::optional<Chain> chain = chain_of(importer, node, true);
  if (!chain) return false;
  Quantization scales = *given.quantization;
  if (scales.per_channel()) scales.axis = 1;
  const Shape shape = x.shape();
  Ref rows = x.ref;
  if (is_rows(x.layout))
    weight = matched_rows(weight, x.layout);
  else
    rows = importer.row_major(x);
  if (importer.shape_of(rows) != shape) rows = importer.add(node, "reshape", {rows}, {{"shape", shape}}).front();
  const Ref parameter = importer.parameter(given.name, weight, scales);
  const Ref bias = bias_of(importer, node, importer.type_of(x.ref).quantization->scales[0], scales, weight.shape()[1]);
  const Ref y =
      importer
          .add(node, "quantized_dense", {rows, parameter, bias}, {{"activation", chain->function}, {"output", chain->output}})
          .front();
  finish(importer, *chain, y, {0, 1});
  return true;
}

// Of two activations of equal rank; broadcasting is by sizes of 1.
bool integer_binary(Importer& importer, const OnnxNode& node, const char* operation) {
  ImportedValue& a = importer.quantized_input(node, 0);
  ImportedValue& b = importer.quantized_input(node, 1);
  if (!importer.is_quantized(a) || !importer.is_quantized(b) || b.bare || a.rank() != b.rank()) return false;
  const std::optional<Chain> chain = chain_of(importer, node, true);
  if (!chain || importer.type_of(a.ref).dtype != chain->output.storage ||
      importer.type_of(b.ref).dtype != chain->output.storage)
    return false;
  const std::vector<int64_t> order = importer.some_order(element_count(a.shape()) >= element_count(b.shape()) ? a : b);
  const Ref lhs = importer.in_order(a, order), rhs = importer.in_order(b, order);
  const Ref y = importer.add(node, operation, {lhs, rhs}, {{"activation", chain->function}, {"output", chain->output}}).front();
  finish(importer, *chain, y, order);
  return true;
}

bool integer_average(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const std::optional<Chain> chain = chain_of(importer, node, false);
  const TensorType type = importer.type_of(x.ref);
  if (!chain || chain->output.storage != type.dtype || chain->output.quantization != *type.quantization) return false;
  const std::optional<Attributes> attributes = average_attributes(importer, node, x);
  if (!attributes) return false;
  const Ref input = importer.channels_last(x);
  finish(importer, *chain, importer.add(node, "quantized_average_pool", {input}, *attributes).front(),
         channels_last_order(x.rank()));
  return true;
}

// Over all of space, keeping its dimensions.
bool integer_global_average(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const std::optional<Chain> chain = chain_of(importer, node, false);
  if (!chain || x.rank() < 3 || importer.type_of(x.ref).dtype != chain->output.storage) return false;
  std::vector<int64_t> dims;
  for (int64_t d = 1; d + 1 < x.rank(); ++d) dims.push_back(d);
  const Ref input = importer.channels_last(x);
  const Ref y =
      importer.add(node, "quantized_mean", {input}, {{"dims", dims}, {"keep_dims", true}, {"output", chain->output}}).front();
  finish(importer, *chain, y, channels_last_order(x.rank()));
  return true;
}

bool integer_softmax(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const std::optional<Chain> chain = chain_of(importer, node, false);
  const DType storage = importer.type_of(x.ref).dtype;
  const int64_t least = storage == DType::u8 ? 0 : -128;
  if (!chain || chain->output.storage != storage || chain->output.quantization.scales[0] != 1.0F / 256 ||
      chain->output.quantization.zeros[0] != least)
    return false;
  const int64_t axis = importer.dimension(node, importer.integer(node, "axis", -1), x.rank());
  std::vector<int64_t> order = importer.some_order(x);
  order.erase(std::ranges::find(order, axis));
  order.push_back(axis);
  const Ref input = importer.in_order(x, order);
  finish(importer, *chain, importer.add(node, "quantized_softmax", {input}, {{"output", chain->output}}).front(), order);
  return true;
}

bool integer_function(Importer& importer, const OnnxNode& node, const std::string& function) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const std::optional<Chain> chain = chain_of(importer, node, false);
  if (!chain || importer.type_of(x.ref).dtype != chain->output.storage) return false;
  Attributes attributes{{"function", function}, {"output", chain->output}};
  if (function == "leaky_relu") attributes.emplace_back("alpha", static_cast<double>(importer.number(node, "alpha", 0.01F)));
  const Layout layout = x.layout;
  const Ref y = importer.add(node, "quantized_activation", {x.ref}, attributes).front();
  importer.skip(*chain->quantize);
  importer.set(*chain->quantize, 0, y, layout);
  importer.result(*chain->quantize, 0).bare = true;
  return true;
}

// Operators that only move numbers work on integers as they are.
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

bool import_integers(Importer& importer, const OnnxNode& node, const ImportTable& table) {
  if (node.inputs.empty() || node.inputs[0].empty()) return false;
  const ImportedValue& first = importer.quantized_input(node, 0);
  if (!importer.is_quantized(first)) return false;
  if (moves(importer, node)) {
    const bool bare = first.bare;
    importer.keep_integers(true);
    table.at(node.type)(importer, node);
    importer.keep_integers(false);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (!node.outputs[i].empty()) importer.result(node, i).bare = bare;
    }
    return true;
  }
  if (first.bare) return false;
  const std::map<std::string, std::string> functions{{"Relu", "relu"},
                                                     {"Sigmoid", "sigmoid"},
                                                     {"Tanh", "tanh"},
                                                     {"LeakyRelu", "leaky_relu"},
                                                     {"HardSwish", "hard_swish"},
                                                     {"fovea.Swish", "swish"},
                                                     {"Gelu", "gelu"}};
  const auto function = functions.find(node.type);
  if (function != functions.end()) return integer_function(importer, node, function->second);
  if (node.type == "Clip" && activation_of(importer, node) != "none")
    return integer_function(importer, node, activation_of(importer, node));
  const std::map<std::string, const char*> binaries{
      {"Add", "quantized_add"}, {"Sub", "quantized_sub"}, {"Mul", "quantized_mul"}};
  const auto binary = binaries.find(node.type);
  if (binary != binaries.end() && node.inputs.size() == 2) return integer_binary(importer, node, binary->second);
  if (node.type == "Conv" && node.inputs.size() >= 2) return integer_conv(importer, node);
  if ((node.type == "Gemm" || node.type == "MatMul") && node.inputs.size() >= 2) return integer_dense(importer, node);
  if (node.type == "AveragePool") return integer_average(importer, node);
  if (node.type == "GlobalAveragePool") return integer_global_average(importer, node);
  return node.type == "Softmax" && integer_softmax(importer, node);
}

Quantization read_quantization(Importer& importer, const OnnxPort& port) {
  for (const OnnxNode* node : importer.readers(port.name)) {
    if (node->type != "DequantizeLinear") continue;
    DType dtype = port.dtype;
    const Quantization quantization = quantization_of(importer, *node, {}, dtype);
    if (dtype != port.dtype) importer.complain(*node, "zero points are {}, the input {}", name(dtype), name(port.dtype));
    return quantization;
  }
  fail("{}: the input \"{}\" is {}, and no DequantizeLinear says what that means", importer.file_name(), port.name,
       name(port.dtype));
}

void add_quantized_imports(ImportTable& table) {
  table["QuantizeLinear"] = import_quantize;
  table["DequantizeLinear"] = import_dequantize;
}

}  // namespace fovea
