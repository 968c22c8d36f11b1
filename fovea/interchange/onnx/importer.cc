// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/importer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "fovea/core/tensor_arithmetic.h"
#include "fovea/core/tensor_permute.h"

namespace fovea {
namespace {

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

Tensor truth_numbers(const Tensor& truth) {
  Tensor result(truth.shape(), DType::f32);
  for (int64_t i = 0; i < truth.size(); ++i) result.data<float>()[i] = truth.raw()[i] != std::byte{0} ? 1.0F : 0.0F;
  return result;
}

}  // namespace

Importer::Importer(std::string file_name, const OnnxFile& file) : file_name_(std::move(file_name)), file_(file) {
  add_readers(file.nodes);
  for (const auto& [name, tensor] : file.initializers)
    values_[name] = {.name = name, .constant = tensor, .ref = {}, .layout = {}};
}

void Importer::add_readers(const std::vector<OnnxNode>& nodes) {
  for (const OnnxNode& node : nodes) {
    for (const std::string& input : names_read(node)) readers_[input].push_back(&node);
  }
}

void Importer::enter(const OnnxNode& node, const OnnxGraph& branch) {
  if (!branch.inputs.empty()) complain(node, "a branch with inputs of its own");
  add_readers(branch.nodes);
  for (const auto& [name, tensor] : branch.initializers) {
    if (!values_.emplace(name, ImportedValue{.name = name, .constant = tensor, .ref = {}, .layout = {}}).second)
      complain(node, "its branch's tensor \"{}\" is there already", name);
  }
}

ImportedValue& Importer::named(const OnnxNode& node, const std::string& name) {
  return value(name, fmt::format("node \"{}\" ({})", node.title(), node.type));
}

ImportedValue& Importer::value(const std::string& name, const std::string& reader) {
  const auto found = values_.find(name);
  if (found == values_.end())
    fail(ErrorCode::data_loss, "{}: {} reads \"{}\", which nothing before it computes", file_name_, reader, name);
  return found->second;
}

const std::vector<const OnnxNode*>& Importer::readers(const std::string& name) const {
  static const std::vector<const OnnxNode*> none;
  const auto found = readers_.find(name);
  return found == readers_.end() ? none : found->second;
}

bool Importer::is_result(const std::string& name) const {
  return std::ranges::any_of(file_.outputs, [&](const OnnxPort& port) { return port.name == name; });
}

bool Importer::is_wanted(const std::string& name) const { return !name.empty() && (is_result(name) || !readers(name).empty()); }

bool Importer::has_four_bits(const OnnxNode& node, size_t index) const {
  const auto found = file_.element_types.find(node.inputs.at(index));
  return found != file_.element_types.end() && (found->second == 21 || found->second == 22);
}

int64_t Importer::element_type(const OnnxNode& node, size_t index) const {
  const auto found = file_.element_types.find(node.inputs.at(index));
  if (found == file_.element_types.end()) complain(node, "the file does not tell the type of \"{}\"", node.inputs.at(index));
  return found->second;
}

ImportedValue& Importer::quantized_input(const OnnxNode& node, size_t index) {
  if (!has_input(node, index)) complain(node, "has no input {}", index);
  return value(node.inputs[index], fmt::format("node \"{}\" ({})", node.title(), node.type));
}

ImportedValue& Importer::input(const OnnxNode& node, size_t index) {
  ImportedValue& value = quantized_input(node, index);
  if (integers_kept_ || !is_quantized(value)) return value;
  if (value.bare) complain(node, "reads the integers of \"{}\"; a DequantizeLinear has to come between", value.name);
  const std::string key = value.name + "\nin real numbers";
  const auto [real, first] = values_.try_emplace(key, value);
  if (first) real->second.ref = graph_.add(ops::Dequantize{value.ref}, value.name);
  return real->second;
}

bool Importer::has_input(const OnnxNode& node, size_t index) const {
  read_inputs_[&node].insert(index);
  return index < node.inputs.size() && !node.inputs[index].empty();
}

bool Importer::is_known(const OnnxNode& node, size_t index) const {
  if (!has_input(node, index)) return true;
  const auto found = values_.find(node.inputs[index]);
  return found != values_.end() && found->second.constant.has_value();
}

ImportedValue& Importer::known_value(const OnnxNode& node, const std::string& name) {
  return value(name, fmt::format("node \"{}\" ({})", node.title(), node.type));
}

const Tensor& Importer::constant(const OnnxNode& node, size_t index) {
  const ImportedValue& value = input(node, index);
  if (!value.constant) complain(node, "input \"{}\" is computed from the data; fovea needs it to be known", value.name);
  return *value.constant;
}

std::vector<int64_t> Importer::integers(const OnnxNode& node, size_t index) {
  const Tensor& tensor = constant(node, index);
  if (tensor.dtype() == DType::i64) return {tensor.values<int64_t>().begin(), tensor.values<int64_t>().end()};
  if (tensor.dtype() == DType::i32) return {tensor.values<int32_t>().begin(), tensor.values<int32_t>().end()};
  complain(node, "input \"{}\" is {}; integers are needed", node.inputs[index], fovea::name(tensor.dtype()));
}

double Importer::number(const OnnxNode& node, size_t index) {
  const Tensor& tensor = constant(node, index);
  if (tensor.size() != 1 || tensor.dtype() != DType::f32)
    complain(node, "input \"{}\" is {} {}; one f32 is needed", node.inputs[index], to_string(tensor.shape()),
             fovea::name(tensor.dtype()));
  return tensor.data<float>()[0];
}

namespace {

template <typename T>
T attribute_of(const Importer& importer, const OnnxNode& node, const std::string& name, T otherwise) {
  const OnnxAttribute* found = importer.attribute(node, name);
  if (found == nullptr) return otherwise;
  if (const T* value = std::get_if<T>(found)) return *value;
  importer.complain(node, "attribute {} is of another type than it should be", name);
}

// Attributes that do not change what a network computes at inference.
bool is_harmless(const std::string& type, const std::string& attribute) {
  static const std::map<std::string, std::set<std::string>> harmless{
      {"BatchNormalization", {"momentum"}}, {"Dropout", {"ratio", "seed"}},          {"QuantizeLinear", {"axis", "saturate"}},
      {"DequantizeLinear", {"axis"}},       {"LayerNormalization", {"stash_type"}},  {"GroupNormalization", {"stash_type"}},
      {"Cast", {"saturate", "round_mode"}}, {"CastLike", {"saturate", "round_mode"}}};
  const auto found = harmless.find(type);
  return found != harmless.end() && found->second.contains(attribute);
}

}  // namespace

const OnnxAttribute* Importer::attribute(const OnnxNode& node, const std::string& name) const {
  read_attributes_[&node].insert(name);
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? nullptr : &found->second;
}

void Importer::refuse_unread(const OnnxNode& node) const {
  for (const auto& [name, value] : node.attributes) {
    if (!read_attributes_[&node].contains(name) && !is_harmless(node.type, name))
      complain(node, "fovea knows no attribute {} of it in opset {}, and passes over none", name, file_.opset);
  }
  if (is_skipped(node)) return;  // its inputs and attributes were read with an earlier node
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.inputs[i].empty() && !read_inputs_[&node].contains(i))
      complain(node, "fovea knows no input {}, \"{}\", of it in opset {}, and passes over none", i, node.inputs[i],
               file_.opset);
  }
}

