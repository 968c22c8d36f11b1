// SPDX-License-Identifier: Apache-2.0
// The state of writing an ONNX model: the nodes so far, and under which name and layout each value of the graph is in them.
// Internal to fovea/interchange/onnx.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/graph/inference_model.h"
#include "fovea/graph/rewrite/fused_layers.h"
#include "fovea/interchange/onnx/layout.h"
#include "fovea/interchange/onnx/onnx_file.h"

namespace fovea {

// A value of the graph as a tensor of the file: `layout` explains the tensor's memory by the graph's dimensions. Constants and
// parameters wait as tensors until it is known in which order they are read.
struct ExportedValue {
  std::string name;
  Shape shape;  // of the file's tensor
  Layout layout;
  std::optional<Tensor> constant = {};
  std::optional<Quantization> quantization = {};  // the file's tensor holds integers that stand for reals so
};

// [0, r - 1, 1, ...]: what ONNX's dimensions are in fovea's numbering.
std::vector<int64_t> channels_first_order(int64_t rank);

class Exporter {
 public:
  explicit Exporter(const InferenceModel& model);

  // Values by what the graph calls them.
  ExportedValue& value(Ref ref);
  Shape shape(Ref ref) const { return model_.graph.type(ref).shape; }
  int64_t rank(Ref ref) const { return static_cast<int64_t>(shape(ref).size()); }
  bool has_constant(Ref ref) { return value(ref).constant.has_value(); }

  // The tensor as it is kept, integers of a quantized value, with dimension i the graph's dimension order[i]; its name.
  std::string stored(ExportedValue& value, const std::vector<int64_t>& order);
  // The same as real numbers: quantized values through a DequantizeLinear.
  std::string in_order(ExportedValue& value, const std::vector<int64_t>& order);
  std::string in_order(Ref ref, const std::vector<int64_t>& order) { return in_order(value(ref), order); }
  std::string channels_first(Ref ref) { return in_order(ref, channels_first_order(rank(ref))); }
  std::string row_major(Ref ref) { return in_order(ref, identity_order(rank(ref))); }
  // Real numbers of what lies under `name` and is quantized as `value` is; `order` says where its channels are.
  std::string real(const ExportedValue& value, const std::string& name, const std::vector<int64_t>& order);
  // The same of the value as it lies.
  std::string real(const ExportedValue& value);
  // The value's memory as it lies, seen in another shape.
  std::string in_shape(ExportedValue& value, const Shape& shape);
  std::vector<int64_t> some_order(const ExportedValue& value) const;

  // Whether a quantized value can hold nothing that the activation would change.
  bool range_limits(Ref ref, const std::string& activation) const;

  // Initializers; equal ones of one name are shared.
  std::string initializer(const std::string& name, const Tensor& tensor);
  std::string number(float value);
  std::string integers(const std::vector<int64_t>& values);

  // Adds a node with one result, whose name it returns.
  std::string add(const std::string& layer, const std::string& type, std::vector<std::string> inputs,
                  std::map<std::string, OnnxAttribute> attributes = {});

  // The zero point of a quantized value, of the type the file keeps its integers in.
  std::string zero_point(const ExportedValue& value);

  // A result of the graph: a tensor of the file and what its memory means. `set` takes what a quantized value is stored as; the
  // others take real numbers, which a QuantizeLinear follows where the graph's value is quantized.
  void set(Ref ref, std::string name, Shape shape, Layout layout);
  void set_reals(Ref ref, std::string name, Shape shape, Layout layout);
  void set_in_order(Ref ref, std::string name, const std::vector<int64_t>& order);
  void set_channels_first(Ref ref, std::string name) { set_in_order(ref, std::move(name), channels_first_order(rank(ref))); }
  void set_constant(Ref ref, const std::string& name, Tensor tensor);

  void add_input(const Graph::Argument& argument, bool channels_first);
  OnnxFile finish();

  // Fails: what the file format, or this writer, has no word for.
  [[noreturn]] void complain(const FusedLayer& layer, const std::string& what) const;

 private:
  std::vector<std::string> quantization_inputs(const std::string& name, const Quantization& quantization, DType dtype);
  void rename(const std::string& from, const std::string& to);
  std::string unique(std::string name);

  const InferenceModel& model_;
  OnnxFile file_;
  std::map<int32_t, ExportedValue> values_;
  std::map<std::string, std::vector<std::pair<Tensor, std::string>>> initializers_;  // by the graph's name
  std::map<std::string, std::string> reals_;                                         // by the name of the integers
  std::set<std::string> names_;
};

using ExportFunction = std::function<void(Exporter&, const FusedLayer&)>;
using ExportTable = std::map<std::string, ExportFunction>;

void add_window_exports(ExportTable& table);       // convolutions, dense layers, pooling, norms
void add_elementwise_exports(ExportTable& table);  // arithmetic with broadcasting, activations
void add_shape_exports(ExportTable& table);        // the same numbers in other shapes, reductions, softmax
void add_quantized_exports(ExportTable& table);    // integer operators, by the float ones in `table`

// Writes the fused activation of a layer; the name of its result.
std::string export_activation(Exporter& exporter, const FusedLayer& layer, const std::string& input);

}  // namespace fovea
