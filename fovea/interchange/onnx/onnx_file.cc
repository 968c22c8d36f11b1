// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/onnx_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/interchange/onnx/onnx_protobuf.h"

namespace fovea {
namespace {

using ::onnx::AttributeProto;
using ::onnx::GraphProto;
using ::onnx::ModelProto;
using ::onnx::NodeProto;
using ::onnx::TensorProto;
using ::onnx::ValueInfoProto;

// Two integers in a byte, the first in the low half; the protobuf classes of older releases have no names for these types.
constexpr int four_bits_unsigned = 21, four_bits_signed = 22;
bool is_four_bits(int type) { return type == four_bits_unsigned || type == four_bits_signed; }

// The type that a tensor is read into; fails for types that no inference here needs.
DType dtype_of_file(int type, const std::string& where) {
  switch (type) {
    case TensorProto::FLOAT:
    case TensorProto::DOUBLE:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      return DType::f32;
    case TensorProto::INT8:
    case four_bits_signed:
      return DType::i8;
    case TensorProto::UINT8:
    case four_bits_unsigned:
      return DType::u8;
    case TensorProto::INT16:
      return DType::i16;
    case TensorProto::INT32:
      return DType::i32;
    case TensorProto::INT64:
      return DType::i64;
    case TensorProto::BOOL:
      return DType::boolean;
    default:
      fail("{} holds elements of ONNX type {}; fovea reads floating point, signed integers, uint8 and bool", where,
           TensorProto::DataType_IsValid(type) ? TensorProto::DataType_Name(static_cast<TensorProto::DataType>(type))
                                               : std::to_string(type));
  }
}

size_t bytes_in_file(int type) {
  switch (type) {
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
      return 8;
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::INT16:
      return 2;
    case TensorProto::INT8:
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return 1;
    default:
      return 4;
  }
}

float from_half(uint16_t half) {
  const int exponent = (half >> 10) & 31, fraction = half & 1023;
  const float sign = (half & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31)
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

float from_bfloat(uint16_t number) { return std::bit_cast<float>(static_cast<uint32_t>(number) << 16); }

// Converts `count` unaligned numbers of type From at `data`, one by one.
template <typename From, typename Convert>
void convert(const char* data, Tensor& tensor, Convert how) {
  float* to = tensor.data<float>();
  for (int64_t i = 0; i < tensor.size(); ++i) {
    From number;
    std::memcpy(&number, data + static_cast<size_t>(i) * sizeof(From), sizeof(From));
    to[i] = how(number);
  }
}

void take_raw(int type, const char* data, Tensor& tensor) {
  if (tensor.empty()) return;
  if (type == TensorProto::DOUBLE)
    convert<double>(data, tensor, [](double x) { return static_cast<float>(x); });
  else if (type == TensorProto::FLOAT16)
    convert<uint16_t>(data, tensor, from_half);
  else if (type == TensorProto::BFLOAT16)
    convert<uint16_t>(data, tensor, from_bfloat);
  else
    std::memcpy(tensor.raw(), data, tensor.bytes());
}

template <typename To, typename Numbers>
void take_numbers(const Numbers& numbers, Tensor& tensor) {
  To* to = reinterpret_cast<To*>(tensor.raw());
  for (const auto number : numbers) *to++ = static_cast<To>(number);
}

// Reads the typed fields: 32-bit fields contain all smaller types, halves as their bits.
void take_typed(const TensorProto& proto, Tensor& tensor) {
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return take_numbers<float>(proto.float_data(), tensor);
    case TensorProto::DOUBLE:
      return take_numbers<float>(proto.double_data(), tensor);
    case TensorProto::INT64:
      return take_numbers<int64_t>(proto.int64_data(), tensor);
    case TensorProto::INT32:
      return take_numbers<int32_t>(proto.int32_data(), tensor);
    case TensorProto::INT16:
      return take_numbers<int16_t>(proto.int32_data(), tensor);
    case TensorProto::INT8:
      return take_numbers<int8_t>(proto.int32_data(), tensor);
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return take_numbers<uint8_t>(proto.int32_data(), tensor);
    default: {
      float* to = tensor.data<float>();
      for (const int32_t bits : proto.int32_data()) {
        const auto half = static_cast<uint16_t>(bits);
        *to++ = proto.data_type() == TensorProto::FLOAT16 ? from_half(half) : from_bfloat(half);
      }
    }
  }
}

int typed_count(const TensorProto& proto) {
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return proto.float_data_size();
    case TensorProto::DOUBLE:
      return proto.double_data_size();
    case TensorProto::INT64:
      return proto.int64_data_size();
    default:
      return proto.int32_data_size();
  }
}

void take_four_bits(int type, const char* data, Tensor& tensor) {
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const int both = static_cast<unsigned char>(data[i / 2]), half = i % 2 == 0 ? both & 15 : both >> 4;
    tensor.raw()[i] = static_cast<std::byte>(type == four_bits_signed && half > 7 ? half - 16 : half);
  }
}