int64_t Importer::integer(const OnnxNode& node, const std::string& name, int64_t otherwise) const {
  return attribute_of(*this, node, name, otherwise);
}
float Importer::number(const OnnxNode& node, const std::string& name, float otherwise) const {
  return attribute_of(*this, node, name, otherwise);
}
std::string Importer::text(const OnnxNode& node, const std::string& name, const std::string& otherwise) const {
  return attribute_of(*this, node, name, otherwise);
}
std::vector<int64_t> Importer::integers(const OnnxNode& node, const std::string& name, std::vector<int64_t> otherwise) const {
  return attribute_of(*this, node, name, std::move(otherwise));
}
std::vector<float> Importer::numbers(const OnnxNode& node, const std::string& name, std::vector<float> otherwise) const {
  return attribute_of(*this, node, name, std::move(otherwise));
}

int64_t Importer::dimension(const OnnxNode& node, int64_t given, int64_t rank) const {
  if (given < -rank || given >= rank) complain(node, "dimension {} of a tensor with {}", given, rank);
  return given < 0 ? given + rank : given;
}

// The value is remembered in that order, so that later readers find it there.
Ref Importer::in_order(ImportedValue& value, const std::vector<int64_t>& order) {
  if (value.constant) return parameter(value.name, permuted(*value.constant, order));
  for (const LayoutStep& step : steps_into_order(value.layout, shape_of(value.ref), order)) {
    value.ref = step.transposes ? graph_.add(ops::Transpose{.input = value.ref, .permutation = step.numbers}, value.name)
                                : graph_.add(ops::Reshape{.input = value.ref, .shape = step.numbers}, value.name);
  }
  value.layout = ordered_layout(value.shape(), order);
  return value.ref;
}

