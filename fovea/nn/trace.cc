#include "fovea/nn/trace.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/losses.h"
#include "fovea/nn/operators.h"

namespace fovea {
namespace {

using Results = std::vector<std::pair<std::string, Ref>>;

Value image_input(Recorder& recorder, const Network& network, int64_t batch) {
  if (batch < 1) refuse("{}: a batch of {}, must be at least 1", network.name, batch);
  Shape shape{batch};
  shape.insert(shape.end(), network.input.begin(), network.input.end());
  return recorder.input("image", {shape, DType::f32});
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

Value top_k(Value logits, Value label, int64_t k) {
  return operators::top_k_correct(logits, label, std::min(k, logits.extent(-1)));
}

Traced finish(Recorder& recorder, const Results& results, std::vector<Operation> operations) {
  recorder.graph().finish(results);
  return {std::move(recorder.graph()), recorder.parameters(), std::move(operations)};
}

// Records gradients and the optimiser's arithmetic; gives the parameters' new values and, if asked for, the gradients.
Results record_updates(Recorder& recorder, Value loss, Value rate, const TrainingOptions& options) {
  std::vector<ParameterSpec> trained;  // a copy: the optimiser adds to the recorder's list
  std::vector<Value> values;
  for (const ParameterSpec& spec : recorder.parameters()) {
    if (!spec.trained || spec.frozen) continue;
    trained.push_back(spec);
    values.push_back(recorder.value_of(spec.name));
  }
  Results results;
  if (trained.empty()) return results;
  const std::vector<Value> gradients = operators::gradients(loss, values);
  const ParameterUpdate update = options.optimizer(recorder);
  for (size_t i = 0; i < trained.size(); ++i) {
    if (options.return_gradients) results.emplace_back("gradient." + trained[i].name, gradients[i].ref());
    results.emplace_back(trained[i].name, update(trained[i], values[i], gradients[i], rate).ref());
  }
  return results;
}

Value training_loss(Recorder& recorder, const Network& network, Value logits, Value label, const TrainingOptions& options) {
  const CrossEntropyOptions smoothing = {.label_smoothing = options.label_smoothing};
  if (options.mixed_labels) {
    if (options.loss) refuse("{}: mixed labels need softmax cross-entropy, not a loss of one label", network.name);
    const Value second_label = recorder.input("second_label", label.type());
    const Value label_weight = recorder.input("label_weight", {label.shape(), DType::f32});
    return softmax_cross_entropy(logits, MixedLabels{label, second_label, label_weight}, smoothing);
  }
  return options.loss ? options.loss(logits, label) : softmax_cross_entropy(logits, label, smoothing);
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

Traced trace_inference(const Network& network, int64_t batch, Output output) {
  Recorder recorder(network.name, Mode::inference);
  const Value logits = logits_of(network, image_input(recorder, network, batch));
  std::vector<Operation> operations = recorder.operations();
  const bool probabilities = output == Output::probabilities;
  const Value result = probabilities ? softmax(logits) : logits;
  return finish(recorder, {{probabilities ? "probabilities" : "logits", result.ref()}}, std::move(operations));
}

Traced trace_evaluation(const Network& network, int64_t batch) {
  Recorder recorder(network.name, Mode::inference);
  const Value image = image_input(recorder, network, batch);
  const Value label = recorder.input("label", {{batch}, DType::i32});
  const Value logits = logits_of(network, image);
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
  const Value image = image_input(recorder, network, batch);
  const Value label = recorder.input("label", {{batch}, DType::i32});
  const Value rate = recorder.input("rate", {{}, DType::f32});
  const Value logits = logits_of(network, image);
  std::vector<Operation> operations = recorder.operations();
  const Value loss = training_loss(recorder, network, logits, label, options);
  Results results{{"loss", loss.ref()}, {"correct", top_k(logits, label, 1).ref()}};
  const Results updates = record_updates(recorder, loss, rate, options);
  results.insert(results.end(), updates.begin(), updates.end());
  for (const auto& [name, value] : recorder.updates()) results.emplace_back(name, value.ref());
  return finish(recorder, results, std::move(operations));
}

}  // namespace fovea
