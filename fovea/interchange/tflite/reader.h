// SPDX-License-Identifier: Apache-2.0
// Converts the operators of a file, one after another, to operators of a graph. Each family of operators is read in a file of
// its own.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/interchange/tflite/file.h"
#include "fovea/interchange/tflite/read.h"

namespace fovea::tflite {

// The state of reading one file, and what the functions that read an operator use.
class Reader {
 public:
  Reader(const File& file, const TfliteOptions& options);
  InferenceModel read();

  // The operator that is being read.
  const FileOperator& op() const { return *op_; }
  template <typename T>
  const T& options() const {  // fails when the file has none
    const T* table = op_->options<T>();
    if (!table) fail("has no options");
    return *table;
  }
  template <typename... Arguments>
  [[noreturn]] void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    fail_with(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  bool has(size_t input) const { return input < op_->inputs.size() && op_->inputs[input] >= 0; }
  size_t input_count() const { return op_->inputs.size(); }
  Ref input(size_t input);  // a constant becomes a parameter
  TensorType input_type(size_t index) { return graph_.type(input(index)); }
  const Shape& file_shape(size_t input) const;  // with the file's own batch
  int64_t file_batch() const { return file_batch_; }
  bool rebatched() const { return options_.batch != file_batch_; }
  // A shape that the file computed for its own batch, converted to ours. The batch is whatever of the first dimension the rest
  // leaves.
  Shape batched(Shape shape) const;
  bool quantized(size_t input = 0) { return input_type(input).quantization.has_value(); }

  // The values of a constant input in the file's own order; fails when the network computes it.
  Tensor values(size_t input, std::string_view what) const;
  std::vector<int64_t> integers(size_t input, std::string_view what) const;  // of i32 or i64
  bool is_constant(size_t input) const;
  // The real numbers that a constant input stands for, as f32; fails on integers without a scale.
  Tensor reals(size_t input, std::string_view what) const;
  Tensor whole_numbers(size_t input) const;                      // the same for 8-bit weights, without their scales
  std::optional<Quantization> quantization(size_t input) const;  // as the file has it

  bool has_four_bits(size_t input) const;  // whether the file holds the operand, a constant, as two to a byte
  // Constant `input` as a parameter: reshaped to `shape` (of equal count), then permuted. When there are several scales, they
  // belong to dimension `axis` of the result. 8-bit weights of real activations become the real numbers that they stand for or,
  // when they are read dynamically, those without their scales.
  Ref weight(size_t input, const Shape& shape, const std::vector<int64_t>& permutation, int64_t axis);
  Ref parameter(const std::string& name, const Tensor& tensor, std::optional<Quantization> quantization = {});
  std::string input_name(size_t input) const;  // the file's name, or "tensor7"

  template <fovea::Operator Op>
  typename Op::Results add(const Op& op) {
    return graph_.add(op, tensor_name(op_->outputs[0]));
  }
  Ref scalar(double value);              // [] f32
  Ref reversed(Ref value, int64_t dim);  // one dimension in reverse order
  TensorType type(Ref value) const { return graph_.type(value); }

  size_t output_count() const { return op_->outputs.size(); }
  QuantizedType output_type(size_t output = 0) const;  // fails when the file has no scale
  // Sets the operator's output: checks its shape, and gives it the file's scale when an operator that only moves data kept
  // another one.
  void set_output(Ref value, size_t output = 0);
  void set_constant_output(Tensor tensor, size_t output = 0);  // for a result that is known while reading
  schema::TensorType file_output_type(size_t output = 0) const;
  const Shape& file_output_shape(size_t output = 0) const;
  // The operator's input as real numbers, for an operator between dequantize and quantize. The result is exact when it only
  // selects among the integers of its input.
  Ref real(size_t input);
  Ref like_output(Ref value, size_t output = 0);  // quantized when the file's output is

  Ref activated(Ref value, ActivationFunctionType activation);  // of floats
  std::string activation_name(ActivationFunctionType activation) const;
  const TfliteOptions& reading() const { return options_; }

 private:
  [[noreturn]] void fail_with(const std::string& reason) const;
  void read_inputs();
  bool is_scaled_as_sums(size_t input) const;
  void name_ports(InferenceModel& model) const;
  size_t data_input() const { return op_->code == BuiltinOperator::TRANSPOSE_CONV ? 2 : 0; }  // of an operator with weights
  void read_operator(const FileOperator& op, size_t index);
  TensorType type_of(const FileTensor& tensor, const std::string& user) const;
  std::string unique_name(const std::string& wanted);
  std::string tensor_name(int tensor) const;

  const File& file_;
  TfliteOptions options_;
  int64_t file_batch_ = 1;
  const FileOperator* op_ = nullptr;
  size_t index_ = 0;
  Graph graph_;
  std::vector<Ref> values_;                       // by tensor; -1 until it is known
  std::vector<std::optional<Tensor>> constants_;  // by tensor: constants that are computed while reading
  std::map<std::string, Tensor> parameters_;
  std::map<std::pair<int, std::string>, Ref> weights_;  // by tensor and layout
  std::set<std::string> four_bits_;                     // parameters that the file holds as two to a byte
  std::set<std::string> names_;
};

// A function that reads an operator: it takes inputs and options from the reader and sets the outputs.
struct OperatorReading {
  BuiltinOperator code;
  void (*read)(Reader&);
};
std::span<const OperatorReading> contraction_readings();
std::span<const OperatorReading> pooling_readings();
std::span<const OperatorReading> elementwise_readings();
std::span<const OperatorReading> shape_readings();
std::span<const OperatorReading> slice_readings();
std::span<const OperatorReading> block_readings();
std::span<const OperatorReading> logic_readings();
std::span<const OperatorReading> order_readings();

// Computes an operator whose inputs are all constants, if that is how files compute shapes or store weights; returns false for
// other operators.
bool read_folded(Reader& reader);

// Reads a custom operator of MediaPipe's networks. Fails on any other, with its name.
void read_custom(Reader& reader);

}  // namespace fovea::tflite
