// SPDX-License-Identifier: Apache-2.0
// The state of reading an ONNX model: its values so far, and the graph that they are recorded into. Internal to
// fovea/interchange/onnx.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/graph/graph.h"
#include "fovea/graph/inference_model.h"
#include "fovea/graph/operators.h"
#include "fovea/interchange/onnx/layout.h"
#include "fovea/interchange/onnx/onnx_file.h"

namespace fovea {

// A value of the file: a tensor that is known while reading, or a value of the graph whose memory `layout` describes. The
// graph's value has some shape of the same count.
//
// A quantized value is the graph's integers. That is the result of a QuantizeLinear (`bare`), and also of the DequantizeLinear
// that follows it, which is converted to real numbers only when a float operator reads it. A constant that passed through a
// DequantizeLinear keeps its integers, too.
struct ImportedValue {
  std::string name;
  std::optional<Tensor> constant;
  Ref ref;
  Layout layout;
  bool bare = false;
  std::optional<Tensor> integers = {};
  std::optional<Quantization> quantization = {};  // of `integers`

  Shape shape() const { return constant ? constant->shape() : layout.shape(); }
  int64_t rank() const { return static_cast<int64_t>(shape().size()); }
};

// Reads one file.
class Importer {
 public:
  Importer(std::string file_name, const OnnxFile& file);

  const std::string& file_name() const { return file_name_; }

  // The inputs of a node. `input` fails when there is none, and converts integers to real numbers unless keep_integers() is
  // set.
  ImportedValue& input(const OnnxNode& node, size_t index);
  ImportedValue& quantized_input(const OnnxNode& node, size_t index);  // integers stay
  bool is_quantized(const ImportedValue& value) const { return !value.constant && type_of(value.ref).quantization.has_value(); }
  void keep_integers(bool kept) { integers_kept_ = kept; }  // for operators that only move numbers
  bool has_input(const OnnxNode& node, size_t index) const;
  bool is_known(const OnnxNode& node, size_t index) const;                    // whether it is left out or a constant
  ImportedValue& known_value(const OnnxNode& node, const std::string& name);  // fails when there is none
  // Inputs that must be known while reading, as integers or numbers.
  const Tensor& constant(const OnnxNode& node, size_t index);
  std::vector<int64_t> integers(const OnnxNode& node, size_t index);
  double number(const OnnxNode& node, size_t index);

  // Attributes, with ONNX's defaults. Each attribute and input that is asked for counts as read. `refuse_unread` refuses a node
  // with any that nobody asked for, so that nothing in a file is silently ignored.
  int64_t integer(const OnnxNode& node, const std::string& name, int64_t otherwise) const;
  float number(const OnnxNode& node, const std::string& name, float otherwise) const;
  std::string text(const OnnxNode& node, const std::string& name, const std::string& otherwise) const;
  std::vector<int64_t> integers(const OnnxNode& node, const std::string& name, std::vector<int64_t> otherwise) const;
  std::vector<float> numbers(const OnnxNode& node, const std::string& name, std::vector<float> otherwise) const;
  const OnnxAttribute* attribute(const OnnxNode& node, const std::string& name) const;  // of any type; null when there is none
  void refuse_unread(const OnnxNode& node) const;
  int64_t opset() const { return file_.opset; }

  // A dimension, counted from the end when negative; fails outside the rank.
  int64_t dimension(const OnnxNode& node, int64_t given, int64_t rank) const;

