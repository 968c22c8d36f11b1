// SPDX-License-Identifier: Apache-2.0
#include "tests/judges/file_model.h"

#include <algorithm>

namespace fovea::judges {

Quantization coding(float scale, int64_t zero) { return {.scales = {scale}, .zeros = {zero}}; }

file::TensorType FileModel::type_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return file::TensorType::FLOAT32;
    case DType::f16:
      return file::TensorType::FLOAT16;
    case DType::u8:
      return file::TensorType::UINT8;
    case DType::i8:
      return file::TensorType::INT8;
    case DType::i16:
      return file::TensorType::INT16;
    case DType::i64:
      return file::TensorType::INT64;
    case DType::boolean:
      return file::TensorType::BOOL;
    default:
      return file::TensorType::INT32;
  }
}

int FileModel::tensor(const Shape& shape, DType dtype, const std::optional<Quantization>& quantization, const Tensor& values) {
  auto table = std::make_unique<file::TensorT>();
  table->shape.assign(shape.begin(), shape.end());
  table->type = type_of(dtype);
  table->name = "tensor" + std::to_string(graph_.tensors.size());
  if (quantization) {
    table->quantization = std::make_unique<file::QuantizationParametersT>();
    table->quantization->scale = quantization->scales;
    table->quantization->zero_point = quantization->zeros;
    table->quantization->quantized_dimension = static_cast<int32_t>(std::max<int64_t>(quantization->axis, 0));
  }
  if (!values.empty()) {
    table->buffer = static_cast<uint32_t>(buffers_.size());
    buffers_.push_back(values);
  }
  graph_.tensors.push_back(std::move(table));
  return static_cast<int>(graph_.tensors.size()) - 1;
}
int FileModel::integers(const std::vector<int64_t>& numbers, const Shape& shape) {
  Tensor values(shape, DType::i32);
  std::ranges::transform(numbers, values.data<int32_t>(), [](int64_t number) { return static_cast<int32_t>(number); });
  return tensor(shape, DType::i32, {}, values);
}

void FileModel::add(BuiltinOperator code, int version, std::vector<int> inputs, std::vector<int> outputs) {
  add(code, version, std::move(inputs), std::move(outputs), file::AddNOptionsT{});
  graph_.operators.back()->builtin_options.Reset();
}

void FileModel::add_custom(const std::string& name, const std::vector<std::byte>& options, std::vector<int> inputs,
                           std::vector<int> outputs) {
  add(BuiltinOperator::CUSTOM, 1, std::move(inputs), std::move(outputs));
  codes_.back()->custom_code = name;
  for (const std::byte byte : options) graph_.operators.back()->custom_options.push_back(static_cast<uint8_t>(byte));
}

void FileModel::name_port(bool input, const std::string& name, int tensor) {
  auto entry = std::make_unique<file::TensorMapT>();
  entry->name = name;
  entry->tensor_index = static_cast<uint32_t>(tensor);
  (input ? signature_.inputs : signature_.outputs).push_back(std::move(entry));
}

void FileModel::add_metadata(const std::string& name, const std::vector<std::byte>& content) {
  Tensor values({std::ssize(content)}, DType::u8);
  std::ranges::copy(content, values.raw());
  metadata_.emplace_back(name, static_cast<uint32_t>(buffers_.size()));
  buffers_.push_back(values);
}

std::vector<std::byte> FileModel::bytes(const std::vector<int>& inputs, const std::vector<int>& outputs) {
  graph_.inputs = inputs;
  graph_.outputs = outputs;
  flatbuffers::FlatBufferBuilder builder;
  std::vector<flatbuffers::Offset<file::Buffer>> buffers;
  for (const Tensor& values : buffers_) {
    if (values.empty()) {
      buffers.push_back(file::CreateBuffer(builder));
      continue;
    }
    builder.ForceVectorAlignment(values.bytes(), 1, 16);
    buffers.push_back(
        file::CreateBuffer(builder, builder.CreateVector(reinterpret_cast<const uint8_t*>(values.raw()), values.bytes())));
  }
  const auto all_buffers = builder.CreateVector(buffers);
  std::vector<flatbuffers::Offset<file::OperatorCode>> codes;
  for (const auto& code : codes_) codes.push_back(file::CreateOperatorCode(builder, code.get()));
  const auto all_codes = builder.CreateVector(codes);
  const auto graphs = builder.CreateVector(std::vector{file::CreateSubGraph(builder, &graph_)});
  std::vector<flatbuffers::Offset<file::Metadata>> entries;
  for (const auto& [name, buffer] : metadata_) entries.push_back(file::CreateMetadataDirect(builder, name.c_str(), buffer));
  const auto all_entries = builder.CreateVector(entries);
  std::vector<flatbuffers::Offset<file::SignatureDef>> signatures;
  if (!signature_.inputs.empty() || !signature_.outputs.empty())
    signatures.push_back(file::CreateSignatureDef(builder, &signature_));
  const auto all_signatures = builder.CreateVector(signatures);
  file::FinishModelBuffer(builder, file::CreateModel(builder, 3, all_codes, graphs, builder.CreateString("operator"),
                                                     all_buffers, 0, all_entries, all_signatures));
  const auto* start = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {start, start + builder.GetSize()};
}

}  // namespace fovea::judges
