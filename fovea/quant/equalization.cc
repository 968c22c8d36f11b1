// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/equalization.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"

namespace fovea {
namespace {

// Whether f(c * x) is c * f(x) for all c above 0.
bool is_homogeneous(const Graph::Node& node) {
  return node.is<ops::Relu, ops::MaxPool, ops::AveragePool, ops::ReduceMean, ops::Reshape>();
}

// Two layers, of which only the second reads the result of the first.
struct Pair {
  const QuantizationPlan::Layer* first;
  const QuantizationPlan::Layer* second;
};

// Finds the pairs of a network. With `limited`, relu6 counts as homogeneous, too.
class PairSearch {
 public:
  PairSearch(const InferenceModel& model, const QuantizationPlan& plan, bool limited)
      : model_(model), plan_(plan), limited_(limited) {
    for (const QuantizationPlan::Layer& layer : plan.layers()) {
      for (const Ref input : layer.inputs) readers_[input.index].push_back(&layer);
      if (layer.has_weight()) ++uses_[layer.weight.index];
      if (layer.has_bias()) ++uses_[layer.bias.index];
    }
    for (const Graph::Result& result : model.graph.results()) readers_[result.value.index].push_back(nullptr);
  }

  std::vector<Pair> pairs() const {
    std::vector<Pair> pairs;
    for (const QuantizationPlan::Layer& layer : plan_.layers()) {
      if (const auto* second = partner(layer)) pairs.push_back({&layer, second});
    }
    return pairs;
  }

 private:
  bool may_change(const QuantizationPlan::Layer& layer) const {
    return layer.contraction() && layer.integer && uses_.at(layer.weight.index) == 1 &&
           (!layer.has_bias() || uses_.at(layer.bias.index) == 1);
  }

  const QuantizationPlan::Layer* partner(const QuantizationPlan::Layer& layer) const {
    const bool fits =
        layer.activation == "none" || layer.activation == ops::Relu::name || (limited_ && layer.activation == ops::Relu6::name);
    if (!may_change(layer) || !fits) return nullptr;
    Ref value = layer.output;
    for (;;) {
      const auto readers = readers_.find(value.index);
      if (readers == readers_.end() || readers->second.size() != 1 || readers->second[0] == nullptr) return nullptr;
      const QuantizationPlan::Layer& next = *readers->second[0];
      if (next.contraction()) return may_change(next) && input_channels_fit(layer, next) ? &next : nullptr;
      if (!is_homogeneous(next.node) || !keeps_channels_last(next)) return nullptr;
      value = next.output;
    }
  }

  // After flattening, feature i belongs to channel i modulo the number of channels.
  bool keeps_channels_last(const QuantizationPlan::Layer& layer) const {
    const int64_t before = model_.graph.type(layer.inputs[0]).shape.back(),
                  after = model_.graph.type(layer.output).shape.back();
    return after % before == 0;
  }

  bool input_channels_fit(const QuantizationPlan::Layer& first, const QuantizationPlan::Layer& second) const {
    const int64_t channels = model_.graph.type(first.weight).shape.back();
    return model_.graph.type(second.inputs[0]).shape.back() % channels == 0;
  }

  const InferenceModel& model_;
  const QuantizationPlan& plan_;
  bool limited_;
  std::map<int32_t, std::vector<const QuantizationPlan::Layer*>> readers_;
  std::map<int32_t, int> uses_;  // of weights and biases
};

class Equalizer {
 public:
  Equalizer(InferenceModel& model, const QuantizationPlan& plan, const ChannelPeaks& peaks)
      : model_(model), plan_(plan), peaks_(peaks) {
    for (const Graph::Argument& argument : model.graph.arguments()) names_[argument.value.index] = argument.name;
  }

  void run(const std::vector<Pair>& pairs) {
    for (const Pair& pair : pairs) own(*pair.first), own(*pair.second);
    for (const Pair& pair : pairs) clear_silent_channels(pair);
    constexpr int most_sweeps = 50;
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
      double change = 0;
      for (const Pair& pair : pairs) change = std::max(change, equalize_pair(pair));
      if (change < 0.01) break;
    }
  }

 private:
  Tensor& tensor(Ref parameter) { return model_.tensors.at(names_.at(parameter.index)); }

  void own(const QuantizationPlan::Layer& layer) {
    for (const Ref parameter : {layer.weight, layer.bias}) {
      if (parameter.index >= 0 && owned_.insert(parameter.index).second) tensor(parameter) = tensor(parameter).clone();
    }
  }

  // Calls visit(weight, channel of the first layer) for all weights of the second.
  template <typename Visit>
  void for_inputs(const QuantizationPlan::Layer& second, int64_t channels, const Visit& visit) {
    Tensor& weight = tensor(second.weight);
    const Shape& shape = weight.shape();
    const int64_t out = shape.back(), in = shape[shape.size() - 2];
    const auto conv = second.node.as<ops::Conv>();
    const int64_t groups = conv ? conv->groups : 1;
    for (int64_t i = 0; i < weight.size(); ++i) {
      const int64_t group = i % out / (out / groups);
      visit(weight.data<float>()[i], (group * in + i / out % in) % channels);
    }
  }

