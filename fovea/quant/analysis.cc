// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/analysis.h"

#include <fmt/format.h>

#include <numeric>

#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/nn/operators.h"

namespace fovea {
namespace {

using Results = std::vector<std::pair<std::string, Ref>>;

std::vector<int64_t> all_dimensions(const Shape& shape) {
  std::vector<int64_t> dimensions(shape.size());
  std::iota(dimensions.begin(), dimensions.end(), int64_t{0});
  return dimensions;
}

Value sum_of_squares(Value x) { return operators::reduce_sum(x * x, all_dimensions(x.shape())); }

std::string numbered(const char* what, int64_t number) { return fmt::format("{}.{}", what, number); }

// The values of the network's inputs, which are declared in the recorder.
std::map<int32_t, Value> declared_inputs(Recorder& recorder, const InferenceModel& model) {
  std::map<int32_t, Value> values;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role == Role::input) values[argument.value.index] = recorder.input(argument.name, argument.type);
  }
  return values;
}

// The inputs, rounded to integers.
std::map<int32_t, Value> held_inputs(Simulation& simulation, const QuantizationPlan& plan, std::map<int32_t, Value> values) {
  for (const Ref observed : plan.observed()) {
    const auto input = values.find(observed.index);
    if (input != values.end()) input->second = simulation.held(input->second, observed);
  }
  return values;
}

}  // namespace

Graph observation_graph(const InferenceModel& model, const QuantizationPlan& plan, bool whole_tensors) {
  Graph graph(model.name);
  GraphCopy copy(model.graph, graph);
  for (const Graph::Node& node : live_nodes(model.graph)) copy.copy(node);
  Results results;
  for (const Ref observed : plan.observed()) {
    const Ref value = copy(observed);
    if (whole_tensors) {
      // An input cannot be a result directly, and one value cannot be two results.
      results.emplace_back(numbered("value", observed.index),
                           graph.add(ops::Reshape{.input = value, .shape = graph.type(value).shape}, ""));
      continue;
    }
    const std::vector<int64_t> dims = all_dimensions(graph.type(value).shape);
    results.emplace_back(numbered("minimum", observed.index), graph.add(ops::ReduceMin{.input = value, .dims = dims}, ""));
    results.emplace_back(numbered("maximum", observed.index), graph.add(ops::ReduceMax{.input = value, .dims = dims}, ""));
  }
  graph.finish(results);
  return graph;
}

bool has_peaks(const QuantizationPlan::Layer& layer) {
  return layer.contraction() && (layer.activation == ops::Relu::name || layer.activation == ops::Relu6::name);
}

Graph peak_graph(const InferenceModel& model, const QuantizationPlan& plan) {
  Recorder recorder(model.name);
  Simulation simulation(recorder, model, plan, {});
  std::map<int32_t, Value> values = declared_inputs(recorder, model);
  Results results;
  int64_t number = -1;
  for (const QuantizationPlan::Layer& layer : plan.layers()) {
    ++number;
    Value sum;
    values[layer.output.index] = simulation.write(layer, simulation.real_operands(layer, values), &sum);
    if (!has_peaks(layer)) continue;
    std::vector<int64_t> dimensions = all_dimensions(sum.shape());
    dimensions.pop_back();
    results.emplace_back(numbered("peak", number), operators::reduce_max(sum, dimensions).ref());
  }
  recorder.graph().finish(results);
  return std::move(recorder.graph());
}

