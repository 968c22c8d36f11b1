// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/match.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/passes/network/folded.h"
#include "fovea/passes/network/fused_layers.h"

namespace fovea {
namespace {

// What distinguishes one convolution or dense layer from another. A dense layer is a 1x1 convolution of one pixel.
struct Signature {
  Shape filter;
  std::vector<int64_t> strides, cells;  // cells: padding before and after, height and width
  int64_t groups = 1;
  bool operator==(const Signature&) const = default;
};

std::vector<int64_t> pair_of(std::vector<int64_t> pair) {
  if (pair.empty()) pair = {1};
  if (pair.size() == 1) pair.push_back(pair[0]);
  return pair;
}

std::vector<int64_t> cells_of(const std::optional<ops::Padding>& padding, const Shape& image, const Shape& filter,
                              const std::vector<int64_t>& strides, const std::vector<int64_t>& dilations) {
  std::vector<int64_t> cells(4);
  if (!padding) return cells;
  if (const auto* list = padding->cells()) return *list;
  for (size_t i = 0; i < 2 && padding->rule() == "same"; ++i) {
    const int64_t size = image[i + 1], results = (size + strides[i] - 1) / strides[i];
    const int64_t total = std::max<int64_t>((results - 1) * strides[i] + (filter[i] - 1) * dilations[i] + 1 - size, 0);
    cells[2 * i] = total / 2;
    cells[2 * i + 1] = total - total / 2;
  }
  return cells;
}

std::optional<Signature> signature_of(const Graph& graph, const Graph::Node& node) {
  Shape filter = graph.type(node.operands[1]).shape;
  if (node.is<ops::Dense>()) return Signature{{1, 1, filter[0], filter[1]}, {1, 1}, {0, 0, 0, 0}, 1};
  const Shape image = graph.type(node.operands[0]).shape;
  if (filter.size() != 4 || image.size() != 4) return std::nullopt;
  const auto conv = node.as<ops::Conv>();
  const std::vector<int64_t> strides = pair_of(conv->strides), dilations = pair_of(conv->dilations);
  Signature signature{filter, strides, cells_of(conv->padding, image, filter, strides, dilations), conv->groups};
  if (image[1] == 1 && image[2] == 1 && filter[0] == 1 && filter[1] == 1) signature.strides = {1, 1};
  return signature;
}

// A layer of a built-in network, with the names of its tensors.
struct OwnLayer {
  Signature signature;
  std::string weight, bias;           // the shift of the norm takes the bias
  std::string scale, mean, variance;  // of the norm, if there is one
  double epsilon = 0;
  Shape weight_shape;
};

std::optional<std::vector<OwnLayer>> own_layers(const Traced& traced) {
  std::map<int32_t, std::string> names = argument_names(traced.graph);
  std::map<int32_t, size_t> makers;  // for each value, the layer whose result it is
  std::vector<OwnLayer> layers;
  for (const Graph::Node& node : traced.graph.nodes()) {
    if (node.is<ops::Conv, ops::Dense>()) {
      const auto signature = signature_of(traced.graph, node);
      if (!signature || !names.contains(node.operands[1].index)) return std::nullopt;
      makers[node.results[0].index] = layers.size();
      layers.push_back({.signature = *signature,
                        .weight = names[node.operands[1].index],
                        .weight_shape = traced.graph.type(node.operands[1]).shape});
      continue;
    }
    const auto maker = node.operands.empty() ? makers.end() : makers.find(node.operands[0].index);
    if (maker == makers.end()) continue;
    OwnLayer& layer = layers[maker->second];
    if (const auto norm = node.as<ops::BatchNorm>()) {
      layer.scale = names[norm->scale.index];
      layer.bias = names[norm->shift.index];
      layer.mean = names[norm->mean.index];
      layer.variance = names[norm->variance.index];
      layer.epsilon = norm->epsilon;
    } else if (node.is<ops::Add>() && names.contains(node.operands[1].index)) {
      layer.bias = names[node.operands[1].index];
    }
  }
  return layers;
}

struct FileLayer {
  Signature signature;
  Tensor weight;
  std::optional<Tensor> bias;
};

std::vector<FileLayer> file_layers(const InferenceModel& model) {
  const std::map<int32_t, Tensor> values = parameter_values(model);
  std::vector<FileLayer> layers;
  for (const FusedLayer& layer : fused_layers(model.graph)) {
    if (!layer.has_weight()) continue;
    const auto signature = signature_of(model.graph, layer.node);
    if (!signature) return {};
    layers.push_back({*signature, values.at(layer.weight.index), std::nullopt});
    if (layer.has_bias()) layers.back().bias = values.at(layer.bias.index);
  }
  return layers;
}

Tensor filled(int64_t count, float value) {
  Tensor tensor({count}, DType::f32);
  std::ranges::fill(tensor.values<float>(), value);
  return tensor;
}

std::optional<std::map<std::string, Tensor>> matched(const std::vector<OwnLayer>& own, const std::vector<FileLayer>& file) {
  if (own.size() != file.size()) return std::nullopt;
  std::map<std::string, Tensor> tensors;
  for (size_t i = 0; i < own.size(); ++i) {
    const OwnLayer& layer = own[i];
    if (layer.signature != file[i].signature || (layer.bias.empty() && file[i].bias)) return std::nullopt;
    const int64_t channels = layer.signature.filter.back();
    tensors[layer.weight] = file[i].weight.reshaped(layer.weight_shape);
    if (!layer.bias.empty()) tensors[layer.bias] = file[i].bias.value_or(filled(channels, 0));
    if (layer.scale.empty()) continue;
    tensors[layer.scale] = filled(channels, 1);
    tensors[layer.mean] = filled(channels, 0);
    tensors[layer.variance] = filled(channels, static_cast<float>(1 - layer.epsilon));
  }
  return tensors;
}

// The forms in which published files have a network.
std::vector<ModelOptions> forms_of(const ModelEntry& entry, const ModelOptions& given) {
  std::vector<ModelOptions> forms{given};
  if (entry.features.width) {
    forms.clear();
    for (const double width : {1.0, 0.25, 0.35, 0.5, 0.75, 1.3, 1.4}) {
      forms.push_back(given);
      forms.back().width = width;
    }
  }
  if (!entry.features.convention) return forms;
  std::vector<ModelOptions> both;
  for (ModelOptions form : forms) {
    for (const Convention convention : {Convention::tensorflow, Convention::torch}) {
      form.convention = convention;
      both.push_back(form);
    }
  }
  return both;
}

}  // namespace

std::optional<MatchedNetwork> recognized(const InferenceModel& model) {
  const InferenceModel plain = folded(model);
  const std::vector<FileLayer> layers = file_layers(plain);
  Shape input;
  for (const Graph::Argument& argument : plain.graph.arguments())
    if (argument.role == Role::input) input = argument.type.shape;
  if (layers.empty() || input.size() != 4) return std::nullopt;
  input.erase(input.begin());
  const ModelOptions given{.classes = layers.back().signature.filter.back(), .input = input};
  for (const ModelEntry& entry : models()) {
    // A recipe may name another size of the input, but not another number of channels.
    if (entry.form || entry.input.size() != 3 || entry.input.back() != input.back()) continue;
    for (const ModelOptions& form : forms_of(entry, given)) {
      try {
        const Traced traced = trace_inference(make_model(entry.name, form), 1);
        const auto own = own_layers(traced);
        if (!own) continue;
        if (auto tensors = matched(*own, layers)) return MatchedNetwork{entry.name, form, std::move(*tensors)};
      } catch (const Error&) {  // it does not accept images of this size
      }
    }
  }
  return std::nullopt;
}

std::string recognized(const WeightFile& file) {
  if (const auto named = file.metadata.find("model"); named != file.metadata.end()) {
    const auto same = [&](const ModelEntry& entry) { return entry.name == named->second; };
    if (std::ranges::any_of(models(), same)) return named->second;
  }
  for (const ModelEntry& entry : models()) {
    if (entry.form) continue;
    try {
      load_weights(make_model(entry.name), file, HeadRule::start_anew);
      return entry.name;
    } catch (const Error&) {  // the weights of another model
    }
  }
  return "";
}

}  // namespace fovea
