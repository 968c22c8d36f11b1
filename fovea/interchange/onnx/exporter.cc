// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/exporter.h"

#include <algorithm>
#include <cstring>

#include "fovea/core/tensor_permute.h"
#include "fovea/graph/operators.h"

namespace fovea {

std::vector<int64_t> channels_first_order(int64_t rank) { return inverse(channels_last_order(rank)); }

Exporter::Exporter(const InferenceModel& model) : model_(model) {
  file_.graph_name = model.name.empty() ? "network" : model.name;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    names_.insert(argument.name);
    if (argument.role != Role::input) set_constant(argument.value, argument.name, model.tensors.at(argument.name));
  }
  for (const Graph::Result& result : model.graph.results()) names_.insert(result.name);
}

ExportedValue& Exporter::value(Ref ref) { return values_.at(ref.index); }

std::string Exporter::in_order(ExportedValue& value, const std::vector<int64_t>& order) {
  return real(value, stored(value, order), order);
}

std::string Exporter::stored(ExportedValue& value, const std::vector<int64_t>& order) {
  if (value.constant) return initializer(value.name, permuted(*value.constant, order));
  for (const LayoutStep& step : steps_into_order(value.layout, value.shape, order)) {
    if (step.transposes) {
      value.name = add(value.name, "Transpose", {value.name}, {{"perm", step.numbers}});
      value.shape = ordered_shape(value.shape, step.numbers);
    } else {
      in_shape(value, step.numbers);
    }
  }
  value.layout = ordered_layout(value.layout.shape(), order);
  return value.name;
}

// Scale and zero point as DequantizeLinear and QuantizeLinear take them. The zero point of 32-bit integers must be 0.
std::vector<std::string> Exporter::quantization_inputs(const std::string& name, const Quantization& quantization, DType dtype) {
  const auto count = static_cast<int64_t>(quantization.scales.size());
  const Shape shape = quantization.per_channel() ? Shape{count} : Shape{};
  Tensor scales(shape, DType::f32), zeros(shape, dtype);
  std::ranges::copy(quantization.scales, scales.data<float>());
  std::vector<std::string> inputs{name, initializer(name + "/scale", scales)};
  if (dtype == DType::i32) return inputs;
  for (int64_t i = 0; i < count; ++i) zeros.raw()[i] = static_cast<std::byte>(quantization.zeros[static_cast<size_t>(i)] & 255);
  inputs.push_back(initializer(name + "/zero", zeros));
  return inputs;
}

std::string Exporter::real(const ExportedValue& value, const std::string& name, const std::vector<int64_t>& order) {
  if (!value.quantization) return name;
  const auto known = reals_.find(name);
  if (known != reals_.end()) return known->second;
  const Quantization& quantization = *value.quantization;
  std::map<std::string, OnnxAttribute> attributes;
  if (quantization.per_channel()) attributes["axis"] = std::ranges::find(order, quantization.axis) - order.begin();
  const DType dtype = value.constant ? value.constant->dtype() : DType::u8;
  return reals_[name] = add(name, "DequantizeLinear", quantization_inputs(name, quantization, dtype), attributes);
}

std::string Exporter::real(const ExportedValue& value) {
  const std::string name = value.constant ? initializer(value.name, *value.constant) : value.name;
  return real(value, name, identity_order(value.layout.rank()));
}

// Writes a Flatten where it gives the same shape, because a Flatten holds for any batch size.
std::string Exporter::in_shape(ExportedValue& value, const Shape& shape) {
  if (value.shape == shape) return value.name;
  if (shape.size() == 2 && value.shape.size() > 2 && shape[0] == value.shape[0])
    value.name = add(value.name, "Flatten", {value.name}, {{"axis", int64_t{1}}});
  else
    value.name = add(value.name, "Reshape", {value.name, integers(shape)});
  value.shape = shape;
  return value.name;
}

std::vector<int64_t> Exporter::some_order(const ExportedValue& value) const {
  const std::vector<int64_t> theirs = channels_first_order(value.layout.rank());
  if (value.constant) return theirs;
  return natural_order(value.layout, theirs).value_or(theirs);
}

std::string Exporter::unique(std::string name) {
  if (names_.insert(name).second) return name;
  for (int number = 2;; ++number) {
    const std::string next = fmt::format("{}.{}", name, number);
    if (names_.insert(next).second) return next;
  }
}

std::string Exporter::initializer(const std::string& name, const Tensor& tensor) {
  auto& arrangements = initializers_[name];
  for (const auto& [other, known] : arrangements) {
    if (other.shape() == tensor.shape() && other.dtype() == tensor.dtype() &&
        std::memcmp(other.raw(), tensor.raw(), tensor.bytes()) == 0)
      return known;
  }
  // The first arrangement of a parameter keeps the parameter's name.
  const bool own = arrangements.empty() && names_.contains(name) && !file_.initializers.contains(name);
  const std::string called = own ? name : unique(name);
  file_.initializers[called] = tensor;
  arrangements.emplace_back(tensor, called);
  return called;
}

std::string Exporter::number(float value) {
  return initializer(fmt::format("number {}", value), Tensor::of<float>({}, {value}));
}

