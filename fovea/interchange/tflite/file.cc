// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/tflite/file.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/interchange/tflite/sparse.h"

namespace fovea::tflite {
namespace {

constexpr size_t most_ranks = 8;
constexpr double most_elements = 1e10;

// The operator's number; older files store it in a byte only (schema, OperatorCode).
BuiltinOperator code_of(const OperatorCode& code) {
  return std::max(code.builtin_code(), static_cast<BuiltinOperator>(code.deprecated_builtin_code()));
}

std::optional<Quantization> quantization_of(const QuantizationParameters* table, const Shape& shape, const std::string& user) {
  if (!table || !table->scale() || table->scale()->size() == 0) return std::nullopt;
  if (table->details()) fail("{}: a kind of quantization that is no scale and zero point", user);
  Quantization quantization{.scales = {table->scale()->begin(), table->scale()->end()}};
  const size_t count = quantization.scales.size();
  if (table->zero_point() && table->zero_point()->size() > 0) {
    // The verifier of flatbuffers checks 4 bytes of alignment, and not the 8 that these numbers need.
    quantization.zeros.resize(table->zero_point()->size());
    std::memcpy(quantization.zeros.data(), table->zero_point()->Data(), quantization.zeros.size() * sizeof(int64_t));
  }
  if (quantization.zeros.empty()) quantization.zeros.assign(count, 0);
  if (quantization.zeros.size() == 1) quantization.zeros.resize(count, quantization.zeros[0]);
  if (quantization.zeros.size() != count)
    fail(ErrorCode::data_loss, "{}: {} scales and {} zero points", user, count, quantization.zeros.size());
  for (const float scale : quantization.scales)
    if (!std::isfinite(scale) || scale < 0) fail(ErrorCode::data_loss, "{}: scale {}; scales are above 0", user, scale);
  if (count == 1) return quantization;
  // A bias written by the converters of 2019 has the dimension of its filter.
  quantization.axis = shape.size() == 1 ? 0 : table->quantized_dimension();
  if (quantization.axis < 0 || quantization.axis >= std::ssize(shape) ||
      shape[static_cast<size_t>(quantization.axis)] != static_cast<int64_t>(count))
    fail(ErrorCode::data_loss, "{}: {} scales by dimension {} do not fit {}", user, count, quantization.axis, to_string(shape));
  return quantization;
}

Shape shape_of(const schema::Tensor& table, const std::string& user) {
  Shape shape;
  if (table.shape()) shape.assign(table.shape()->begin(), table.shape()->end());
  if (shape.size() > most_ranks) fail("{} has {} dimensions; at most {} are read", user, shape.size(), most_ranks);
  for (const int64_t size : shape)
    if (size < 0) fail(ErrorCode::data_loss, "{} has shape {}; a size is below 0", user, to_string(shape));
  double count = 1;
  for (const int64_t size : shape) count *= static_cast<double>(size);
  if (count > most_elements) fail("{} is {}, more than any network here holds", user, to_string(shape));
  return shape;
}

// Integers of 4 bits, two in a byte with the first in the lower half, as bytes.
std::vector<std::byte> unpacked(std::span<const std::byte> packed, int64_t count, const std::string& user) {
  if (std::ssize(packed) != (count + 1) / 2)
    fail(ErrorCode::data_loss, "{}: {} bytes of data for {} integers of 4 bits", user, packed.size(), count);
  std::vector<std::byte> result(static_cast<size_t>(count));
  for (size_t i = 0; i < result.size(); ++i) {
    const unsigned half = static_cast<unsigned>(packed[i / 2]) >> (i % 2 * 4) & 15;
    result[i] = static_cast<std::byte>(half < 8 ? half : half + 240);
  }
  return result;
}

std::vector<bool> open_dims(const schema::Tensor& table) {
  std::vector<bool> open;
  if (!table.shape_signature() || table.shape_signature()->size() > most_ranks) return open;
  for (const int32_t size : *table.shape_signature()) open.push_back(size < 0);
  return open;
}

}  // namespace

std::optional<DType> dtype_of(schema::TensorType type) {
  switch (type) {
    case schema::TensorType::FLOAT32:
      return DType::f32;
    case schema::TensorType::FLOAT16:
      return DType::f16;
    case schema::TensorType::FLOAT64:
      return DType::f64;
    case schema::TensorType::INT8:
      return DType::i8;
    case schema::TensorType::UINT8:
      return DType::u8;
    case schema::TensorType::INT16:
      return DType::i16;
    case schema::TensorType::INT32:
      return DType::i32;
    case schema::TensorType::INT64:
      return DType::i64;
    case schema::TensorType::BOOL:
      return DType::boolean;
    default:
      return std::nullopt;
  }
}

std::string_view FileOperator::custom_name() const {
  constexpr std::string_view before = "CUSTOM (";
  if (code != BuiltinOperator::CUSTOM || !name.starts_with(before)) return {};
  return std::string_view(name).substr(before.size(), name.size() - before.size() - 1);
}

File::File(const std::filesystem::path& path) : File(read_file(path), path.string()) {}

File::File(std::vector<std::byte> bytes, std::string name) : name_(std::move(name)), bytes_(std::move(bytes)) { read(); }

void File::read() {
  const auto* start = reinterpret_cast<const uint8_t*>(bytes_.data());
  if (bytes_.size() < 8 || !schema::ModelBufferHasIdentifier(start))
    fail(ErrorCode::data_loss, "{} is no TensorFlow Lite file", name_);
  flatbuffers::Verifier verifier(start, bytes_.size(), 64, 10'000'000);
  if (!schema::VerifyModelBuffer(verifier))
    fail(ErrorCode::data_loss, "{}: a damaged TensorFlow Lite file (its tables do not fit its length)", name_);
  model_ = schema::GetModel(start);
  if (model_->version() != 3) fail("{}: version {} of the format; version 3 is read", name_, model_->version());
  if (!model_->subgraphs() || model_->subgraphs()->size() == 0) fail(ErrorCode::data_loss, "{} holds no network", name_);
  const SubGraph& graph = *model_->subgraphs()->Get(0);
  if (!graph.tensors() || !graph.operators())
    fail(ErrorCode::data_loss, "{} holds a network without tensors or operators", name_);
  for (size_t i = 0; i < graph.tensors()->size(); ++i)
    tensors_.push_back(read_tensor(i, *graph.tensors()->Get(static_cast<flatbuffers::uoffset_t>(i))));
  for (size_t i = 0; i < graph.operators()->size(); ++i)
    operators_.push_back(read_operator(i, *graph.operators()->Get(static_cast<flatbuffers::uoffset_t>(i))));
  inputs_ = tensor_indices(graph.inputs(), false, name_ + ": the network's inputs");
  outputs_ = tensor_indices(graph.outputs(), false, name_ + ": the network's outputs");
  read_signatures();
}

// Reads the signatures of the first network. When several name a tensor, the first name is used.
void File::read_signatures() {
  if (!model_->signature_defs()) return;
  const auto read_names = [&](const auto* entries, std::map<std::string, int>& names) {
    if (!entries) return;
    for (const schema::TensorMap* entry : *entries) {
      if (!entry->name()) continue;
      if (entry->tensor_index() >= tensors_.size())
        fail(ErrorCode::data_loss, "{}: its signature's \"{}\" is tensor {} of {}", name_, entry->name()->str(),
             entry->tensor_index(), tensors_.size());
      names.emplace(entry->name()->str(), static_cast<int>(entry->tensor_index()));
    }
  };
  for (const schema::SignatureDef* signature : *model_->signature_defs()) {
    if (signature->subgraph_index() != 0) continue;
    read_names(signature->inputs(), signature_inputs_);
    read_names(signature->outputs(), signature_outputs_);
  }
}

std::span<const std::byte> File::buffer(uint64_t index, const std::string& user) const {
  if (index == 0) return {};
  if (!model_->buffers() || index >= model_->buffers()->size())
    fail(ErrorCode::data_loss, "{}: buffer {} of {}", user, index, model_->buffers() ? model_->buffers()->size() : 0);
  const Buffer& buffer = *model_->buffers()->Get(static_cast<flatbuffers::uoffset_t>(index));
  if (buffer.offset() > 1) fail("{}: its data lie outside the flatbuffer, as in files above 2 GiB, which are not read", user);
  if (!buffer.data()) return {};
  return {reinterpret_cast<const std::byte*>(buffer.data()->data()), buffer.data()->size()};
}

FileTensor File::read_tensor(size_t index, const schema::Tensor& table) {
  FileTensor tensor;
  if (table.name()) tensor.name = table.name()->str();
  const std::string user = fmt::format("{}: tensor {} \"{}\"", name_, index, tensor.name);
  tensor.shape = shape_of(table, user);
  tensor.type = table.type();
  tensor.quantization = quantization_of(table.quantization(), tensor.shape, user);
  // Bytes without a scale stand for themselves.
  if (tensor.type == schema::TensorType::UINT8 && !tensor.quantization) tensor.quantization = {.scales = {1}, .zeros = {0}};
  tensor.data = buffer(table.buffer(), user);
  tensor.open = open_dims(table);
  tensor.resizable = tensor.open.size() > 1 && std::find(tensor.open.begin() + 1, tensor.open.end(), true) != tensor.open.end();
  if (table.sparsity() && !tensor.data.empty()) {
    const std::optional<DType> dtype = dtype_of(tensor.type);
    if (!dtype) fail("{} holds {} sparsely, which is not read", user, schema::EnumNameTensorType(tensor.type));
    tensor.data = dense_.emplace_back(dense_bytes(*table.sparsity(), tensor.shape, byte_size(*dtype), tensor.data, user));
  }
  if (table.is_variable()) fail("{} is a variable kept between runs, which is not read", user);
  if (tensor.data.empty()) return tensor;
  if (tensor.type == schema::TensorType::INT4) {
    tensor.data = dense_.emplace_back(unpacked(tensor.data, element_count(tensor.shape), user));
    tensor.type = schema::TensorType::INT8;
    tensor.four_bits = true;
  }
  if (const std::optional<DType> dtype = dtype_of(tensor.type)) {
    const size_t wanted = static_cast<size_t>(element_count(tensor.shape)) * byte_size(*dtype);
    if (tensor.data.size() != wanted)
      fail(ErrorCode::data_loss, "{}: {} bytes of data for {} {}, which take {}", user, tensor.data.size(),
           to_string(tensor.shape), fovea::name(*dtype), wanted);
  }
  return tensor;
}

std::vector<int> File::tensor_indices(const flatbuffers::Vector<int32_t>* indices, bool optional,
                                      const std::string& user) const {
  std::vector<int> result;
  if (!indices) return result;
  for (const int32_t index : *indices) {
    const bool fits = index >= 0 && static_cast<size_t>(index) < tensors_.size();
    if (!fits && !(optional && index == -1)) fail(ErrorCode::data_loss, "{}: tensor {} of {}", user, index, tensors_.size());
    result.push_back(index);
  }
  return result;
}

FileOperator File::read_operator(size_t index, const Operator& table) const {
  const auto* codes = model_->operator_codes();
  const std::string user = fmt::format("{}: operator {}", name_, index);
  if (!codes || table.opcode_index() >= codes->size())
    fail(ErrorCode::data_loss, "{}: kind {} of {}", user, table.opcode_index(), codes ? codes->size() : 0);
  const OperatorCode& code = *codes->Get(table.opcode_index());
  FileOperator result{.code = code_of(code), .table = &table};
  result.name = schema::EnumNameBuiltinOperator(result.code);
  if (result.name.empty()) result.name = fmt::format("number {}", static_cast<int>(result.code));
  if (result.code == BuiltinOperator::CUSTOM && code.custom_code())
    result.name = fmt::format("CUSTOM ({})", code.custom_code()->str());
  if (table.custom_options())
    result.custom_options = {reinterpret_cast<const std::byte*>(table.custom_options()->data()),
                             table.custom_options()->size()};
  result.version = code.version();
  result.inputs = tensor_indices(table.inputs(), true, user);
  result.outputs = tensor_indices(table.outputs(), false, user);
  for (const int output : result.outputs)
    if (tensors_[static_cast<size_t>(output)].constant())
      fail(ErrorCode::data_loss, "{} writes tensor {}, a constant", user, output);
  return result;
}

std::string_view File::metadata(std::string_view name) const {
  if (!model_->metadata()) return {};
  for (const Metadata* entry : *model_->metadata()) {
    if (!entry->name() || entry->name()->string_view() != name) continue;
    const std::span<const std::byte> bytes = buffer(entry->buffer(), fmt::format("{}: metadata \"{}\"", name_, name));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  return {};
}

Tensor File::constant(int tensor) const {
  const FileTensor& source = tensors_.at(static_cast<size_t>(tensor));
  const std::optional<DType> dtype = dtype_of(source.type);
  if (!dtype)
    fail("{}: tensor {} \"{}\" holds {}, which is not read", name_, tensor, source.name,
         schema::EnumNameTensorType(source.type));
  const bool truth = *dtype == DType::boolean;
  Tensor result(source.shape, truth ? DType::i8 : *dtype);
  if (source.data.empty()) return result;
  std::memcpy(result.raw(), source.data.data(), result.bytes());
  for (size_t i = 0; truth && i < result.bytes(); ++i)
    result.raw()[i] = static_cast<std::byte>(result.raw()[i] != std::byte{0});
  return result;
}

}  // namespace fovea::tflite