  // A channel that relu always makes 0 may have any weights, so that they would decide the scale. They become 0 instead.
  void clear_silent_channels(const Pair& pair) {
    const auto found = peaks_.find(number_of(*pair.first));
    if (found == peaks_.end()) return;
    const std::vector<float>& peaks = found->second;
    const auto channels = std::ssize(peaks);
    const auto clear = [&](float& value, int64_t channel) {
      if (peaks[static_cast<size_t>(channel)] <= 0) value = 0;
    };
    for (const Ref parameter : {pair.first->weight, pair.first->bias}) {
      if (parameter.index < 0) continue;
      Tensor& values = tensor(parameter);
      for (int64_t i = 0; i < values.size(); ++i) clear(values.data<float>()[i], i % channels);
    }
    for_inputs(*pair.second, channels, clear);
  }

  size_t number_of(const QuantizationPlan::Layer& layer) const { return static_cast<size_t>(&layer - plan_.layers().data()); }

  // The factor by which a channel of a layer is divided, as far as relu6 allows.
  double allowed(const QuantizationPlan::Layer& layer, size_t channel, double factor) {
    if (layer.activation != ops::Relu6::name) return factor;
    // A peak that is nearly 0 says little about other images.
    constexpr double limit = 6, least_peak = 0.05;
    const std::vector<float>& peaks = peaks_.at(number_of(layer));
    const double room = limit / std::max<double>(peaks[channel], least_peak);
    if (!(room > 1)) return 1;
    double& gain = gains_.try_emplace(number_of(layer), peaks.size(), 1.0).first->second[channel];
    const double bounded = std::max(factor, gain / room);
    gain /= bounded;
    return bounded;
  }

  // Returns the change: the largest logarithm of a factor.
  double equalize_pair(const Pair& pair) {
    Tensor& weight = tensor(pair.first->weight);
    const int64_t channels = weight.shape().back();
    std::vector<double> first(static_cast<size_t>(channels), 0), second = first, factor(static_cast<size_t>(channels), 1);
    for (int64_t i = 0; i < weight.size(); ++i) {
      double& entry = first[static_cast<size_t>(i % channels)];
      entry = std::max<double>(entry, std::abs(weight.data<float>()[i]));
    }
    for_inputs(*pair.second, channels, [&](float& value, int64_t channel) {
      double& entry = second[static_cast<size_t>(channel)];
      entry = std::max<double>(entry, std::abs(value));
    });
    double change = 0;
    for (size_t channel = 0; channel < factor.size(); ++channel) {
      if (first[channel] == 0 || second[channel] == 0) continue;  // a channel without effect
      factor[channel] = allowed(*pair.first, channel, std::sqrt(first[channel] / second[channel]));
      change = std::max(change, std::abs(std::log(factor[channel])));
    }
    const auto divide = [&](Tensor& values) {
      for (int64_t i = 0; i < values.size(); ++i) {
        float& value = values.data<float>()[i];
        value = static_cast<float>(value / factor[static_cast<size_t>(i % channels)]);
      }
    };
    divide(weight);
    if (pair.first->has_bias()) divide(tensor(pair.first->bias));
    for_inputs(*pair.second, channels, [&](float& value, int64_t channel) {
      value = static_cast<float>(value * factor[static_cast<size_t>(channel)]);
    });
    return change;
  }

  InferenceModel& model_;
  const QuantizationPlan& plan_;
  const ChannelPeaks& peaks_;
  std::map<size_t, std::vector<double>> gains_;  // by which channels before relu6 have been multiplied, by layer
  std::map<int32_t, std::string> names_;
  std::set<int32_t> owned_;
};

}  // namespace

int64_t equalize(InferenceModel& model, const QuantizationPlan& plan, const ChannelPeaks& peaks) {
  const std::vector<Pair> pairs = PairSearch(model, plan, !peaks.empty()).pairs();
  Equalizer(model, plan, peaks).run(pairs);
  return std::ssize(pairs);
}

std::optional<InferenceModel> without_limits(const InferenceModel& model, const QuantizationPlan& plan) {
  std::set<int32_t> limits;
  for (const Pair& pair : PairSearch(model, plan, true).pairs())
    if (pair.first->activation == ops::Relu6::name) limits.insert(pair.first->output.index);
  if (limits.empty()) return std::nullopt;
  Graph graph(model.name);
  GraphCopy copy(model.graph, graph);
  for (Graph::Node node : live_nodes(model.graph)) {
    if (node.is<ops::Relu6>() && limits.contains(node.results[0].index)) node.op = ops::Relu::name;
    copy.copy(node);
  }
  copy.finish();
  return InferenceModel{.name = model.name,
                        .graph = std::move(graph),
                        .tensors = model.tensors,
                        .preprocessing = model.preprocessing,
                        .labels = model.labels,
                        .confidence = model.confidence};
}

}  // namespace fovea
