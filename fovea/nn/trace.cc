// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/trace.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/losses.h"
#include "fovea/nn/operators.h"

namespace fovea {
namespace {

using Results = std::vector<std::pair<std::string, Ref>>;

NamedValues port_inputs(Recorder& recorder, const std::vector<NetworkForm::Port>& ports, int64_t batch) {
  NamedValues values;
  for (const NetworkForm::Port& port : ports) {
    Shape shape{batch};
    shape.insert(shape.end(), port.shape.begin(), port.shape.end());
    values[port.name] = recorder.input(port.name, {shape, DType::f32});
  }
  return values;
}

NamedValues network_inputs(Recorder& recorder, const Network& network, int64_t batch) {
  if (batch < 1) refuse("{}: a batch of {}, must be at least 1", network.name, batch);
  return port_inputs(recorder, network.inputs(), batch);
}

Value logits_of(const Network& network, Value image) {
  const Value logits = network.function(image);
  const Shape wanted{image.extent(0), network.classes};
  if (logits.shape() != wanted) {
    refuse("{}: the network's result is {}, must be {}: a number for each class", network.name, to_string(logits.shape()),
           to_string(wanted));
  }
  return logits;
}

// The results of the network: those of its form, or the logits.
NamedValues forward(const Network& network, const NamedValues& inputs) {
  if (network.form) return network.form->function(inputs);
  return {{"logits", logits_of(network, inputs.at("image"))}};
}

Value top_k(Value logits, Value label, int64_t k) {
  return operators::top_k_correct(logits, label, std::min(k, logits.extent(-1)));
}

Traced finish(Recorder& recorder, const Results& results, std::vector<Operation> operations) {
  recorder.graph().finish(results);
  return {std::move(recorder.graph()), recorder.parameters(), std::move(operations)};
}

std::vector<ParameterSpec> trained_of(const Recorder& recorder) {
  std::vector<ParameterSpec> trained;
  std::copy_if(recorder.parameters().begin(), recorder.parameters().end(), std::back_inserter(trained),
               [](const ParameterSpec& spec) { return spec.trained && !spec.frozen; });
  return trained;
}

void check_frozen(const Recorder& recorder, const Network& network) {
  const std::vector<ParameterSpec>& parameters = recorder.parameters();
  for (const std::string& pattern : recorder.unmatched_patterns()) {
    std::vector<std::string> names;
    for (const ParameterSpec& spec : parameters) names.push_back(spec.name);
    const std::string nearest = nearest_name(pattern, names);
    refuse("no parameter of {} is called \"{}\", so it cannot be frozen{}", network.name, pattern,
           nearest.empty() ? fmt::format("; the first is \"{}\"", names.empty() ? "" : names.front())
                           : fmt::format("; did you mean \"{}\"?", nearest));
  }
  if (!parameters.empty() &&
      std::ranges::all_of(parameters, [](const ParameterSpec& spec) { return !spec.trained || spec.frozen; })) {
    refuse("every parameter of {} is frozen: nothing is left to train", network.name);
  }
}

NamedValues training_forward(Recorder& recorder, const Network& network, const NamedValues& inputs,
                             const TrainingOptions& options) {
  recorder.freeze(options.frozen);
  const NamedValues results = forward(network, inputs);
  check_frozen(recorder, network);
  return results;
}

// The gradients of `loss` by each of `trained`.
std::vector<Value> gradients_of(Value loss, const std::vector<ParameterSpec>& trained) {
  std::vector<Value> values;
  for (const ParameterSpec& spec : trained) values.push_back(loss.recorder().value_of(spec.name));
  return values.empty() ? values : operators::gradients(loss, values);
}

// The number that is differentiated: the mean or the sum over the images, and for one part of an accumulated step its share of
// that.
Value objective_of(Value loss, int64_t batch, int64_t parts, const TrainingOptions& options) {
  const double scale = options.summed ? static_cast<double>(batch) : 1.0 / static_cast<double>(parts);
  return scale == 1 ? loss : loss * scale;
}

// Shortens all gradients, taken as one vector, to the length `longest` when they are longer.
void clip(std::vector<Value>& gradients, double longest) {
  if (!(longest >= 0)) refuse("clip_norm is {}, must not be negative", longest);
  if (longest == 0 || gradients.empty()) return;
  Value sum;
  for (size_t i = 0; i < gradients.size(); ++i) {
    std::vector<int64_t> dimensions(static_cast<size_t>(gradients[i].rank()));
    std::iota(dimensions.begin(), dimensions.end(), int64_t{0});
    const Value square = operators::reduce_sum(gradients[i] * gradients[i], dimensions);
    sum = i == 0 ? square : sum + square;
  }
  const Value norm = operators::unary(ops::Sqrt::name, sum);
  const Value factor = operators::minimum(longest / (norm + 1e-6), operators::constant(norm.recorder(), 1));
  for (Value& gradient : gradients) gradient = gradient * factor;
}

// Moves the averages of `tensors` towards their new values, which `changed` holds for those that have one.
void record_averages(Recorder& recorder, const std::vector<ParameterSpec>& tensors,
                     const std::map<std::string, Value>& changed) {
  const Value decay = recorder.input("average_decay", {{}, DType::f32});
  for (const ParameterSpec& spec : tensors) {
    const auto entry = changed.find(spec.name);
    const Value now = entry == changed.end() ? recorder.value_of(spec.name) : entry->second;
    ParameterSpec average = spec;
    average.name = average_prefix + spec.name;
    average.stream = spec.name;  // the average starts as the tensor itself
    average.trained = false;
    const Value old = recorder.parameter(average);
    recorder.update(average.name, old - (1.0 - decay) * (old - now));
  }
}

// Records the optimizer's arithmetic and the averages. Returns the new values of all parameters and state.
Results record_updates(Recorder& recorder, std::vector<Value> gradients, Value rate, const TrainingOptions& options) {
  // a copy, because the optimizer adds to the recorder's list
  const std::vector<ParameterSpec> tensors = recorder.parameters();
  const std::vector<ParameterSpec> trained = trained_of(recorder);
  Results results;
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (options.return_gradients) results.emplace_back("gradient." + trained[i].name, gradients[i].ref());
  }
  clip(gradients, options.clip_norm);
  std::map<std::string, Value> changed(recorder.updates().begin(), recorder.updates().end());
  const ParameterUpdate update = trained.empty() ? ParameterUpdate() : options.optimizer(recorder);
  for (size_t i = 0; i < trained.size(); ++i) {
    const Value now = update(trained[i], recorder.value_of(trained[i].name), gradients[i], rate);
    results.emplace_back(trained[i].name, now.ref());
    changed[trained[i].name] = now;
  }
  if (options.average) record_averages(recorder, tensors, changed);
  for (const auto& [name, value] : recorder.updates()) results.emplace_back(name, value.ref());
  return results;
}

Value label_loss(Recorder& recorder, const Network& network, Value logits, Value label, const TrainingOptions& options) {
  const CrossEntropyOptions smoothing = {
      .label_smoothing = options.label_smoothing, .class_weights = options.class_weights, .focal = options.focal};
  if (options.mixed_labels) {
    if (options.loss) refuse("{}: mixed labels need softmax cross-entropy, not a loss of one label", network.name);
    const Value second_label = recorder.input("second_label", label.type());
    const Value label_weight = recorder.input("label_weight", {label.shape(), DType::f32});
    return softmax_cross_entropy(logits, MixedLabels{label, second_label, label_weight}, smoothing);
  }
  return options.loss ? options.loss(logits, label) : softmax_cross_entropy(logits, label, smoothing);
}

Value training_loss(Recorder& recorder, const Network& network, Value logits, Value label, const TrainingOptions& options) {
  const Value own = label_loss(recorder, network, logits, label, options);
  if (options.teacher_weight == 0) return own;
  if (!(options.teacher_weight > 0 && options.teacher_weight <= 1))
    refuse("{}: a teacher's share of the loss is {}, must be from 0 to 1", network.name, options.teacher_weight);
  const Value teacher = recorder.input("teacher", {logits.shape(), DType::f32});
  return own * (1 - options.teacher_weight) +
         distillation(logits, teacher, options.teacher_temperature) * options.teacher_weight;
}

// The forward pass of a step: the loss, and what is counted.
struct Step {
  Value loss;
  Results results;
  std::vector<Operation> operations;
};

Step record_step(Recorder& recorder, const Network& network, int64_t batch, const TrainingOptions& options) {
  const NamedValues inputs = network_inputs(recorder, network, batch);
  const NamedValues targets = network.form ? port_inputs(recorder, network.form->targets, batch)
                                           : NamedValues{{"label", recorder.input("label", {{batch}, DType::i32})}};
  const NamedValues results = training_forward(recorder, network, inputs, options);
  Step step{.operations = recorder.operations()};
  if (network.form) {
    step.loss = network.form->loss(results, targets);
    step.results = {{"loss", step.loss.ref()}};
  } else {
    const Value logits = results.at("logits"), label = targets.at("label");
    step.loss = training_loss(recorder, network, logits, label, options);
    step.results = {{"loss", step.loss.ref()}, {"correct", top_k(logits, label, 1).ref()}};
  }
  return step;
}

}  // namespace

