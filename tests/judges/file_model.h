// .tflite files of one operator, written table by table: what our writer never makes, but our reader reads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/tflite/file.h"
#include "tests/judges/operator_jobs.h"

namespace fovea::judges {

using tflite::BuiltinOperator;
namespace file = tflite::schema;

Quantization coding(float scale, int64_t zero);

// A file under construction. Its input is u8 or f32, because LiteRT's page takes these.
class FileModel {
 public:
  FileModel() { buffers_.emplace_back(); }

  int tensor(const Shape& shape, DType dtype, const std::optional<Quantization>& quantization = {}, const Tensor& values = {});
  int integers(const std::vector<int64_t>& numbers, const Shape& shape);
  int integers(const std::vector<int64_t>& numbers) { return integers(numbers, {std::ssize(numbers)}); }

  template <typename Options>
  void add(BuiltinOperator code, int version, std::vector<int> inputs, std::vector<int> outputs, Options options) {
    auto op = std::make_unique<file::OperatorT>();
    op->opcode_index = static_cast<uint32_t>(codes_.size());
    op->inputs = std::move(inputs);
    op->outputs = std::move(outputs);
    op->builtin_options.Set(std::move(options));
    graph_.operators.push_back(std::move(op));
    auto table = std::make_unique<file::OperatorCodeT>();
    table->builtin_code = code;
    table->deprecated_builtin_code = static_cast<int8_t>(std::min(code, BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES));
    table->version = version;
    codes_.push_back(std::move(table));
  }

  void add(BuiltinOperator code, int version, std::vector<int> inputs, std::vector<int> outputs);  // without options

  std::vector<std::byte> bytes(int input, int output);

 private:
  static file::TensorType type_of(DType dtype);

  file::SubGraphT graph_;
  std::vector<std::unique_ptr<file::OperatorCodeT>> codes_;
  std::vector<Tensor> buffers_;
};

// An operator of one image between an input and an output: of f32, u8, or of i8 or i16 between two conversions, because
// LiteRT's page takes neither.
class Case {
 public:
  Case(OperatorJobs& jobs, std::string name, Shape shape, DType dtype);

  static constexpr float scale = 0.0337F, word_scale = 0.000307F;
  int64_t zero() const { return dtype_ == DType::i16 ? 0 : dtype_ == DType::i8 ? -3 : 125; }
  std::optional<Quantization> type() const {  // of what only moves
    if (dtype_ == DType::f32) return std::nullopt;
    return coding(dtype_ == DType::i16 ? word_scale : scale, zero());
  }

  // The result of the operator, of the input's type or with another scale.
  int result(const Shape& shape) { return result(shape, type()); }
  int result(const Shape& shape, const std::optional<Quantization>& quantization);

  void finish(double within = 0);

  FileModel model;
  int x = 0;

 private:
  OperatorJobs& jobs_;
  std::string name_;
  DType dtype_;
  TensorType port_;
  int input_ = 0, y_ = 0;
  Shape shape_;
  std::optional<Quantization> quantization_;
};

}  // namespace fovea::judges