class FileReader {
 public:
  FileReader(std::string file, std::optional<std::filesystem::path> folder)
      : file_(std::move(file)), folder_(std::move(folder)) {}

  OnnxFile read(std::span<const std::byte> bytes);

 private:
  Tensor tensor(const TensorProto& proto, const std::string& where) const;
  Tensor four_bits(const TensorProto& proto, const Shape& shape, uint64_t count, const std::string& where) const;
  void external_data(const TensorProto& proto, const std::string& where, uint64_t length, std::vector<std::byte>& bytes) const;
  OnnxAttribute attribute(const AttributeProto& proto, const std::string& where) const;
  OnnxGraph branch(const GraphProto& proto) const;
  OnnxNode node(const NodeProto& proto) const;
  OnnxPort port(const ValueInfoProto& proto) const;
  int64_t opset(const ModelProto& model) const;

  std::string file_;
  std::optional<std::filesystem::path> folder_;  // of the model; none when only its bytes are given
};

Tensor FileReader::tensor(const TensorProto& proto, const std::string& where) const {
  const DType dtype = dtype_of_file(proto.data_type(), where);
  const Shape shape(proto.dims().begin(), proto.dims().end());
  if (std::ranges::any_of(shape, [](int64_t extent) { return extent < 0; }))
    fail(ErrorCode::data_loss, "{} has the impossible shape {}", where, to_string(shape));
  const auto count = static_cast<uint64_t>(element_count(shape));
  if (is_four_bits(proto.data_type())) return four_bits(proto, shape, count, where);
  const size_t element = bytes_in_file(proto.data_type());
  if (proto.data_location() == TensorProto::EXTERNAL) {
    std::vector<std::byte> bytes;
    external_data(proto, where, count * element, bytes);
    Tensor tensor(shape, dtype);
    take_raw(proto.data_type(), reinterpret_cast<const char*>(bytes.data()), tensor);
    return tensor;
  }
  // The count is compared before memory is allocated for it.
  if (proto.has_raw_data() && (count > proto.raw_data().size() || proto.raw_data().size() != count * element))
    fail(ErrorCode::data_loss, "{} of shape {} has {} bytes of data", where, to_string(shape), proto.raw_data().size());
  if (!proto.has_raw_data() && static_cast<uint64_t>(typed_count(proto)) != count)
    fail(ErrorCode::data_loss, "{} of shape {} has {} numbers", where, to_string(shape), typed_count(proto));
  Tensor tensor(shape, dtype);
  if (proto.has_raw_data())
    take_raw(proto.data_type(), proto.raw_data().data(), tensor);
  else
    take_typed(proto, tensor);
  return tensor;
}