std::vector<Tensor> initial_values(const Traced& traced, uint64_t seed) {
  std::vector<Tensor> values;
  for (const ParameterSpec& parameter : traced.parameters) values.push_back(initial_value(parameter, seed));
  return values;
}

std::map<std::string, Tensor> initial_tensors(const Traced& traced, uint64_t seed) {
  std::map<std::string, Tensor> tensors;
  for (const ParameterSpec& parameter : traced.parameters) tensors[parameter.name] = initial_value(parameter, seed);
  return tensors;
}

std::vector<NetworkForm::Port> Network::inputs() const {
  return form ? form->inputs : std::vector<NetworkForm::Port>{{"image", input}};
}

Traced trace_inference(const Network& network, int64_t batch, Output output) {
  Recorder recorder(network.name, Mode::inference);
  NamedValues values = forward(network, network_inputs(recorder, network, batch));
  std::vector<Operation> operations = recorder.operations();
  if (output == Output::probabilities) {
    values = network.form ? network.form->probabilities(values) : NamedValues{{"probabilities", softmax(values.at("logits"))}};
  }
  Results results;
  for (const auto& [name, value] : values) results.emplace_back(name, value.ref());
  return finish(recorder, results, std::move(operations));
}

Traced trace_evaluation(const Network& network, int64_t batch) {
  if (network.form) refuse("{} does not classify images, so it cannot be evaluated on labels", network.name);
  Recorder recorder(network.name, Mode::inference);
  const NamedValues inputs = network_inputs(recorder, network, batch);
  const Value label = recorder.input("label", {{batch}, DType::i32});
  const Value logits = forward(network, inputs).at("logits");
  std::vector<Operation> operations = recorder.operations();
  const Value loss = softmax_cross_entropy(logits, label) * static_cast<double>(batch);
  return finish(recorder,
                {{"loss", loss.ref()},
                 {"correct", top_k(logits, label, 1).ref()},
                 {"correct5", top_k(logits, label, 5).ref()},
                 {"logits", logits.ref()}},
                std::move(operations));
}