  // Fails with `FILE: node "NAME" (TYPE): ...`.
  template <typename... Arguments>
  [[noreturn]] void complain(const OnnxNode& node, fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    fail("{}: node \"{}\" ({}): {}", file_name_, node.title(), node.type,
         fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  // Makes the tensors of a branch known, before its nodes are imported.
  void enter(const OnnxNode& node, const OnnxGraph& branch);
  ImportedValue& named(const OnnxNode& node, const std::string& name);

  // The nodes that read a value. A result of the model counts as one more.
  const std::vector<const OnnxNode*>& readers(const std::string& name) const;
  bool is_result(const std::string& name) const;
  bool is_wanted(const std::string& name) const;                   // whether a node reads it or it is a result
  bool has_four_bits(const OnnxNode& node, size_t index) const;    // whether the file stores the input's integers in four bits
  int64_t element_type(const OnnxNode& node, size_t index) const;  // of an input, in ONNX's numbers; fails when it is unknown
  void skip(const OnnxNode& node) { skipped_.insert(&node); }      // because it was imported together with an earlier node
  bool is_skipped(const OnnxNode& node) const { return skipped_.contains(&node); }

  // The value as a tensor whose dimension i is the file's dimension order[i]. It is transposed only if its memory differs. A
  // constant becomes a parameter.
  Ref in_order(ImportedValue& value, const std::vector<int64_t>& order);
  Ref channels_last(ImportedValue& value) { return in_order(value, channels_last_order(value.rank())); }
  Ref row_major(ImportedValue& value);
  // An order in which `in_order` does not transpose, if there is one; otherwise fovea's own.
  std::vector<int64_t> some_order(const ImportedValue& value) const;
  // The shape that both broadcast to; fails when they do not.
  Shape broadcast(const OnnxNode& node, const Shape& a, const Shape& b) const;

  Ref parameter(const std::string& name, const Tensor& tensor, const std::optional<Quantization>& quantization = {});
  Ref scalar(double value, DType dtype = DType::f32);
  Ref known(const Tensor& tensor);  // a constant of the graph without a name in the file
  template <Operator Op>
  typename Op::Results add(const OnnxNode& node, const Op& op) {
    return Op::results_from(add(node, Op::name, op.operands(), op.attributes()));
  }

  // Counts memory that a file asks for beyond its own size; fails when that is more than a model can need.
  void spend(const OnnxNode& node, uint64_t bytes);

  // Sets the results of a node.
  void set(const OnnxNode& node, size_t index, Ref ref, const Layout& layout);
  void set_in_order(const OnnxNode& node, size_t index, Ref ref, const std::vector<int64_t>& order);
  void set_channels_last(const OnnxNode& node, size_t index, Ref ref);
  void set_constant(const OnnxNode& node, size_t index, Tensor tensor);
  void set_same(const OnnxNode& node, size_t index, const ImportedValue& value);
  ImportedValue& result(const OnnxNode& node, size_t index) { return values_.at(node.outputs.at(index)); }

  // The file was written for one batch and is read for another: shapes that begin with the old one mean the new one. When a
  // file leaves the batch open, both are the same.
  void change_batch(int64_t from, int64_t to) { old_batch_ = from, batch_ = to; }
  int64_t old_batch() const { return old_batch_; }
  int64_t batch() const { return batch_; }

  void add_input(const OnnxPort& port, const TensorType& type, bool channels_last);  // type.shape in the file's order
  Shape shape_of(Ref ref) const { return graph_.type(ref).shape; }
  TensorType type_of(Ref ref) const { return graph_.type(ref); }

  // Adds all results and returns the model; called once.
  InferenceModel finish();

 private:
  std::vector<Ref> add(const OnnxNode& node, std::string_view operation, const std::vector<Ref>& operands,
                       const Attributes& attributes);
  ImportedValue& value(const std::string& name, const std::string& reader);

  mutable std::map<const OnnxNode*, std::set<std::string>> read_attributes_;
  mutable std::map<const OnnxNode*, std::set<size_t>> read_inputs_;
  std::string file_name_;
  const OnnxFile& file_;
  Graph graph_;
  int64_t old_batch_ = 1, batch_ = 1;
  bool integers_kept_ = false;
  std::set<std::string> channels_first_;
  uint64_t spent_ = 0;
  std::map<std::string, ImportedValue> values_;
  std::map<std::string, Tensor> tensors_;
  void add_readers(const std::vector<OnnxNode>& nodes);

  std::map<std::string, std::vector<const OnnxNode*>> readers_;
  std::set<const OnnxNode*> skipped_;
  std::map<std::string, std::vector<std::pair<Tensor, Ref>>> parameters_;  // by the file's name: one for each order
  std::map<std::pair<uint64_t, DType>, Ref> scalars_;                      // by their bits, because a NaN cannot be a key
};

using ImportFunction = std::function<void(Importer&, const OnnxNode&)>;
using ImportTable = std::map<std::string, ImportFunction>;

void add_window_imports(ImportTable& table);       // convolutions, pooling
void add_product_imports(ImportTable& table);      // Gemm, MatMul
void add_elementwise_imports(ImportTable& table);  // arithmetic with broadcasting, and functions of the dialect
void add_activation_imports(ImportTable& table);   // functions of one number that are composed of others
void add_comparison_imports(ImportTable& table);   // comparisons, logic, selection
void add_shape_imports(ImportTable& table);        // the same numbers in other shapes
void add_gather_imports(ImportTable& table);       // gathers and slices
void add_resize_imports(ImportTable& table);       // Resize, Upsample
void add_reduction_imports(ImportTable& table);    // reductions, softmax
void add_norm_imports(ImportTable& table);         // normalization
void add_ranking_imports(ImportTable& table);      // largest numbers, and running sums
void add_quantized_imports(ImportTable& table);    // QuantizeLinear, DequantizeLinear

// Imports a float operator between DequantizeLinear and QuantizeLinear as the integer operator that it stands for, or an
// operator that only moves numbers as one on the integers themselves. Returns false for other nodes.
bool import_integers(Importer& importer, const OnnxNode& node, const ImportTable& table);

// What the DequantizeLinear that reads an input of bytes says about them; without one, the numbers stand for themselves.
Quantization read_quantization(Importer& importer, const OnnxPort& port);

// The window of a convolution or an average, as fovea's operators take it; for import_quantized.cc.
ops::Conv convolution_of(Importer& importer, const OnnxNode& node, const ImportedValue& x, const Shape& filter);
std::optional<ops::AveragePool> plain_average(
    Importer& importer, const OnnxNode& node,
    const ImportedValue& x);  // nothing when cells are skipped or windows reach beyond the padding
// The order of [out, in, taps...] as [taps..., in, out].
std::vector<int64_t> filter_order(int64_t rank);

}  // namespace fovea
