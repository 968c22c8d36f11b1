// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/tflite/edgetpu.h"

#include <algorithm>
#include <map>
#include <set>

#include "fovea/core/error.h"

namespace fovea {
namespace {

using tflite::BuiltinOperator;
using tflite::File;
using tflite::FileOperator;
using tflite::FileTensor;

// An operator with what its rule looks at. A rule returns why the operator cannot be mapped, or an empty text.
struct Candidate {
  const File& file;
  const FileOperator& op;

  bool has(size_t index) const { return index < op.inputs.size() && op.inputs[index] >= 0; }
  const FileTensor& input(size_t index) const { return file.tensors()[static_cast<size_t>(op.inputs[index])]; }
  const FileTensor& output() const { return file.tensors()[static_cast<size_t>(op.outputs[0])]; }
  size_t rank() const { return input(0).shape.size(); }

  // The values of an i32 constant; empty when the network computes them.
  std::vector<int64_t> integers(size_t index) const {
    if (!has(index) || !input(index).constant() || input(index).type != tflite::schema::TensorType::INT32) return {};
    const Tensor values = file.constant(op.inputs[index]);
    return {values.values<int32_t>().begin(), values.values<int32_t>().end()};
  }
};

using Rule = std::string (*)(const Candidate&);

std::string any(const Candidate&) { return ""; }

std::string constant_parameters(const Candidate& op) {
  for (size_t i = 1; i < op.op.inputs.size(); ++i)
    if (op.has(i) && !op.input(i).constant())
      return fmt::format("its parameter {} is computed, not constant", op.input(i).name);
  return "";
}

template <typename Options>
std::string convolution(const Candidate& op) {
  const Options* options = op.op.options<Options>();
  if (options && options->dilation_w_factor() != options->dilation_h_factor())
    return fmt::format("dilation {} by {}; it must be equal in both directions", options->dilation_h_factor(),
                       options->dilation_w_factor());
  return constant_parameters(op);
}

std::string fully_connected(const Candidate& op) {
  const auto* options = op.op.options<tflite::FullyConnectedOptions>();
  if (options && options->weights_format() != tflite::FullyConnectedOptionsWeightsFormat::DEFAULT)
    return "its weights are shuffled; the default format is needed";
  if (element_count(op.output().shape) != op.output().shape.back())
    return fmt::format("its output {} is not one-dimensional", to_string(op.output().shape));
  return constant_parameters(op);
}

template <typename Options>
std::string without_activation(const Candidate& op) {
  const Options* options = op.op.options<Options>();
  if (options && options->fused_activation_function() != tflite::ActivationFunctionType::NONE)
    return "it has an activation fused into it";
  return "";
}

std::string concatenation(const Candidate& op) {
  for (size_t i = 0; i < op.op.inputs.size(); ++i) {
    if (!op.has(i) || !op.input(i).constant()) continue;
    const std::span<const std::byte> data = op.input(i).data;
    const bool zeros = std::all_of(data.begin(), data.end(), [](std::byte value) { return value == std::byte{0}; });
    if (!zeros || op.op.inputs.size() != 2) return "a constant input must be all zeros and one of two";
  }
  return without_activation<tflite::ConcatenationOptions>(op);
}

// The dimensions that a reduction works on, counted from the front.
std::set<int64_t> reduced_dimensions(const Candidate& op) {
  std::set<int64_t> dimensions;
  for (const int64_t dimension : op.integers(1))
    dimensions.insert(dimension < 0 ? dimension + static_cast<int64_t>(op.rank()) : dimension);
  return dimensions;
}

std::string reduction(const Candidate& op) {
  const std::set<int64_t> dimensions = reduced_dimensions(op);
  if (dimensions.empty()) return "its dimensions are not constant";
  if (dimensions.contains(0) && op.input(0).shape[0] > 1) return "it reduces over the batch";
  return "";
}

std::string mean(const Candidate& op) {
  const std::string reason = reduction(op);
  if (!reason.empty()) return reason;
  const std::set<int64_t> dimensions = reduced_dimensions(op);
  const bool over_space = dimensions.contains(1) && dimensions.contains(2);
  const bool over_channels = dimensions.contains(static_cast<int64_t>(op.rank()) - 1) && op.rank() == 4;
  if (!over_space && op.rank() == 4 && (dimensions.contains(1) || dimensions.contains(2)))
    return "it reduces over one of height and width only";
  if (over_channels && op.input(0).shape.back() % 4 != 0)
    return fmt::format("a mean over {} channels; a multiple of 4 is needed", op.input(0).shape.back());
  return "";
}

std::string pad(const Candidate& op) {
  const std::vector<int64_t> amounts = op.integers(1);
  if (amounts.empty()) return "its amounts are not constant";
  if (amounts.size() >= 2 && (amounts[0] != 0 || amounts[1] != 0)) return "it pads the batch";
  return "";
}

std::string softmax(const Candidate& op) {
  const Shape& shape = op.input(0).shape;
  if (element_count(shape) != shape.back()) return fmt::format("its input {} is not one-dimensional", to_string(shape));
  if (shape.back() > 16000) return fmt::format("{} elements; at most 16,000", shape.back());
  return "";
}

std::string strided_slice(const Candidate& op) {
  const std::vector<int64_t> strides = op.integers(3);
  if (strides.empty()) return "its strides are not constant";
  return std::all_of(strides.begin(), strides.end(), [](int64_t stride) { return stride == 1; }) ? "" : "its strides are not 1";
}

std::string squeeze(const Candidate& op) {
  const Shape &before = op.input(0).shape, &after = op.output().shape;
  const bool leading =
      before.size() >= after.size() && std::equal(after.begin(), after.end(), before.end() - std::ssize(after));
  return leading ? "" : "it drops dimensions that are not the first ones";
}

const std::map<BuiltinOperator, Rule>& rules() {
  using enum BuiltinOperator;
  static const std::map<BuiltinOperator, Rule> rules = {
      {CONV_2D, convolution<tflite::Conv2DOptions>},
      {DEPTHWISE_CONV_2D, convolution<tflite::DepthwiseConv2DOptions>},
      {TRANSPOSE_CONV, any},
      {FULLY_CONNECTED, fully_connected},
      {ADD, any},
      {SUB, any},
      {MUL, any},
      {MAXIMUM, any},
      {MINIMUM, any},
      {AVERAGE_POOL_2D, without_activation<tflite::Pool2DOptions>},
      {MAX_POOL_2D, without_activation<tflite::Pool2DOptions>},
      {CONCATENATION, concatenation},
      {MEAN, mean},
      {SUM, reduction},
      {REDUCE_MAX, reduction},
      {REDUCE_MIN, reduction},
      {PAD, pad},
      {PACK, any},
      {RELU, any},
      {RELU6, any},
      {RELU_N1_TO_1, any},
      {PRELU, constant_parameters},
      {LOGISTIC, any},
      {TANH, any},
      {QUANTIZE, any},
      {RESHAPE, any},
      {EXPAND_DIMS, any},
      {L2_NORMALIZATION, any},
      {SLICE, any},
      {SPACE_TO_DEPTH, any},
      {SPLIT, any},
      {UNIDIRECTIONAL_SEQUENCE_LSTM, any},
      {RESIZE_BILINEAR, any},
      {RESIZE_NEAREST_NEIGHBOR, any},
      {SQUEEZE, squeeze},
      {STRIDED_SLICE, strided_slice},
      {SOFTMAX, softmax},
  };
  return rules;
}

// The rule for every tensor that an operator reads or writes. Constants may also be biases and shapes of 32 bits.
std::string tensor_reason(const FileTensor& tensor) {
  if (tensor.four_bits) return fmt::format("{} is INT4, not of 8 bits", tensor.name);
  const bool eight_bits = tensor.type == tflite::schema::TensorType::INT8 || tensor.type == tflite::schema::TensorType::UINT8;
  const bool parameter = tensor.constant() && tensor.type == tflite::schema::TensorType::INT32;
  if (!eight_bits && !parameter)
    return fmt::format("{} is {}, not of 8 bits", tensor.name, tflite::schema::EnumNameTensorType(tensor.type));
  if (tensor.resizable) return fmt::format("the size of {} is not constant", tensor.name);
  const int64_t outer = static_cast<int64_t>(tensor.shape.size()) - 3;
  for (int64_t i = 0; i < outer && !tensor.constant(); ++i) {
    if (tensor.shape[static_cast<size_t>(i)] > 1)
      return fmt::format("{} is {}; only the three innermost dimensions may be above 1", tensor.name, to_string(tensor.shape));
  }
  return "";
}

std::string reason_of(const Candidate& op) {
  const auto rule = rules().find(op.op.code);
  if (rule == rules().end()) return "the Edge TPU has no such operator";
  if (op.op.outputs.empty() || !op.has(0)) return "it has no input or no output";
  for (const std::vector<int>* list : {&op.op.inputs, &op.op.outputs}) {
    for (const int index : *list) {
      if (index < 0) continue;
      const std::string reason = tensor_reason(op.file.tensors()[static_cast<size_t>(index)]);
      if (!reason.empty()) return reason;
    }
  }
  return rule->second(op);
}

int64_t activation_bytes(const Candidate& op) {
  int64_t bytes = 0;
  for (const std::vector<int>* list : {&op.op.inputs, &op.op.outputs})
    for (const int index : *list)
      if (index >= 0 && !op.file.tensors()[static_cast<size_t>(index)].constant())
        bytes += element_count(op.file.tensors()[static_cast<size_t>(index)].shape);
  return bytes;
}

}  // namespace

EdgeTpuReport edgetpu_report(const File& file) {
  EdgeTpuReport report;
  std::set<int> counted;  // constants that several operators share are counted once
  bool mapping = true;
  for (const FileOperator& op : file.operators()) {
    const Candidate candidate{file, op};
    EdgeTpuOperator line{.name = op.name, .reason = reason_of(candidate)};
    if (!op.outputs.empty() && op.outputs[0] >= 0) {
      line.output = candidate.output().name;
      line.shape = candidate.output().shape;
    }
    mapping = mapping && line.reason.empty();
    line.mapped = mapping;
    if (mapping) {
      ++report.mapped;
      report.most_activation_bytes = std::max(report.most_activation_bytes, activation_bytes(candidate));
      for (const int index : op.inputs)
        if (index >= 0 && counted.insert(index).second)
          report.parameter_bytes += std::ssize(file.tensors()[static_cast<size_t>(index)].data);
    }
    report.operators.push_back(std::move(line));
  }
  return report;
}

}  // namespace fovea
