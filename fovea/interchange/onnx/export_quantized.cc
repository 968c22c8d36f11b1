// SPDX-License-Identifier: Apache-2.0
// Integer operators in QDQ form: the float operator between the DequantizeLinear of its inputs and the QuantizeLinear of its
// result. Exporter adds those two wherever the graph's values are quantized.
#include "fovea/graph/operators.h"
#include "fovea/interchange/onnx/exporter.h"

namespace fovea {
namespace {

// A bias of plain integers gets the scale that its convolution implies.
void give_bias_its_scale(Exporter& exporter, const Graph::Node& node) {
  ExportedValue& bias = exporter.value(node.operands[2]);
  const ExportedValue &input = exporter.value(node.operands[0]), &weight = exporter.value(node.operands[1]);
  if (bias.quantization || !input.quantization || !weight.quantization) return;
  Quantization quantization{.scales = weight.quantization->scales,
                            .zeros = std::vector<int64_t>(weight.quantization->scales.size(), 0),
                            .axis = weight.quantization->per_channel() ? 0 : -1};
  for (float& scale : quantization.scales) scale *= input.quantization->scales[0];
  bias.quantization = quantization;
}

// Returns the same layer under the float operator's name.
FusedLayer as(const FusedLayer& layer, std::string_view operation) {
  FusedLayer result = layer;
  result.node.op = operation;
  result.activation = layer.node.get("activation", std::string("none"));
  return result;
}

void export_quantize(Exporter& exporter, const FusedLayer& layer) {
  const ExportedValue x = exporter.value(layer.node.operands[0]);
  exporter.set(layer.output, x.name, x.shape, x.layout);
  // Between int8 and uint8 with the same quantization there is nothing to do, because both are uint8 in the file.
  if (x.quantization && exporter.value(layer.output).quantization == x.quantization) return;
  exporter.set_reals(layer.output, exporter.real(x), x.shape, x.layout);
}

void export_dequantize(Exporter& exporter, const FusedLayer& layer) {
  const ExportedValue x = exporter.value(layer.node.operands[0]);
  exporter.set(layer.output, exporter.real(x), x.shape, x.layout);
}

// Reinterprets the integers. Both types have the same integers in the file, so nothing is written.
void export_reinterpret(Exporter& exporter, const FusedLayer& layer) {
  const ExportedValue x = exporter.value(layer.node.operands[0]);
  exporter.set(layer.output, x.name, x.shape, x.layout);
}

void export_integer_dense(Exporter& exporter, const FusedLayer& layer) {
  ExportedValue &x = exporter.value(layer.node.operands[0]), &weight = exporter.value(layer.node.operands[1]);
  std::vector<std::string> inputs{exporter.stored(x, {0, 1}), exporter.stored(weight, {0, 1})};
  inputs.insert(inputs.end(), {exporter.zero_point(x), exporter.zero_point(weight)});
  exporter.set_in_order(layer.output, exporter.add(layer.node.layer, "MatMulInteger", inputs), {0, 1});
}

// Softmax of beta * x.
void export_softmax(Exporter& exporter, const FusedLayer& layer) {
  const Ref x = layer.node.operands[0];
  const std::vector<int64_t> order = exporter.some_order(exporter.value(x));
  std::string input = exporter.in_order(x, order);
  const auto beta = static_cast<float>(layer.node.get("beta", 1.0));
  if (beta != 1.0F) input = exporter.add(layer.node.layer, "Mul", {input, exporter.number(beta)});
  int64_t axis = 0;
  while (order[static_cast<size_t>(axis)] != exporter.rank(x) - 1) ++axis;
  exporter.set_in_order(layer.output, exporter.add(layer.node.layer, "Softmax", {input}, {{"axis", axis}}), order);
}

}  // namespace

void add_quantized_exports(ExportTable& table) {
  const ExportTable plain = table;
  const std::pair<std::string_view, std::string_view> operations[] = {{ops::QuantizedAdd::name, ops::Add::name},
                                                                      {ops::QuantizedSub::name, ops::Sub::name},
                                                                      {ops::QuantizedMul::name, ops::Mul::name},
                                                                      {ops::QuantizedMaximum::name, ops::Maximum::name},
                                                                      {ops::QuantizedMinimum::name, ops::Minimum::name},
                                                                      {ops::QuantizedSum::name, ops::ReduceSum::name},
                                                                      {ops::QuantizedAveragePool::name, ops::AveragePool::name},
                                                                      {ops::QuantizedMean::name, ops::ReduceMean::name}};
  for (const auto& [integer, real] : operations)
    table[integer] = [write = plain.at(real), real](Exporter& exporter, const FusedLayer& layer) {
      write(exporter, as(layer, real));
    };
  const std::pair<std::string_view, std::string_view> contractions[] = {{ops::QuantizedConv::name, ops::Conv::name},
                                                                        {ops::QuantizedDense::name, ops::Dense::name}};
  for (const auto& [integer, real] : contractions) {
    table[integer] = [write = plain.at(real), real](Exporter& exporter, const FusedLayer& layer) {
      give_bias_its_scale(exporter, layer.node);
      FusedLayer whole = as(layer, real);
      whole.bias = layer.node.operands[2];
      write(exporter, whole);
    };
  }
  table[ops::QuantizedActivation::name] = [plain](Exporter& exporter, const FusedLayer& layer) {
    const std::string function = layer.node.get("function", std::string());
    FusedLayer whole = as(layer, function == "relu_n1_to_1" ? ops::Clamp::name : function);
    whole.activation = "none";
    if (function == "relu_n1_to_1") whole.node.attributes = {{"low", -1.0}, {"high", 1.0}};
    if (function == ops::LeakyRelu::name) whole.node.attributes = {{"slope", layer.node.get("alpha", 0.0)}};
    const auto found = plain.find(whole.node.op);
    if (found == plain.end()) exporter.complain(layer, fmt::format("is {}, which has no ONNX form here", function));
    found->second(exporter, whole);
  };
  table[ops::Quantize::name] = export_quantize;
  table[ops::Dequantize::name] = export_dequantize;
  table[ops::Reinterpret::name] = export_reinterpret;
  table[ops::IntegerDense::name] = export_integer_dense;
  table[ops::QuantizedSoftmax::name] = export_softmax;
}

}  // namespace fovea