std::string Exporter::integers(const std::vector<int64_t>& values) {
  Tensor tensor({static_cast<int64_t>(values.size())}, DType::i64);
  std::ranges::copy(values, tensor.data<int64_t>());
  return initializer(fmt::format("integers {}", to_string(values)), tensor);
}

std::string Exporter::add(const std::string& layer, const std::string& type, std::vector<std::string> inputs,
                          std::map<std::string, OnnxAttribute> attributes) {
  const std::string name = unique(fmt::format("{}/{}", layer.empty() ? "network" : layer, type));
  file_.nodes.push_back({.name = name,
                         .type = type,
                         .domain = {},
                         .inputs = std::move(inputs),
                         .outputs = {name},
                         .attributes = std::move(attributes)});
  return name;
}

std::string Exporter::zero_point(const ExportedValue& value) {
  Tensor zero({}, value.constant ? value.constant->dtype() : DType::u8);
  *zero.raw() = static_cast<std::byte>(value.quantization->zeros[0] & 255);
  return initializer(value.name + "/zero", zero);
}

namespace {

// Activations are uint8 in the file, because ONNX Runtime has its fast kernels for uint8.
std::optional<Quantization> file_quantization(const TensorType& type) {
  std::optional<Quantization> quantization = type.quantization;
  if (quantization && type.dtype == DType::i8) {
    for (int64_t& zero : quantization->zeros) zero += 128;
  }
  return quantization;
}

}  // namespace

void Exporter::set(Ref ref, std::string name, Shape shape, Layout layout) {
  values_[ref.index] = {.name = std::move(name),
                        .shape = std::move(shape),
                        .layout = std::move(layout),
                        .quantization = file_quantization(model_.graph.type(ref))};
}

bool Exporter::range_limits(Ref ref, const std::string& activation) const {
  const std::optional<Quantization> quantization = file_quantization(model_.graph.type(ref));
  if (!quantization || quantization->per_channel()) return false;
  const double scale = quantization->scales[0], least = -scale * static_cast<double>(quantization->zeros[0]),
               most = least + 255 * scale;
  const double low = activation == "relu_n1_to_1" ? -1 : 0, high = activation == ops::Relu6::name ? 6
                                                                   : activation == "relu_n1_to_1" ? 1
                                                                                                  : most;
  return least >= low - scale / 2 && most <= high + scale / 2;
}

void Exporter::set_reals(Ref ref, std::string name, Shape shape, Layout layout) {
  const std::optional<Quantization> quantization = file_quantization(model_.graph.type(ref));
  if (quantization) {
    std::vector<std::string> inputs = quantization_inputs(name, *quantization, DType::u8);
    name = add(name, "QuantizeLinear", std::move(inputs));
  }
  set(ref, std::move(name), std::move(shape), std::move(layout));
}

void Exporter::set_in_order(Ref ref, std::string name, const std::vector<int64_t>& order) {
  const Shape own = shape(ref);
  set_reals(ref, std::move(name), ordered_shape(own, order), ordered_layout(own, order));
}

void Exporter::set_constant(Ref ref, const std::string& name, Tensor tensor) {
  const Shape shape = tensor.shape();
  values_[ref.index] = {.name = name,
                        .shape = shape,
                        .layout = Layout::row_major(shape),
                        .constant = std::move(tensor),
                        .quantization = model_.graph.type(ref).quantization};
}

void Exporter::add_input(const Graph::Argument& argument, bool channels_first) {
  const auto rank = static_cast<int64_t>(argument.type.shape.size());
  const std::vector<int64_t> order = channels_first ? channels_first_order(rank) : identity_order(rank);
  const DType dtype = argument.type.quantization ? DType::u8 : argument.type.dtype;
  const Shape shape = ordered_shape(argument.type.shape, order);
  file_.inputs.push_back({.name = argument.name, .dtype = dtype, .shape = shape});
  set(argument.value, argument.name, shape, ordered_layout(argument.type.shape, order));
}

void Exporter::rename(const std::string& from, const std::string& to) {
  for (OnnxNode& node : file_.nodes) {
    std::ranges::replace(node.inputs, from, to);
    std::ranges::replace(node.outputs, from, to);
    if (node.name == from) node.name = to;
  }
  for (auto& [index, value] : values_) {
    if (value.name == from) value.name = to;
  }
}

OnnxFile Exporter::finish() {
  std::set<std::string> given;
  for (const Graph::Result& result : model_.graph.results()) {
    const std::vector<int64_t> order = channels_first_order(rank(result.value));
    const std::string name = stored(value(result.value), order);
    const auto made = std::ranges::find_if(file_.nodes, [&](const OnnxNode& node) { return node.outputs.front() == name; });
    if (made != file_.nodes.end() && !given.contains(name))
      rename(name, result.name);
    else
      file_.nodes.push_back({.name = result.name,
                             .type = "Identity",
                             .domain = {},
                             .inputs = {name},
                             .outputs = {result.name},
                             .attributes = {}});
    given.insert(result.name);
    file_.outputs.push_back({.name = result.name,
                             .dtype = result.type.quantization ? DType::u8 : result.type.dtype,
                             .shape = ordered_shape(result.type.shape, order)});
  }
  return std::move(file_);
}

void Exporter::complain(const FusedLayer& layer, const std::string& what) const {
  fail("{}: {} \"{}\" {}", model_.name, layer.node.op, layer.node.layer, what);
}

}  // namespace fovea
