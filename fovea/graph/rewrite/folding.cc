// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/rewrite/folding.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"

namespace fovea {
namespace {

// y = x * factor + offset, channel by channel.
struct Affine {
  std::vector<double> factor, offset;

  explicit Affine(int64_t channels) : factor(channels, 1), offset(channels, 0) {}
  bool scales() const {
    return std::ranges::any_of(factor, [](double value) { return value != 1; });
  }
  void multiply(size_t channel, double by) {
    factor[channel] *= by;
    offset[channel] *= by;
  }
};

class Folder {
 public:
  Folder(const InferenceModel& model, FoldingOptions options)
      : model_(model),
        options_(options),
        nodes_(live_nodes(model.graph)),
        uses_(use_counts(model.graph, nodes_)),
        graph_(model.name),
        copy_(model.graph, graph_) {
    for (const Graph::Argument& argument : model.graph.arguments()) {
      if (argument.role == Role::input) continue;
      const auto tensor = model.tensors.find(argument.name);
      if (tensor == model.tensors.end()) fail("the weights of {} lack tensor \"{}\"", model.name, argument.name);
      known_[argument.value.index] = tensor->second;
      names_[argument.value.index] = argument.name;
    }
    for (size_t i = 0; i < nodes_.size(); ++i) {
      for (const Ref operand : nodes_[i].operands) readers_[operand.index].push_back(i);
    }
  }

  InferenceModel run();

 private:
  bool is_known(Ref value) const { return known_.contains(value.index); }
  bool add_to(Affine& affine, const Graph::Node& node, Ref input) const;
  Affine following(size_t node, int64_t channels, Ref& last, std::string& bias_name);
  void fold_contraction(size_t index);
  void write_norm(const Graph::Node& node);
  Ref parameter(const std::string& name, const Tensor& tensor);
  Ref operand(Ref source, const std::string& layer);

