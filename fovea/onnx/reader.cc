#include <algorithm>
#include <set>

#include "fovea/nn/model_metadata.h"
#include "fovea/onnx/channel_order.h"
#include "fovea/onnx/constant_folding.h"
#include "fovea/onnx/importer.h"
#include "fovea/onnx/patterns.h"
#include "fovea/onnx/read.h"

namespace fovea {
namespace {

const ImportTable& imports() {
  static const ImportTable table = [] {
    ImportTable result;
    add_window_imports(result);
    add_product_imports(result);
    add_elementwise_imports(result);
    add_shape_imports(result);
    add_reduction_imports(result);
    add_quantized_imports(result);
    return result;
  }();
  return table;
}

// Whether an input of the file is [batch, channels, spatial...]: what reads it first, past work on single numbers, decides. Of
// four dimensions it is taken for pictures unless it is transposed to channels first (exports of TensorFlow).
bool is_channels_first(const OnnxFile& file, const OnnxPort& port) {
  const std::set<std::string> windows{"Conv",
                                      "ConvTranspose",
                                      "MaxPool",
                                      "AveragePool",
                                      "GlobalAveragePool",
                                      "GlobalMaxPool",
                                      "BatchNormalization",
                                      "InstanceNormalization",
                                      "Resize",
                                      "PRelu"};
  std::set<std::string> same{port.name};
  for (const OnnxNode& node : file.nodes) {
    if (node.inputs.empty() ||
        !std::ranges::any_of(node.inputs, [&](const std::string& input) { return same.contains(input); }))
      continue;
    if (windows.contains(node.type)) return true;
    if (node.type == "Transpose") return false;
    const std::set<std::string> pass{
        "Add", "Sub",    "Mul",  "Div", "Relu", "Clip", "Sigmoid", "Cast", "Identity", "QuantizeLinear", "DequantizeLinear",
        "Pad", "Concat", "Slice"};
    if (pass.contains(node.type)) same.insert(node.outputs.begin(), node.outputs.end());
  }
  return port.shape.size() == 4;
}

// Bytes mean what the DequantizeLinear that reads them says.
TensorType input_type(Importer& importer, const OnnxPort& port, const Shape& shape) {
  TensorType type{shape, port.dtype, {}};
  if (port.dtype == DType::u8 || port.dtype == DType::i8) type.quantization = read_quantization(importer, port);
  return type;
}

void read_inputs(Importer& importer, const OnnxFile& file, const std::string& file_name, const OnnxReadOptions& options) {
  if (file.inputs.empty()) fail("{} has no inputs", file_name);
  const auto own_batch = [](const OnnxPort& port) { return port.shape.empty() ? 0 : port.shape[0]; };
  const int64_t batch = own_batch(file.inputs.front());
  importer.change_batch(batch, options.batch);
  for (const OnnxPort& port : file.inputs) {
    Shape shape = port.shape;
    for (size_t i = 1; i < shape.size(); ++i) {
      if (shape[i] < 1)
        fail("{}: dimension {} of the input \"{}\" is left open; export the network for one size", file_name, i, port.name);
    }
    if (own_batch(port) != batch)
      fail("{}: inputs \"{}\" and \"{}\" are of different batches", file_name, file.inputs.front().name, port.name);
    if (!shape.empty()) shape[0] = options.batch;
    const bool channels_first = reads_channels_first(file, port);
    importer.add_input(port, input_type(importer, port, shape), channels_first);
  }
}

void import_node(Importer& importer, const OnnxNode& node, const std::string& file_name) {
  const auto found = imports().find(node.type);
  const bool standard = node.domain.empty();
  if (importer.is_skipped(node)) return;
  if (standard && fold_constant(importer, node)) return;
  if (standard && import_integers(importer, node, imports())) return;
  if (!standard || found == imports().end())
    fail("{}: node \"{}\" is a {}{}; fovea reads {} operators, docs/onnx.md lists them", file_name, node.title(),
         node.domain.empty() ? "" : node.domain + ".", node.type, imports().size());
  found->second(importer, node);
}

InferenceModel import_file(OnnxFile file, const std::string& file_name, const OnnxReadOptions& options) {
  simplify(file);
  Importer importer(file_name, file);
  read_inputs(importer, file, file_name, options);
  // First of all: a QuantizeLinear is looked at before its turn comes.
  for (const OnnxNode& node : file.nodes) {
    if (node.type == "Constant" && node.domain.empty() && fold_constant(importer, node)) importer.skip(node);
  }
  for (const OnnxNode& node : file.nodes) import_node(importer, node, file_name);
  InferenceModel model = importer.finish();
  model.name = std::filesystem::path(file_name).stem().string();
  const auto metadata = file.metadata.find(metadata_key);
  if (metadata != file.metadata.end()) read_metadata(metadata->second, file_name, model);
  return model;
}

}  // namespace

bool reads_channels_first(const OnnxFile& file, const OnnxPort& port) {
  return port.shape.size() >= 3 && is_channels_first(file, port);
}

InferenceModel read_onnx(const std::filesystem::path& path, const OnnxReadOptions& options) {
  return import_file(read_onnx_file(path), path.string(), options);
}

InferenceModel read_onnx(std::span<const std::byte> bytes, const std::string& name, const OnnxReadOptions& options) {
  return import_file(read_onnx_file(bytes, name), name, options);
}

}  // namespace fovea