Tensor FileReader::four_bits(const TensorProto& proto, const Shape& shape, uint64_t count, const std::string& where) const {
  const uint64_t length = count / 2 + count % 2;
  std::vector<std::byte> bytes;
  if (proto.data_location() == TensorProto::EXTERNAL) {
    external_data(proto, where, length, bytes);
  } else {
    const auto given = static_cast<uint64_t>(proto.has_raw_data() ? std::ssize(proto.raw_data()) : proto.int32_data_size());
    if (given != length) fail(ErrorCode::data_loss, "{} of shape {} has {} bytes of data", where, to_string(shape), given);
    for (const char byte : proto.raw_data()) bytes.push_back(static_cast<std::byte>(byte));
    if (!proto.has_raw_data())
      for (const int32_t pair : proto.int32_data()) bytes.push_back(static_cast<std::byte>(pair & 255));
  }
  Tensor tensor(shape, dtype_of_file(proto.data_type(), where));
  take_four_bits(proto.data_type(), reinterpret_cast<const char*>(bytes.data()), tensor);
  return tensor;
}

// A name that leads out of the model's folder is refused, because a model may come from anywhere.
void FileReader::external_data(const TensorProto& proto, const std::string& where, uint64_t length,
                               std::vector<std::byte>& bytes) const {
  std::string location;
  uint64_t offset = 0;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") {
      try {
        offset = std::stoull(entry.value());
      } catch (const std::exception&) {
        fail(ErrorCode::data_loss, "{}: offset \"{}\" of its data is no number", where, entry.value());
      }
    }
  }
  const std::filesystem::path name = location;
  if (location.empty() || name.is_absolute() || name.has_parent_path() || location == "..")
    fail("{}: its data is in \"{}\"; data of a model must be a file in the model's own folder", where, location);
  if (!folder_) fail("{}: its data is in another file", where);
  const std::filesystem::path data = *folder_ / name;
  std::error_code error;
  if (std::filesystem::is_symlink(data, error)) fail("{}: its data \"{}\" is a link; it must be a file", where, location);
  const uint64_t size = std::filesystem::file_size(data, error);
  if (error) fail(code_of_errno(error.value()), "{}: its data {}: {}", where, data.string(), error.message());
  if (offset > size || length > size - offset)
    fail(ErrorCode::data_loss, "{}: its data {} ends before it", where, data.string());
  read_part(data, offset, length, bytes);
}

OnnxAttribute FileReader::attribute(const AttributeProto& proto, const std::string& where) const {
  switch (proto.type()) {
    case AttributeProto::INT:
      return static_cast<int64_t>(proto.i());
    case AttributeProto::FLOAT:
      return proto.f();
    case AttributeProto::STRING:
      return proto.s();
    case AttributeProto::TENSOR:
      return tensor(proto.t(), where);
    case AttributeProto::INTS:
      return std::vector<int64_t>(proto.ints().begin(), proto.ints().end());
    case AttributeProto::FLOATS:
      return std::vector<float>(proto.floats().begin(), proto.floats().end());
    case AttributeProto::GRAPH:
      return std::make_shared<const OnnxGraph>(branch(proto.g()));
    default:
      fail("{} is of type {}; fovea reads numbers, strings and tensors", where,
           AttributeProto::AttributeType_Name(proto.type()));
  }
}

OnnxGraph FileReader::branch(const GraphProto& proto) const {
  OnnxGraph result;
  if (proto.sparse_initializer_size() > 0) fail("{} holds sparse tensors; fovea reads dense ones", file_);
  for (const TensorProto& each : proto.initializer())
    result.initializers[each.name()] = tensor(each, fmt::format("{}: tensor \"{}\"", file_, each.name()));
  for (const NodeProto& each : proto.node()) result.nodes.push_back(node(each));
  for (const ValueInfoProto& each : proto.input()) result.inputs.push_back(each.name());
  for (const ValueInfoProto& each : proto.output()) result.outputs.push_back(each.name());
  return result;
}

OnnxNode FileReader::node(const NodeProto& proto) const {
  OnnxNode node{.name = proto.name(),
                .type = proto.op_type(),
                .domain = proto.domain() == "ai.onnx" ? "" : proto.domain(),
                .inputs = {proto.input().begin(), proto.input().end()},
                .outputs = {proto.output().begin(), proto.output().end()},
                .attributes = {}};
  for (const AttributeProto& each : proto.attribute()) {
    const std::string where = fmt::format("{}: node \"{}\" ({}): attribute {}", file_, node.title(), node.type, each.name());
    node.attributes.emplace(each.name(), attribute(each, where));
  }
  return node;
}

