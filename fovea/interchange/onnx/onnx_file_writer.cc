// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/interchange/onnx/onnx_file.h"
#include "fovea/interchange/onnx/onnx_protobuf.h"

namespace fovea {
namespace {

using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;
using ::onnx::ValueInfoProto;

TensorProto::DataType file_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return TensorProto::FLOAT;
    case DType::f64:
      return TensorProto::DOUBLE;
    case DType::bf16:
      return TensorProto::BFLOAT16;
    case DType::f16:
      return TensorProto::FLOAT16;
    case DType::i8:
      return TensorProto::INT8;
    case DType::u8:
      return TensorProto::UINT8;
    case DType::i16:
      return TensorProto::INT16;
    case DType::i32:
      return TensorProto::INT32;
    case DType::i64:
      return TensorProto::INT64;
    case DType::boolean:
      return TensorProto::BOOL;
  }
  return TensorProto::UNDEFINED;
}

void write_tensor(const std::string& name, const Tensor& tensor, TensorProto& proto) {
  proto.set_name(name);
  proto.set_data_type(file_type(tensor.dtype()));
  for (const int64_t extent : tensor.shape()) proto.add_dims(extent);
  proto.set_raw_data(tensor.raw(), tensor.bytes());
}

void write_node(const OnnxNode& node, NodeProto& proto);

void write_branch(const std::string& name, const OnnxGraph& branch, GraphProto& proto) {
  proto.set_name(name);
  for (const auto& [tensor_name, tensor] : branch.initializers) write_tensor(tensor_name, tensor, *proto.add_initializer());
  for (const OnnxNode& node : branch.nodes) write_node(node, *proto.add_node());
  for (const std::string& input : branch.inputs) proto.add_input()->set_name(input);
  for (const std::string& output : branch.outputs) proto.add_output()->set_name(output);
}

void write_attribute(const std::string& name, const OnnxAttribute& attribute, AttributeProto& proto) {
  proto.set_name(name);
  if (const auto* integer = std::get_if<int64_t>(&attribute)) {
    proto.set_type(AttributeProto::INT);
    proto.set_i(*integer);
  } else if (const auto* number = std::get_if<float>(&attribute)) {
    proto.set_type(AttributeProto::FLOAT);
    proto.set_f(*number);
  } else if (const auto* text = std::get_if<std::string>(&attribute)) {
    proto.set_type(AttributeProto::STRING);
    proto.set_s(*text);
  } else if (const auto* tensor = std::get_if<Tensor>(&attribute)) {
    proto.set_type(AttributeProto::TENSOR);
    write_tensor(name, *tensor, *proto.mutable_t());
  } else if (const auto* integers = std::get_if<std::vector<int64_t>>(&attribute)) {
    proto.set_type(AttributeProto::INTS);
    for (const int64_t each : *integers) proto.add_ints(each);
  } else if (const auto* numbers = std::get_if<std::vector<float>>(&attribute)) {
    proto.set_type(AttributeProto::FLOATS);
    for (const float each : *numbers) proto.add_floats(each);
  } else {
    proto.set_type(AttributeProto::GRAPH);
    write_branch(name, *std::get<std::shared_ptr<const OnnxGraph>>(attribute), *proto.mutable_g());
  }
}

void write_node(const OnnxNode& node, NodeProto& proto) {
  proto.set_name(node.name);
  proto.set_op_type(node.type);
  if (!node.domain.empty()) proto.set_domain(node.domain);
  for (const std::string& input : node.inputs) proto.add_input(input);
  for (const std::string& output : node.outputs) proto.add_output(output);
  for (const auto& [name, attribute] : node.attributes) write_attribute(name, attribute, *proto.add_attribute());
}

void write_port(const OnnxPort& port, ValueInfoProto& proto) {
  proto.set_name(port.name);
  auto& type = *proto.mutable_type()->mutable_tensor_type();
  type.set_elem_type(file_type(port.dtype));
  type.mutable_shape();
  for (const int64_t extent : port.shape) type.mutable_shape()->add_dim()->set_dim_value(extent);
}

}  // namespace

void write_onnx_file(const std::filesystem::path& path, const OnnxFile& file) {
  ModelProto model;
  model.set_ir_version(7);
  model.set_producer_name("fovea");
  auto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(file.opset);
  GraphProto& graph = *model.mutable_graph();
  graph.set_name(file.graph_name);
  for (const auto& [name, tensor] : file.initializers) write_tensor(name, tensor, *graph.add_initializer());
  for (const OnnxNode& node : file.nodes) write_node(node, *graph.add_node());
  for (const OnnxPort& port : file.inputs) write_port(port, *graph.add_input());
  for (const OnnxPort& port : file.outputs) write_port(port, *graph.add_output());
  for (const auto& [key, value] : file.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  if (model.ByteSizeLong() > 0x7fffffff)
    fail("{}: {} bytes; an ONNX file holds at most 2 GiB", path.string(), model.ByteSizeLong());
  std::string bytes;
  if (!model.SerializeToString(&bytes)) fail("{}: the model could not be serialized", path.string());
  write_text(path, bytes);
}

}  // namespace fovea
