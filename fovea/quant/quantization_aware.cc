// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/quantization_aware.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/nn/operators.h"
#include "fovea/passes/network/folded.h"

namespace fovea {
namespace {

// The folded network's layers without values, for which zeros are used.
InferenceModel folded_form(const Network& network, const Traced& traced) {
  InferenceModel model{.name = network.name,
                       .graph = Graph::parse(traced.graph.text(), network.name),
                       .tensors = {},
                       .preprocessing = network.preprocessing};
  for (const ParameterSpec& spec : traced.parameters) model.tensors[spec.name] = Tensor(spec.shape, DType::f32);
  return folded(model, {.norms_as_convolutions = true});
}

template <Operator Reduction>
Value over_all(Value x) {
  std::vector<int64_t> dimensions(static_cast<size_t>(x.rank()));
  std::iota(dimensions.begin(), dimensions.end(), int64_t{0});
  return x.recorder().add(Reduction{.dims = dimensions}, {x}).front();
}

class QuantizationAwareWriter {
 public:
  QuantizationAwareWriter(Value image, const InferenceModel& model, const QuantizationAwareOptions& options,
                          const std::map<std::string, ParameterSpec>& specs)
      : recorder_(image.recorder()),
        model_(model),
        options_(options),
        plan_(model, options.plan),
        simulation_(recorder_, model, plan_, options.scales, specs) {
    for (const Graph::Argument& argument : model.graph.arguments()) {
      if (argument.role == Role::input) values_[argument.value.index] = input(image, argument.value);
    }
  }

  Value run() {
    for (const QuantizationPlan::Layer& layer : plan_.layers()) {
      if (!layer.integer) {
        values_[layer.output.index] = simulation_.write(layer, simulation_.real_operands(layer, values_));
        continue;
      }
      const Value y = simulation_.write(layer, simulation_.integer_operands(layer, values_, false));
      values_[layer.output.index] = layer.keeps_type() ? y : hold(y, layer.output);
    }
    if (recorder_.training() && options_.range_decay < 1) update_ranges();
    return values_.at(model_.graph.results().front().value.index);
  }

 private:
  Value input(Value image, Ref ref) {
    const auto& observed = plan_.observed();
    const bool integer = std::ranges::find(observed, ref) != observed.end();
    return !integer ? image : simulation_.held(image, ref);
  }

  Value hold(Value y, Ref output) {
    if (!plan_.fixed_type(output)) seen_[plan_.group_of(output)].push_back(y);
    return simulation_.held(y, output);
  }

  void update_ranges() {
    for (const auto& [group, values] : seen_) {
      for (const bool maximum : {false, true}) {
        Value found = operators::constant(recorder_, 0);  // real 0 is always inside
        for (const Value value : values) {
          const Value end = maximum ? over_all<ops::ReduceMax>(value) : over_all<ops::ReduceMin>(value);
          found = maximum ? operators::maximum(found, end) : operators::minimum(found, end);
        }
        const RangeNames names = range_names(plan_, model_, group);
        const Value old = simulation_.bound(group, maximum);
        recorder_.update(maximum ? names.maximum : names.minimum,
                         old * options_.range_decay + found * (1 - options_.range_decay));
      }
    }
  }

  Recorder& recorder_;
  const InferenceModel& model_;
  const QuantizationAwareOptions& options_;
  QuantizationPlan plan_;
  Simulation simulation_;
  std::map<int32_t, Value> values_;
  std::map<int32_t, std::vector<Value>> seen_;
};

}  // namespace

Network quantization_aware(const Network& network, QuantizationAwareOptions options) {
  if (network.form)
    refuse("{} is not one image in and one row of classes out: it cannot be trained for integers", network.name);
  Network aware = network;
  aware.function = [network, options = std::move(options)](Value image) {
    const Traced traced = trace_inference(network, image.extent(0));
    const InferenceModel model = folded_form(network, traced);
    std::map<std::string, ParameterSpec> specs;
    for (const ParameterSpec& spec : traced.parameters) specs[spec.name] = spec;
    return QuantizationAwareWriter(image, model, options, specs).run();
  };
  return aware;
}

namespace {

// The nodes that results depend on when every fake_quantize is replaced by its first operand.
std::vector<Graph::Node> nodes_without_ranges(const Graph& graph) {
  std::vector<Graph::Node> nodes = graph.nodes(), live;
  std::set<int32_t> wanted;
  for (const Graph::Result& result : graph.results()) wanted.insert(result.value.index);
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (std::ranges::none_of(node->results, [&](Ref result) { return wanted.contains(result.index); })) continue;
    for (size_t i = 0; i < (node->is<ops::FakeQuantize>() ? 1 : node->operands.size()); ++i)
      wanted.insert(node->operands[i].index);
    live.push_back(std::move(*node));
  }
  std::ranges::reverse(live);
  return live;
}

}  // namespace

std::optional<LearnedRanges> learned_ranges(const InferenceModel& model) {
  std::map<int32_t, std::string> names;
  std::set<int32_t> parameters;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    names[argument.value.index] = argument.name;
    if (argument.role == Role::parameter) parameters.insert(argument.value.index);
  }
  Graph graph(model.name);
  GraphCopy copy(model.graph, graph);
  std::map<int32_t, Range> ranges;
  bool found = false;
  for (const Graph::Node& node : nodes_without_ranges(model.graph)) {
    if (!node.is<ops::FakeQuantize>()) {
      copy.copy(node);
      continue;
    }
    found = true;
    const Ref value = node.operands[0];
    copy.set(node.results[0], copy(value));
    if (parameters.contains(value.index)) continue;
    const auto bound = [&](size_t operand) {
      const auto name = names.find(node.operands[operand].index);
      if (name == names.end())
        fail(ErrorCode::data_loss, "fake_quantize \"{}\": its range is not a tensor of the model", node.layer);
      return model.tensors.at(name->second).data<float>()[0];
    };
    ranges[copy(value).index] = {bound(1), bound(2)};
  }
  if (!found) return std::nullopt;
  copy.finish();
  LearnedRanges learned{.model = {.name = model.name,
                                  .graph = std::move(graph),
                                  .tensors = {},
                                  .preprocessing = model.preprocessing,
                                  .labels = model.labels,
                                  .confidence = model.confidence},
                        .ranges = std::move(ranges)};
  for (const Graph::Argument& argument : learned.model.graph.arguments()) {
    if (argument.role != Role::input) learned.model.tensors[argument.name] = model.tensors.at(argument.name);
  }
  return learned;
}

}  // namespace fovea
