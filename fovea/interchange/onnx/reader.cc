// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "fovea/graph/model_metadata.h"
#include "fovea/interchange/onnx/channel_order.h"
#include "fovea/interchange/onnx/constant_folding.h"
#include "fovea/interchange/onnx/importer.h"
#include "fovea/interchange/onnx/patterns.h"
#include "fovea/interchange/onnx/quantized_nodes.h"
#include "fovea/interchange/onnx/read.h"

namespace fovea {
namespace {

const ImportTable& imports() {
  static const ImportTable table = [] {
    ImportTable result;
    add_window_imports(result);
    add_product_imports(result);
    add_elementwise_imports(result);
    add_activation_imports(result);
    add_comparison_imports(result);
    add_shape_imports(result);
    add_gather_imports(result);
    add_resize_imports(result);
    add_reduction_imports(result);
    add_norm_imports(result);
    add_ranking_imports(result);
    add_quantized_imports(result);
    return result;
  }();
  return table;
}

// Whether an input of the file is [batch, channels, spatial...]. That is decided by its first reader that is not an
// element-wise operator. An input of four dimensions is taken for images unless it is transposed to channels first, as in
// exports from TensorFlow.
bool is_channels_first(const OnnxFile& file, const OnnxPort& port) {
  const std::set<std::string> windows{"Conv",
                                      "ConvTranspose",
                                      "MaxPool",
                                      "AveragePool",
                                      "GlobalAveragePool",
                                      "GlobalMaxPool",
                                      "BatchNormalization",
                                      "InstanceNormalization",
                                      "GroupNormalization",
                                      "LpPool",
                                      "GlobalLpPool",
                                      "LRN",
                                      "Resize",
                                      "Upsample",
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

// Bytes stand for what the node that reads them says, or for themselves without one.
TensorType input_type(Importer& importer, const OnnxPort& port, const Shape& shape) {
  TensorType type{shape, port.dtype == DType::boolean ? DType::f32 : port.dtype, {}};  // booleans are 0 and 1
  if (port.dtype == DType::u8 || port.dtype == DType::i8) type.quantization = read_quantization(importer, port);
  return type;
}

// The file's own batch: the first dimension of its first input; 0 when that is open or there is no dimension.
int64_t own_batch(const OnnxFile& file) {
  const Shape& shape = file.inputs.front().shape;
  return shape.empty() || shape[0] < 1 ? 0 : shape[0];
}

// Inputs that begin with the file's batch, or with an open dimension, get the batch that is asked for; others are unchanged.
void read_inputs(Importer& importer, const OnnxFile& file, const std::string& file_name, const OnnxReadOptions& options) {
  const int64_t own = own_batch(file), batch = options.batch > 0 ? options.batch : std::max<int64_t>(own, 1);
  importer.change_batch(own > 0 ? own : batch, batch);
  for (const OnnxPort& port : file.inputs) {
    Shape shape = port.shape;
    for (size_t i = 1; i < shape.size(); ++i) {
      if (shape[i] < 1)
        fail("{}: dimension {} of the input \"{}\" is left open; export the network for one size", file_name, i, port.name);
    }
    if (!shape.empty() && (shape[0] < 1 || shape[0] == own)) shape[0] = batch;
    const bool channels_first = reads_channels_first(file, port);
    importer.add_input(port, input_type(importer, port, shape), channels_first);
  }
}

// A file that was written for one batch and is read for another must return as many results as there are images. If the file
// says otherwise, what it computes is not independent for each image.
void check_batch(const InferenceModel& model, const OnnxFile& file, const std::string& file_name,
                 const OnnxReadOptions& options) {
  const int64_t own = own_batch(file);
  if (own == 0 || options.batch < 1 || options.batch == own) return;
  for (const OnnxPort& port : file.outputs) {
    const auto found = std::ranges::find(model.graph.results(), port.name, &Graph::Result::name);
    if (port.shape.empty() || port.shape[0] < 1 || found == model.graph.results().end()) continue;
    const Shape& shape = found->type.shape;
    if (shape.empty() || port.shape[0] % own != 0 || shape[0] != port.shape[0] / own * options.batch)
      fail("{} is for a batch of {}: read for {}, its result \"{}\" is {}", file_name, own, options.batch, port.name,
           to_string(shape));
  }
}

void import_node(Importer& importer, const OnnxNode& node, const std::string& file_name);

// An If with a known condition becomes the branch that it takes.
void import_if(Importer& importer, const OnnxNode& node, const std::string& file_name) {
  const Tensor& condition = importer.constant(node, 0);
  if (condition.dtype() != DType::boolean || condition.size() != 1)
    importer.complain(node, "a condition {} {}; one truth value is needed", to_string(condition.shape()),
                      name(condition.dtype()));
  const bool holds = condition.raw()[0] != std::byte{0};
  importer.attribute(node, holds ? "else_branch" : "then_branch");  // counts as read, although it is not taken
  const OnnxAttribute* attribute = importer.attribute(node, holds ? "then_branch" : "else_branch");
  const auto* branch = attribute == nullptr ? nullptr : std::get_if<std::shared_ptr<const OnnxGraph>>(attribute);
  if (branch == nullptr || (*branch)->outputs.size() != node.outputs.size())
    importer.complain(node, "no branch with {} results", node.outputs.size());
  importer.enter(node, **branch);
  for (const OnnxNode& inner : (*branch)->nodes) import_node(importer, inner, file_name);
  for (const OnnxNode& inner : (*branch)->nodes) importer.refuse_unread(inner);
  for (size_t i = 0; i < node.outputs.size(); ++i) importer.set_same(node, i, importer.named(node, (*branch)->outputs[i]));
}

void import_node(Importer& importer, const OnnxNode& node, const std::string& file_name) {
  const auto found = imports().find(node.type);
  const bool standard = node.domain.empty();
  if (importer.is_skipped(node)) return;
  if (standard && node.type == "If") return import_if(importer, node, file_name);
  if (standard && fold_constant(importer, node)) return;
  if (standard && import_integers(importer, node, imports())) return;
  if (!standard || found == imports().end())
    fail("{}: node \"{}\" is a {}{}; fovea reads {} operators, docs/onnx.md lists them", file_name, node.title(),
         node.domain.empty() ? "" : node.domain + ".", node.type, imports().size());
  found->second(importer, node);
}

InferenceModel import_file(OnnxFile file, const std::string& file_name, const OnnxReadOptions& options) {
  if (file.inputs.empty()) fail(ErrorCode::data_loss, "{} has no inputs", file_name);
  spell_out_quantized(file);
  merge_quantized_pairs(file);
  simplify(file);
  Importer importer(file_name, file);
  // Constants come first, because a QuantizeLinear is looked at before its turn.
  for (const OnnxNode& node : file.nodes) {
    if (node.type == "Constant" && node.domain.empty() && fold_constant(importer, node)) importer.skip(node);
  }
  read_inputs(importer, file, file_name, options);
  for (const OnnxNode& node : file.nodes) import_node(importer, node, file_name);
  for (const OnnxNode& node : file.nodes) importer.refuse_unread(node);
  InferenceModel model = importer.finish();
  check_batch(model, file, file_name, options);
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
