// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <set>

#include "fovea/graph/model_metadata.h"
#include "fovea/interchange/onnx/channel_order.h"
#include "fovea/interchange/onnx/exporter.h"
#include "fovea/interchange/onnx/write.h"
#include "fovea/passes/network/folded.h"

namespace fovea {
namespace {

const ExportTable& exports() {
  static const ExportTable table = [] {
    ExportTable result;
    add_window_exports(result);
    add_elementwise_exports(result);
    add_shape_exports(result);
    add_quantized_exports(result);
    return result;
  }();
  return table;
}

// Whether the graph is quantized. Folding is for floating point, and a quantized network has nothing left to fold.
bool is_quantized(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(), [&](const Graph::Node& node) {
    return std::ranges::any_of(node.results, [&](Ref result) { return graph.type(result).quantization.has_value(); });
  });
}

// `turned` holds the inputs whose channels come first in the file.
OnnxFile written(const InferenceModel& model, const std::vector<FusedLayer>& layers, const std::set<std::string>& turned) {
  Exporter exporter(model);
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role == Role::input) exporter.add_input(argument, turned.contains(argument.name));
  }
  for (const FusedLayer& layer : layers) {
    const auto found = exports().find(layer.node.op);
    if (found == exports().end()) exporter.complain(layer, "has no ONNX form here");
    found->second(exporter, layer);
  }
  return exporter.finish();
}

// Returns the inputs that the reader would take for another layout than they were written with.
std::set<std::string> misread_inputs(const OnnxFile& file, const std::set<std::string>& turned) {
  std::set<std::string> names;
  for (const OnnxPort& port : file.inputs) {
    if (port.shape.size() >= 3 && reads_channels_first(file, port) != turned.contains(port.name)) names.insert(port.name);
  }
  return names;
}

int64_t transpositions(const OnnxFile& file) { return std::ranges::count(file.nodes, "Transpose", &OnnxNode::type); }

// An input with three or more dimensions has its channels first in the file if the network treats it as a feature map, and is
// left as it is otherwise. A file that is read back then has the inputs it had. If neither order is read back correctly, inputs
// with four or more dimensions get their channels first.
OnnxFile written_as_read(const InferenceModel& model, const std::vector<FusedLayer>& layers) {
  std::set<std::string> turned;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role == Role::input && argument.type.shape.size() >= 3) turned.insert(argument.name);
  }
  OnnxFile file = written(model, layers, turned);
  const std::set<std::string> misread = misread_inputs(file, turned);
  if (transpositions(file) > 0) {  // A network of feature maps has none.
    OnnxFile plain = written(model, layers, {});
    if (misread_inputs(plain, {}).empty() && transpositions(plain) < transpositions(file)) return plain;
  }
  if (misread.empty()) return file;
  for (const std::string& name : misread) turned.erase(name);
  file = written(model, layers, turned);
  for (const std::string& name : misread_inputs(file, turned)) {
    const auto port = std::ranges::find(file.inputs, name, &OnnxPort::name);
    if (port->shape.size() > 3) turned.insert(name);
  }
  return written(model, layers, turned);
}

// ONNX has no arithmetic for 16-bit quantized activations.
void refuse_words(const InferenceModel& model) {
  const auto check = [&](Ref value, const std::string& name) {
    const TensorType type = model.graph.type(value);
    if (type.quantization && type.dtype == DType::i16)
      refuse("{}: {} holds 16-bit integers that stand for real numbers, which are not written as ONNX", model.name, name);
  };
  for (const Graph::Argument& argument : model.graph.arguments()) check(argument.value, argument.name);
  for (const Graph::Node& node : model.graph.nodes())
    for (const Ref result : node.results) check(result, node.layer);
}

}  // namespace

void write_onnx(const std::filesystem::path& path, const InferenceModel& model) {
  const bool integers = is_quantized(model.graph);
  const std::optional<InferenceModel> plain = integers ? std::nullopt : std::optional(folded(model));
  const InferenceModel& source = integers ? model : *plain;
  const std::vector<FusedLayer> layers = fused_layers(source.graph);
  refuse_words(source);
  OnnxFile file = written_as_read(source, layers);
  file.metadata[metadata_key] = metadata_text(model);
  write_onnx_file(path, file);
}

}  // namespace fovea