  const InferenceModel& model_;
  FoldingOptions options_;
  std::vector<Graph::Node> nodes_;
  std::map<int32_t, int> uses_;
  Graph graph_;
  GraphCopy copy_;
  std::map<int32_t, Tensor> known_;
  std::map<int32_t, std::string> names_;
  std::map<int32_t, std::vector<size_t>> readers_;
  std::set<size_t> folded_;  // nodes that are folded into another
  std::map<std::string, std::pair<Ref, Tensor>> parameters_;
};

// The f32 numbers of a tensor with one number, or with one for each channel.
std::optional<std::vector<double>> by_channel(const Tensor& tensor, int64_t channels) {
  if (tensor.dtype() != DType::f32 || (tensor.size() != 1 && tensor.size() != channels)) return std::nullopt;
  if (tensor.size() == channels && channels > 1 && tensor.shape().back() != channels) return std::nullopt;
  std::vector<double> values(tensor.values<float>().begin(), tensor.values<float>().end());
  values.resize(static_cast<size_t>(channels), values.front());
  return values;
}

// Includes `node`, which reads `input`, in the affine function; false when it is not affine by channel.
bool Folder::add_to(Affine& affine, const Graph::Node& node, Ref input) const {
  const auto channels = static_cast<int64_t>(affine.factor.size());
  if (node.is<ops::BatchNorm>()) {
    if (node.operands[0] != input ||
        !std::all_of(node.operands.begin() + 1, node.operands.end(), [&](Ref x) { return is_known(x); }))
      return false;
    std::vector<std::vector<double>> values;
    for (size_t i = 1; i < 5; ++i) values.push_back(by_channel(known_.at(node.operands[i].index), channels).value());
    const double epsilon = node.as<ops::BatchNorm>()->epsilon;
    for (size_t c = 0; c < affine.factor.size(); ++c) {
      affine.multiply(c, values[0][c] / std::sqrt(values[3][c] + epsilon));
      affine.offset[c] += values[1][c] - values[2][c] * values[0][c] / std::sqrt(values[3][c] + epsilon);
    }
    return true;
  }
  if (!node.is<ops::Add, ops::Sub, ops::Mul, ops::Div>()) return false;
  const bool first = node.operands[0] == input;
  const Ref other = node.operands[first ? 1 : 0];
  if (other == input || !is_known(other) || (!first && node.is<ops::Div>())) return false;
  if (model_.graph.type(node.results[0]).shape != model_.graph.type(input).shape) return false;
  const auto values = by_channel(known_.at(other.index), channels);
  if (!values) return false;
  for (size_t c = 0; c < affine.factor.size(); ++c) {
    const double value = (*values)[c];
    if (node.is<ops::Add>()) affine.offset[c] += value;
    if (node.is<ops::Mul>()) affine.multiply(c, value);
    if (node.is<ops::Div>()) affine.multiply(c, 1 / value);
    if (node.is<ops::Sub>() && first) affine.offset[c] -= value;
    if (node.is<ops::Sub>() && !first) {
      affine.multiply(c, -1);
      affine.offset[c] += value;
    }
  }
  return true;
}

// The affine function of the operators after `node`, as far as they are arithmetic by channel and no other operator reads a
// value in between. `last` is their result.
Affine Folder::following(size_t node, int64_t channels, Ref& last, std::string& bias_name) {
  Affine affine(channels);
  last = nodes_[node].results[0];
  while (uses_[last.index] == 1 && !readers_[last.index].empty()) {
    const size_t next = readers_[last.index].front();
    if (!add_to(affine, nodes_[next], last)) break;
    for (const Ref operand : nodes_[next].operands) {
      if (bias_name.empty() && nodes_[next].is<ops::Add>() && names_.contains(operand.index)) bias_name = names_[operand.index];
    }
    folded_.insert(next);
    last = nodes_[next].results[0];
  }
  return affine;
}

Ref Folder::parameter(const std::string& name, const Tensor& tensor) {
  for (int number = 1;; ++number) {
    const std::string unique = number == 1 ? name : name + "_" + std::to_string(number);
    const auto known = parameters_.find(unique);
    if (known == parameters_.end()) {
      const Ref made = graph_.argument(unique, {tensor.shape(), tensor.dtype()}, Role::parameter);
      parameters_.emplace(unique, std::pair(made, tensor));
      return made;
    }
    if (known->second.second.raw() == tensor.raw()) return known->second.first;
  }
}

std::string with_suffix(std::string name, const char* suffix) {
  if (name.ends_with(".weight")) name.resize(name.size() - 7);
  return name == "weight" || name.empty() ? suffix : name + "." + suffix;
}

Tensor vector_tensor(const std::vector<double>& values, Shape shape) {
  Tensor tensor(std::move(shape), DType::f32);
  std::ranges::transform(values, tensor.data<float>(), [](double value) { return static_cast<float>(value); });
  return tensor;
}

// Output channels are the last dimension of the filters of conv and dense.
void Folder::fold_contraction(size_t index) {
  const Graph::Node& node = nodes_[index];
  Tensor filter = known_.at(node.operands[1].index);
  const int64_t channels = filter.shape().back();
  const std::string name = names_.contains(node.operands[1].index) ? names_[node.operands[1].index] : node.layer + ".weight";
  Ref last;
  std::string bias_name;
  const Affine affine = following(index, channels, last, bias_name);
  if (affine.scales()) {
    filter = filter.clone();
    for (int64_t i = 0; i < filter.size(); ++i) {
      float& value = filter.data<float>()[i];
      value = static_cast<float>(value * affine.factor[static_cast<size_t>(i % channels)]);
    }
  }
  const Ref weight = parameter(name, filter);
  Ref result = graph_.add(node.op, {operand(node.operands[0], node.layer), weight}, node.attributes, node.layer)[0];
  if (last != node.results[0]) {
    const Ref bias =
        parameter(bias_name.empty() ? with_suffix(name, "bias") : bias_name, vector_tensor(affine.offset, {channels}));
    result = graph_.add(ops::Add{result, bias}, node.layer);
  }
  copy_.set(last, result);
}

// Writes a norm that cannot be folded into a convolution.
void Folder::write_norm(const Graph::Node& node) {
  const Shape shape = model_.graph.type(node.operands[0]).shape;
  const int64_t channels = shape.back();
  Affine affine(channels);
  if (!add_to(affine, node, node.operands[0])) fail("batch_norm \"{}\": its parameters are not known", node.layer);
  const bool as_convolution = options_.norms_as_convolutions && shape.size() == 4;
  const Ref input = operand(node.operands[0], node.layer);
  const Ref weight = parameter(with_suffix(node.layer, "weight"),
                               vector_tensor(affine.factor, as_convolution ? Shape{1, 1, 1, channels} : Shape{channels}));
  const Ref bias = parameter(with_suffix(node.layer, "bias"), vector_tensor(affine.offset, {channels}));
  const Ref product = as_convolution ? graph_.add(ops::Conv{.input = input, .filter = weight, .groups = channels}, node.layer)
                                     : graph_.add(ops::Mul{input, weight}, node.layer);
  copy_.set(node.results[0], graph_.add(ops::Add{product, bias}, node.layer));
}

// Known tensors are declared as parameters when an operator reads them unchanged.
Ref Folder::operand(Ref source, const std::string& layer) {
  if (!is_known(source)) return copy_(source);
  return parameter(names_.contains(source.index) ? names_[source.index] : with_suffix(layer, "constant"), known_[source.index]);
}

InferenceModel Folder::run() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Graph::Node& node = nodes_[i];
    if (const auto constant = node.as<ops::Constant>()) known_[node.results[0].index] = constant->value;
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Graph::Node& node = nodes_[i];
    if (folded_.contains(i) || node.is<ops::Constant>()) continue;
    if (node.is<ops::Conv, ops::Dense>() && is_known(node.operands[1]) &&
        known_[node.operands[1].index].dtype() == DType::f32) {
      fold_contraction(i);
    } else if (node.is<ops::BatchNorm>()) {
      write_norm(node);
    } else {
      for (const Ref source : node.operands) copy_.set(source, operand(source, node.layer));
      copy_.copy(node);
    }
  }
  std::vector<std::pair<std::string, Ref>> results;
  for (const Graph::Result& result : model_.graph.results()) results.emplace_back(result.name, operand(result.value, ""));
  graph_.finish(results);
  InferenceModel folded{.name = model_.name,
                        .graph = std::move(graph_),
                        .preprocessing = model_.preprocessing,
                        .labels = model_.labels,
                        .confidence = model_.confidence};
  for (const auto& [name, entry] : parameters_) folded.tensors[name] = entry.second;
  return folded;
}

}  // namespace

InferenceModel folded(const InferenceModel& model, FoldingOptions options) { return Folder(model, options).run(); }

}  // namespace fovea