Traced trace_training(const Network& network, int64_t batch, const TrainingOptions& options) {
  Recorder recorder(network.name, Mode::training);
  const Value rate = recorder.input("rate", {{}, DType::f32});
  Step step = record_step(recorder, network, batch, options);
  std::vector<Value> gradients = gradients_of(objective_of(step.loss, batch, 1, options), trained_of(recorder));
  const Results updates = record_updates(recorder, std::move(gradients), rate, options);
  step.results.insert(step.results.end(), updates.begin(), updates.end());
  return finish(recorder, step.results, std::move(step.operations));
}

Traced trace_accumulation(const Network& network, int64_t batch, int64_t parts, const TrainingOptions& options) {
  if (parts < 1) refuse("{}: a step in {} parts, must be at least 1", network.name, parts);
  Recorder recorder(network.name, Mode::training);
  Step step = record_step(recorder, network, batch, options);
  const std::vector<ParameterSpec> trained = trained_of(recorder);
  const std::vector<Value> gradients = gradients_of(objective_of(step.loss, batch, parts, options), trained);
  for (size_t i = 0; i < trained.size(); ++i) {
    const std::string name = accumulated_prefix + trained[i].name;
    const Value sum = recorder.parameter({.name = name, .shape = trained[i].shape, .trained = false});
    recorder.update(name, sum + gradients[i]);
  }
  for (const auto& [name, value] : recorder.updates()) step.results.emplace_back(name, value.ref());
  return finish(recorder, step.results, std::move(step.operations));
}

Traced trace_update(const Network& network, const TrainingOptions& options) {
  std::vector<ParameterSpec> tensors;
  {
    Recorder recorder(network.name, Mode::training);
    training_forward(recorder, network, network_inputs(recorder, network, 1), options);
    tensors = recorder.parameters();
  }
  Recorder recorder(network.name + "_update", Mode::training);
  const Value rate = recorder.input("rate", {{}, DType::f32});
  for (const ParameterSpec& spec : tensors) {
    if ((spec.trained && !spec.frozen) || options.average) recorder.parameter(spec);
  }
  std::vector<Value> gradients;
  for (const ParameterSpec& spec : tensors) {
    if (spec.trained && !spec.frozen)
      gradients.push_back(recorder.input(accumulated_prefix + spec.name, {spec.shape, DType::f32}));
  }
  return finish(recorder, record_updates(recorder, std::move(gradients), rate, options), {});
}

}  // namespace fovea
