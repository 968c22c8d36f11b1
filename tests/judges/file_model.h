// SPDX-License-Identifier: Apache-2.0
// .tflite files of one operator, written table by table: files that fovea's writer never produces but its reader accepts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/interchange/tflite/file.h"

namespace fovea::judges {

using tflite::BuiltinOperator;
namespace file = tflite::schema;

Quantization coding(float scale, int64_t zero);

// A file under construction. Its input is u8 or f32, because LiteRT's page accepts these.
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
  void add_custom(const std::string& name, const std::vector<std::byte>& options, std::vector<int> inputs,
                  std::vector<int> outputs);
  // for fields that have no function here
  file::TensorT& table(int tensor) { return *graph_.tensors[static_cast<size_t>(tensor)]; }
  void name_port(bool input, const std::string& name, int tensor);  // in the file's signature
  void add_metadata(const std::string& name, const std::vector<std::byte>& content);

  std::vector<std::byte> bytes(const std::vector<int>& inputs, const std::vector<int>& outputs);
  std::vector<std::byte> bytes(int input, int output) { return bytes(std::vector{input}, std::vector{output}); }

 private:
  static file::TensorType type_of(DType dtype);

  file::SubGraphT graph_;
  std::vector<std::unique_ptr<file::OperatorCodeT>> codes_;
  std::vector<Tensor> buffers_;
  file::SignatureDefT signature_;
  std::vector<std::pair<std::string, uint32_t>> metadata_;  // by buffer
};

}  // namespace fovea::judges