OnnxPort FileReader::port(const ValueInfoProto& proto) const {
  const std::string where = fmt::format("{}: \"{}\"", file_, proto.name());
  if (!proto.type().has_tensor_type()) fail(ErrorCode::data_loss, "{} is not a tensor", where);
  const auto& type = proto.type().tensor_type();
  OnnxPort port{.name = proto.name(), .dtype = dtype_of_file(type.elem_type(), where), .shape = {}};
  for (const auto& dimension : type.shape().dim())
    port.shape.push_back(dimension.has_dim_value() && dimension.dim_value() > 0 ? dimension.dim_value() : -1);
  return port;
}

int64_t FileReader::opset(const ModelProto& model) const {
  for (const auto& import : model.opset_import()) {
    if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
    if (import.version() < 7 || import.version() > 22)
      fail("{} is of ONNX opset {}; fovea reads opsets 7 to 22", file_, import.version());
    return import.version();
  }
  fail(ErrorCode::data_loss, "{} says no opset; it is no ONNX model", file_);
}

OnnxFile FileReader::read(std::span<const std::byte> bytes) {
  ModelProto model;
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    fail(ErrorCode::data_loss, "{} is no ONNX model: not a protobuf message of its kind, or cut short", file_);
  if (!model.has_graph() || model.graph().node_size() == 0)
    fail(ErrorCode::data_loss, "{} is no ONNX model: it has no nodes", file_);
  const GraphProto& graph = model.graph();
  OnnxFile result{.opset = opset(model),
                  .graph_name = graph.name(),
                  .nodes = {},
                  .initializers = {},
                  .inputs = {},
                  .outputs = {},
                  .element_types = {},
                  .metadata = {}};
  if (graph.sparse_initializer_size() > 0) fail("{} holds sparse tensors; fovea reads dense ones", file_);
  for (const TensorProto& each : graph.initializer())
    result.initializers[each.name()] = tensor(each, fmt::format("{}: tensor \"{}\"", file_, each.name()));
  for (const NodeProto& each : graph.node()) result.nodes.push_back(node(each));
  for (const ValueInfoProto& each : graph.input()) {
    if (!result.initializers.contains(each.name())) result.inputs.push_back(port(each));
  }
  for (const ValueInfoProto& each : graph.output()) result.outputs.push_back(port(each));
  for (const TensorProto& each : graph.initializer()) result.element_types[each.name()] = each.data_type();
  for (const auto* values : {&graph.value_info(), &graph.input(), &graph.output()}) {
    for (const ValueInfoProto& each : *values) result.element_types[each.name()] = each.type().tensor_type().elem_type();
  }
  for (const auto& entry : model.metadata_props()) result.metadata[entry.key()] = entry.value();
  return result;
}

}  // namespace

std::string OnnxNode::title() const { return !name.empty() ? name : outputs.empty() ? "" : outputs.front(); }

std::vector<std::string> names_read(const OnnxNode& node) {
  std::vector<std::string> names = node.inputs;
  for (const auto& [name, attribute] : node.attributes) {
    const auto* branch = std::get_if<std::shared_ptr<const OnnxGraph>>(&attribute);
    if (branch == nullptr) continue;
    names.insert(names.end(), (*branch)->outputs.begin(), (*branch)->outputs.end());
    for (const OnnxNode& inner : (*branch)->nodes) {
      const std::vector<std::string> read = names_read(inner);
      names.insert(names.end(), read.begin(), read.end());
    }
  }
  return names;
}

OnnxFile read_onnx_file(const std::filesystem::path& path) {
  return FileReader(path.string(), path.parent_path()).read(read_file(path));
}

OnnxFile read_onnx_file(std::span<const std::byte> bytes, const std::string& name) {
  return FileReader(name, std::nullopt).read(bytes);
}

}  // namespace fovea
