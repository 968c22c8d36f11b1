// SPDX-License-Identifier: Apache-2.0
// Writes the layers of a folded graph, one after another, as operators of a file. Each family of operators has its own source
// file.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/interchange/tflite/file.h"
#include "fovea/passes/network/fused_layers.h"

namespace fovea::tflite {

class Writer {
 public:
  explicit Writer(const InferenceModel& model);  // The model must be folded or quantized.
  std::vector<std::byte> write();

  // The layer that is being written.
  const FusedLayer& layer() const { return *layer_; }
  const Graph::Node& node() const { return layer_->node; }
  TensorType type(Ref value) const { return model_.graph.type(value); }
  TensorType input_type() const { return type(layer_->inputs[0]); }
  TensorType output_type() const { return type(layer_->output); }
  const Tensor& values(Ref parameter) const;
  template <typename... Arguments>
  [[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    fovea::refuse("{} \"{}\" cannot be written as TensorFlow Lite: {}", node().op, node().layer,
                  fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  // Indices of tensors in the file, for a value of the graph (parameters keep their layout), for a value between two operators
  // of one layer, and for constants.
  int value(Ref value);
  int input(size_t index = 0) { return value(layer_->inputs.at(index)); }
  int output() { return value(layer_->output); }
  int between(const TensorType& type);
  int constant(const Tensor& tensor, const std::string& name, std::optional<Quantization> quantization = {});
  // The same for i8 from -8 to 7, held as two to a byte.
  int packed_constant(const Tensor& tensor, const std::string& name, std::optional<Quantization> quantization);
  bool in_four_bits(Ref parameter) const;
  int integers(const std::vector<int64_t>& values);  // int32 [n].
  int number(double value);                          // float32 [].

  template <typename Options>
  void add(BuiltinOperator code, std::vector<int> inputs, int output, Options options) {
    auto op = operator_of(code, std::move(inputs), output);
    op->builtin_options.Set(std::move(options));
    finish(code, std::move(op));
  }
  void add(BuiltinOperator code, std::vector<int> inputs, int output) {
    finish(code, operator_of(code, std::move(inputs), output));
  }

 private:
  int tensor(const TensorType& type, const std::string& name, uint32_t buffer);
  int named_result(const Graph::Result& result);
  std::unique_ptr<schema::OperatorT> operator_of(BuiltinOperator code, std::vector<int> inputs, int output);
  void finish(BuiltinOperator code, std::unique_ptr<schema::OperatorT> op);
  uint32_t opcode(BuiltinOperator code, int version);
  int version_of(BuiltinOperator code, const schema::OperatorT& op) const;
  std::string unique_name(const std::string& wanted);
  std::vector<std::byte> bytes();

  const InferenceModel& model_;
  std::map<int32_t, Tensor> parameters_;
  const FusedLayer* layer_ = nullptr;
  schema::SubGraphT graph_;
  std::vector<std::unique_ptr<schema::OperatorCodeT>> codes_;
  std::vector<Tensor> buffers_{1};  // The first buffer is empty, as the format requires.
  std::map<int32_t, int> tensors_;  // By the index of the value in the graph.
  std::map<std::vector<int64_t>, int> integers_;
  std::map<float, int> numbers_;
  std::map<int32_t, std::string> result_names_;
  std::set<std::string> names_;
};

ActivationFunctionType fused_activation(const Writer& writer, const std::string& activation);

// Where the window of a layer lies on its image: the padding scheme of the file and, where the file has no scheme for it, the
// `cells` ([before, after] of height and width) that must be added around the image first.
struct Placement {
  Padding padding = Padding::VALID;
  std::vector<int64_t> cells;
};
Placement placement(const Writer& writer, const Shape& image, const std::vector<int64_t>& window,
                    const std::vector<int64_t>& strides, const std::vector<int64_t>& dilations);
// Returns the layer's image with cells around it that represent 0 or hold the lowest value there is.
int padded_input(Writer& writer, const std::vector<int64_t>& cells, bool lowest = false);

// The functions that write a layer, by the name of its operator.
struct LayerWriting {
  std::string_view op;
  void (*write)(Writer&);
};
std::span<const LayerWriting> contraction_writings();
std::span<const LayerWriting> window_writings();
std::span<const LayerWriting> elementwise_writings();
std::span<const LayerWriting> shape_writings();

}  // namespace fovea::tflite
