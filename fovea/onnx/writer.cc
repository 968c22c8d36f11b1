#include <algorithm>
#include <optional>
#include <set>

#include "fovea/nn/folding.h"
#include "fovea/nn/model_metadata.h"
#include "fovea/onnx/exporter.h"
#include "fovea/onnx/write.h"

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

// Three and more dimensions have channels first in the file; of three only where a window moves over them, because
// [batch, steps, features] is as common.
bool is_map(const Graph::Argument& argument, const std::vector<FusedLayer>& layers) {
  const std::set<std::string> windows{"conv", "conv_transpose", "max_pool", "avg_pool", "batch_norm", "quantized_conv"};
  if (argument.type.shape.size() != 3) return argument.type.shape.size() > 3;
  return std::ranges::any_of(layers, [&](const FusedLayer& layer) {
    return windows.contains(layer.node.op) && layer.node.operands[0] == argument.value;
  });
}

// Folding is for floating point; integer networks have nothing left to fold.
bool is_quantized(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(), [&](const Graph::Node& node) {
    return std::ranges::any_of(node.results, [&](Ref result) { return graph.type(result).quantization.has_value(); });
  });
}

// ONNX has no arithmetic of 16-bit activations whose integers these are.
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
  Exporter exporter(source);
  for (const Graph::Argument& argument : source.graph.arguments()) {
    if (argument.role == Role::input) exporter.add_input(argument, is_map(argument, layers));
  }
  for (const FusedLayer& layer : layers) {
    const auto found = exports().find(layer.node.op);
    if (found == exports().end()) exporter.complain(layer, "has no ONNX form here");
    found->second(exporter, layer);
  }
  OnnxFile file = exporter.finish();
  file.metadata[metadata_key] = metadata_text(model);
  write_onnx_file(path, file);
}

}  // namespace fovea