Ref Importer::row_major(ImportedValue& value) { return in_order(value, identity_order(value.rank())); }

std::vector<int64_t> Importer::some_order(const ImportedValue& value) const {
  if (value.constant) return identity_order(value.rank());
  const std::vector<int64_t> ours = channels_last_order(value.rank());
  return natural_order(value.layout, ours).value_or(ours);
}

Shape Importer::broadcast(const OnnxNode& node, const Shape& a, const Shape& b) const {
  const std::optional<Shape> shape = broadcast_shape(a, b);
  if (!shape) complain(node, "{} and {} do not fit together", to_string(a), to_string(b));
  return *shape;
}

Ref Importer::parameter(const std::string& name, const Tensor& given, const std::optional<Quantization>& quantization) {
  // Booleans are the numbers 0 and 1 in a graph.
  const Tensor tensor = given.dtype() == DType::boolean ? truth_numbers(given) : given;
  auto& arrangements = parameters_[name];
  for (const auto& [other, ref] : arrangements) {
    if (same_bits(other, tensor)) return ref;
  }
  std::string unique = arrangements.empty() ? name : fmt::format("{}.{}", name, arrangements.size() + 1);
  std::ranges::replace(unique, '\n', ' ');  // names of values that were created while reading; an error is one line
  while (unique.empty() || tensors_.contains(unique) ||
         std::ranges::any_of(graph_.arguments(), [&](const auto& a) { return a.name == unique; }))
    unique += "'";
  const Ref ref = graph_.argument(unique, {tensor.shape(), tensor.dtype(), quantization}, Role::parameter);
  tensors_[unique] = tensor;
  arrangements.emplace_back(tensor, ref);
  return ref;
}

Ref Importer::scalar(double value, DType dtype) {
  const std::pair key{std::bit_cast<uint64_t>(value), dtype};
  const auto found = scalars_.find(key);
  if (found != scalars_.end()) return found->second;
  if (dtype == DType::i64) return scalars_[key] = known(Tensor::of<int64_t>({}, {static_cast<int64_t>(value)}));
  if (dtype == DType::i32) return scalars_[key] = known(Tensor::of<int32_t>({}, {static_cast<int32_t>(value)}));
  if (dtype != DType::f32) fail("{}: arithmetic of {}; fovea has that of f32, i32 and i64", file_name_, fovea::name(dtype));
  return scalars_[key] = known(Tensor::of<float>({}, {static_cast<float>(value)}));
}

Ref Importer::known(const Tensor& tensor) { return graph_.add(ops::Constant{.value = tensor}, ""); }

