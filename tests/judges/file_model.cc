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

std::vector<std::byte> FileModel::bytes(int input, int output) {
  graph_.inputs = {input};
  graph_.outputs = {output};
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
  file::FinishModelBuffer(builder,
                          file::CreateModel(builder, 3, all_codes, graphs, builder.CreateString("operator"), all_buffers));
  const auto* start = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {start, start + builder.GetSize()};
}

Case::Case(OperatorJobs& jobs, std::string name, Shape shape, DType dtype)
    : jobs_(jobs), name_(std::string(fovea::name(dtype)) + "_file_" + std::move(name)), dtype_(dtype) {
  const bool real = dtype == DType::f32 || dtype == DType::i16;
  port_ = {std::move(shape), real ? DType::f32 : DType::u8, {}};
  if (!real) port_.quantization = coding(scale, zero() + (dtype == DType::i8 ? 128 : 0));
  input_ = model.tensor(port_.shape, port_.dtype, port_.quantization);
  x = input_;
  if (dtype != DType::i8 && dtype != DType::i16) return;
  x = model.tensor(port_.shape, dtype, type());
  model.add(BuiltinOperator::QUANTIZE, 1, {input_}, {x}, file::QuantizeOptionsT{});
}

int Case::result(const Shape& shape, const std::optional<Quantization>& quantization) {
  shape_ = shape;
  quantization_ = quantization;
  return y_ = model.tensor(shape, dtype_, quantization);
}

void Case::finish(double within) {
  int output = y_;
  if (dtype_ == DType::i8) {
    Quantization other = *quantization_;
    other.zeros[0] += 128;
    output = model.tensor(shape_, DType::u8, other);
    model.add(BuiltinOperator::QUANTIZE, 1, {y_}, {output}, file::QuantizeOptionsT{});
  }
  if (dtype_ == DType::i16) {
    output = model.tensor(shape_, DType::f32);
    model.add(BuiltinOperator::DEQUANTIZE, 1, {y_}, {output}, file::DequantizeOptionsT{});
  }
  jobs_.add(name_, model.bytes(input_, output), port_, within);
}

}  // namespace fovea::judges
