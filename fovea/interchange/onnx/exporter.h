// SPDX-License-Identifier: Apache-2.0
// The state of writing an ONNX model: the nodes so far, and the name and layout that each value of the graph has in the file.
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
#include "fovea/interchange/onnx/layout.h"
#include "fovea/interchange/onnx/onnx_file.h"
#include "fovea/passes/network/fused_layers.h"

namespace fovea {

// A value of the graph as a tensor of the file. `layout` relates the tensor's memory to the graph's dimensions. Constants and
// parameters are kept as tensors until it is known in which order they are read.
struct ExportedValue {
  std::string name;
  Shape shape;  // The shape of the tensor in the file.
  Layout layout;
  std::optional<Tensor> constant = {};
  std::optional<Quantization> quantization = {};  // Set where the tensor in the file holds quantized integers.
};

// Returns [0, r - 1, 1, ...]: ONNX's dimensions in fovea's numbering.
std::vector<int64_t> channels_first_order(int64_t rank);

class Exporter {
 public:
  explicit Exporter(const InferenceModel& model);

  // Looks up a value by its reference in the graph.
  ExportedValue& value(Ref ref);
  Shape shape(Ref ref) const { return model_.graph.type(ref).shape; }
  int64_t rank(Ref ref) const { return static_cast<int64_t>(shape(ref).size()); }
  bool has_constant(Ref ref) { return value(ref).constant.has_value(); }

  // Returns the name of the tensor as it is stored (integers where it is quantized), with dimension i being the graph's
  // dimension order[i].
  std::string stored(ExportedValue& value, const std::vector<int64_t>& order);
  // Does the same with real numbers: a quantized value passes through a DequantizeLinear.
  std::string in_order(ExportedValue& value, const std::vector<int64_t>& order);
  std::string in_order(Ref ref, const std::vector<int64_t>& order) { return in_order(value(ref), order); }
  std::string channels_first(Ref ref) { return in_order(ref, channels_first_order(rank(ref))); }
  std::string row_major(Ref ref) { return in_order(ref, identity_order(rank(ref))); }
  // Returns the real numbers of the tensor called `name`, which is quantized as `value` is. `order` says where its channels
  // are.
  std::string real(const ExportedValue& value, const std::string& name, const std::vector<int64_t>& order);
  // Does the same for the value's tensor in the order it has.
  std::string real(const ExportedValue& value);
  // Returns the value's tensor in its memory order, reshaped.
  std::string in_shape(ExportedValue& value, const Shape& shape);
  std::vector<int64_t> some_order(const ExportedValue& value) const;

  // Whether a quantized value cannot hold anything that the activation would change.
  bool range_limits(Ref ref, const std::string& activation) const;

  // Adds an initializer. Equal initializers of the same name are shared.
  std::string initializer(const std::string& name, const Tensor& tensor);
  std::string number(float value);
  std::string integers(const std::vector<int64_t>& values);

  // Adds a node with one result and returns the result's name.
  std::string add(const std::string& layer, const std::string& type, std::vector<std::string> inputs,
                  std::map<std::string, OnnxAttribute> attributes = {});

  // Returns the zero point of a quantized value in the type that the file stores its integers in.
  std::string zero_point(const ExportedValue& value);

  // Sets a value of the graph to a tensor of the file, with the layout of its memory. `set` takes the integers of a quantized
  // value. The other functions take real numbers and add a QuantizeLinear where the graph's value is quantized.
  void set(Ref ref, std::string name, Shape shape, Layout layout);
  void set_reals(Ref ref, std::string name, Shape shape, Layout layout);
  void set_in_order(Ref ref, std::string name, const std::vector<int64_t>& order);
  void set_channels_first(Ref ref, std::string name) { set_in_order(ref, std::move(name), channels_first_order(rank(ref))); }
  void set_constant(Ref ref, const std::string& name, Tensor tensor);

  void add_input(const Graph::Argument& argument, bool channels_first);
  OnnxFile finish();

  // Throws an Error that names the layer: the file format or this exporter cannot express it.
  [[noreturn]] void complain(const FusedLayer& layer, const std::string& what) const;

 private:
  std::vector<std::string> quantization_inputs(const std::string& name, const Quantization& quantization, DType dtype);
  void rename(const std::string& from, const std::string& to);
  std::string unique(std::string name);

  const InferenceModel& model_;
  OnnxFile file_;
  std::map<int32_t, ExportedValue> values_;
  std::map<std::string, std::vector<std::pair<Tensor, std::string>>> initializers_;  // By the name in the graph.
  std::map<std::string, std::string> reals_;                                         // By the name of the integers.
  std::set<std::string> names_;
};

using ExportFunction = std::function<void(Exporter&, const FusedLayer&)>;
using ExportTable = std::map<std::string_view, ExportFunction>;  // By the operator's name.

void add_window_exports(ExportTable& table);       // Convolutions, dense layers, pooling and norms.
void add_elementwise_exports(ExportTable& table);  // Arithmetic with broadcasting, and activations.
void add_shape_exports(ExportTable& table);        // Changes of shape, reductions and softmax.
void add_quantized_exports(ExportTable& table);    // Integer operators, written with the float ones in `table`.

// Writes the fused activation of a layer and returns the name of its result.
std::string export_activation(Exporter& exporter, const FusedLayer& layer, const std::string& input);

}  // namespace fovea