void Importer::spend(const OnnxNode& node, uint64_t bytes) {
  constexpr uint64_t limit = uint64_t{1} << 30;
  spent_ = bytes > limit ? limit + 1 : spent_ + bytes;
  if (spent_ > limit) complain(node, "constants of more than 1 GiB are computed");
}

std::vector<Ref> Importer::add(const OnnxNode& node, std::string_view operation, const std::vector<Ref>& operands,
                               const Attributes& attributes) {
  try {
    return graph_.add(operation, operands, attributes, node.title());
  } catch (const Error& error) {
    fail("{}: {}", file_name_, error.what());
  }
}

void Importer::set(const OnnxNode& node, size_t index, Ref ref, const Layout& layout) {
  if (index >= node.outputs.size() || node.outputs[index].empty()) return;
  const std::string& name = node.outputs[index];
  if (!values_.emplace(name, ImportedValue{.name = name, .constant = {}, .ref = ref, .layout = layout}).second)
    complain(node, "computes \"{}\", which is there already", name);
}

void Importer::set_in_order(const OnnxNode& node, size_t index, Ref ref, const std::vector<int64_t>& order) {
  set(node, index, ref, Layout::permuted(shape_of(ref), inverse(order)));
}

void Importer::set_channels_last(const OnnxNode& node, size_t index, Ref ref) {
  set_in_order(node, index, ref, channels_last_order(static_cast<int64_t>(shape_of(ref).size())));
}

void Importer::set_constant(const OnnxNode& node, size_t index, Tensor tensor) {
  set(node, index, {}, {});
  if (index < node.outputs.size() && !node.outputs[index].empty()) values_[node.outputs[index]].constant = std::move(tensor);
}

void Importer::set_same(const OnnxNode& node, size_t index, const ImportedValue& value) {
  const ImportedValue copy = value;
  set(node, index, copy.ref, copy.layout);
  if (index >= node.outputs.size() || node.outputs[index].empty()) return;
  ImportedValue& result = values_[node.outputs[index]];
  result = copy;
  result.name = node.outputs[index];
}

void Importer::add_input(const OnnxPort& port, const TensorType& type, bool channels_last) {
  const auto rank = static_cast<int64_t>(type.shape.size());
  const std::vector<int64_t> order = channels_last ? channels_last_order(rank) : identity_order(rank);
  if (channels_last) channels_first_.insert(port.name);
  if (values_.contains(port.name)) fail(ErrorCode::data_loss, "{}: two inputs are named \"{}\"", file_name_, port.name);
  const Ref ref = graph_.argument(port.name, {ordered_shape(type.shape, order), type.dtype, type.quantization}, Role::input);
  values_[port.name] = {.name = port.name,
                        .constant = {},
                        .ref = ref,
                        .layout = ordered_layout(type.shape, order),
                        .bare = type.quantization.has_value()};
}

InferenceModel Importer::finish() {
  std::vector<std::pair<std::string, Ref>> results;
  for (const OnnxPort& port : file_.outputs) {
    ImportedValue& result = value(port.name, "the result");
    if (result.rank() > 2) channels_first_.insert(port.name);
    if (result.constant) {
      // A result that does not depend on the inputs, such as a shape; the graph returns it as a constant.
      const Tensor known_result = permuted(*result.constant, channels_last_order(result.rank()));
      if (known_result.empty()) fail("{}: the result \"{}\" is empty", file_name_, port.name);
      results.emplace_back(port.name,
                           known(known_result.dtype() == DType::boolean ? truth_numbers(known_result) : known_result));
      continue;
    }
    if (is_quantized(result) && !result.bare) result.ref = graph_.add(ops::Dequantize{result.ref}, port.name);
    results.emplace_back(port.name, channels_last(result));
  }
  graph_.finish(results);
  return {.name = {},
          .graph = std::move(graph_),
          .tensors = std::move(tensors_),
          .channels_first = std::move(channels_first_),
          .preprocessing = {},
          .labels = {}};
}

}  // namespace fovea