Graph noise_graph(const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales) {
  Recorder recorder(model.name);
  Simulation simulation(recorder, model, plan, scales);
  std::map<int32_t, Value> real = declared_inputs(recorder, model);
  std::map<int32_t, Value> together = held_inputs(simulation, plan, real);
  Results results;
  int64_t number = -1;
  for (const QuantizationPlan::Layer& layer : plan.layers()) {
    ++number;
    Value real_sum, alone_sum;
    const Value y = simulation.write(layer, simulation.real_operands(layer, real), &real_sum);
    real[layer.output.index] = y;
    if (!layer.integer) {
      together[layer.output.index] = simulation.write(layer, simulation.real_operands(layer, together));
      continue;
    }
    Value chained = simulation.write(layer, simulation.integer_operands(layer, together, false));
    if (!layer.keeps_type()) chained = simulation.held(chained, layer.output);
    together[layer.output.index] = chained;
    if (layer.keeps_type()) continue;
    const Value alone =
        simulation.held(simulation.write(layer, simulation.integer_operands(layer, real, true), &alone_sum), layer.output);
    results.emplace_back(numbered("signal", number), sum_of_squares(y).ref());
    results.emplace_back(numbered("alone", number), sum_of_squares(alone - y).ref());
    results.emplace_back(numbered("together", number), sum_of_squares(chained - y).ref());
    if (!layer.contraction()) continue;
    std::vector<int64_t> dimensions = all_dimensions(real_sum.shape());
    dimensions.pop_back();
    results.emplace_back(numbered("shift", number), operators::reduce_mean(alone_sum - real_sum, dimensions).ref());
  }
  recorder.graph().finish(results);
  return std::move(recorder.graph());
}

namespace {

// The values of all tensors with simulated quantization.
std::map<int32_t, Value> simulated_values(Recorder& recorder, const InferenceModel& model, const QuantizationPlan& plan,
                                          WeightScales scales) {
  Simulation simulation(recorder, model, plan, scales);
  std::map<int32_t, Value> values = held_inputs(simulation, plan, declared_inputs(recorder, model));
  for (const QuantizationPlan::Layer& layer : plan.layers()) {
    Value y = simulation.write(
        layer, layer.integer ? simulation.integer_operands(layer, values, false) : simulation.real_operands(layer, values));
    if (layer.integer && !layer.keeps_type()) y = simulation.held(y, layer.output);
    values[layer.output.index] = y;
  }
  return values;
}

// The same value as one that can be a result, which an input or a result under another name cannot.
Ref as_result(Value x) { return operators::reshape(x, x.shape()).ref(); }

}  // namespace

Graph target_graph(const InferenceModel& model, const QuantizationPlan& plan, const std::vector<size_t>& layers) {
  Recorder recorder(model.name);
  Simulation simulation(recorder, model, plan, {});
  std::map<int32_t, Value> values = declared_inputs(recorder, model);
  for (const QuantizationPlan::Layer& layer : plan.layers())
    values[layer.output.index] = simulation.write(layer, simulation.real_operands(layer, values));
  Results results;
  for (const size_t layer : layers)
    results.emplace_back(numbered("target", static_cast<int64_t>(layer)),
                         as_result(values.at(plan.layers()[layer].output.index)));
  recorder.graph().finish(results);
  return std::move(recorder.graph());
}

Graph input_graph(const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales,
                  const std::vector<size_t>& layers) {
  Recorder recorder(model.name);
  const std::map<int32_t, Value> values = simulated_values(recorder, model, plan, scales);
  std::map<int32_t, Ref> read;  // several layers may read one tensor
  for (const size_t layer : layers) {
    const Ref input = plan.layers()[layer].inputs[0];
    if (!read.contains(input.index)) read[input.index] = as_result(values.at(input.index));
  }
  Results results;
  for (const auto& [index, ref] : read) results.emplace_back(numbered("input", index), ref);
  recorder.graph().finish(results);
  return std::move(recorder.graph());
}

Graph simulated_graph(const InferenceModel& model, const QuantizationPlan& plan, WeightScales scales) {
  Recorder recorder(model.name);
  const std::map<int32_t, Value> values = simulated_values(recorder, model, plan, scales);
  Results results;
  for (const Graph::Result& result : model.graph.results())
    results.emplace_back(result.name, values.at(result.value.index).ref());
  recorder.graph().finish(results);
  return std::move(recorder.graph());
}

}  // namespace fovea
