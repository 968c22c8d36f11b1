// SPDX-License-Identifier: Apache-2.0
/// \file
/// From a network to a graph: for inference, for evaluation, or for the whole training step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fovea/graph/graph.h"
#include "fovea/graph/preprocessing.h"
#include "fovea/nn/initializer.h"
#include "fovea/nn/optimizer.h"
#include "fovea/nn/recorder.h"
#include "fovea/nn/value.h"

namespace fovea {

/// Values by name.
using NamedValues = std::map<std::string, Value>;

/// The inputs and results, by name, of a network that is not one image in and logits out.
struct NetworkForm {
  /// One input or target.
  struct Port {
    std::string name;  ///< as in the graph
    Shape shape;       ///< without the batch; f32
  };
  std::vector<Port> inputs;                                              ///< what the network reads
  std::function<NamedValues(const NamedValues& inputs)> function;        ///< the network: from inputs to results
  std::function<NamedValues(const NamedValues& results)> probabilities;  ///< what Output::probabilities gives, from the results
  std::vector<Port> targets;                                             ///< what a training step is given beside the inputs
  std::function<Value(const NamedValues& results, const NamedValues& targets)> loss;  ///< [] f32, the mean over the batch
};

/// A network with what a program that runs it has to know.
struct Network {
  std::string name;                      ///< for messages and files
  std::function<Value(Value)> function;  ///< [batch, input...] -> logits [batch, classes]
  Shape input;                           ///< without the batch: {28, 28, 1}
  int64_t classes = 0;                   ///< of the logits
  Preprocessing preprocessing;           ///< what images need before they are read
  std::optional<NetworkForm> form;       ///< used in place of function, input and classes when it is set

  std::vector<NetworkForm::Port> inputs() const;  ///< The form's inputs, or "image".
};

/// A graph, its parameters and state with what they start from, and its operators for tables. The arguments of a graph are
/// found by name.
struct Traced {
  Graph graph;                            ///< to be compiled
  std::vector<ParameterSpec> parameters;  ///< the arguments of role parameter and state, in the graph's order
  std::vector<Operation> operations;      ///< of the forward pass, as written
};

/// The start values of `traced.parameters`, in its order.
std::vector<Tensor> initial_values(const Traced& traced, uint64_t seed);
std::map<std::string, Tensor> initial_tensors(const Traced& traced, uint64_t seed);  ///< The same by name.

/// What an inference graph returns.
enum class Output : uint8_t { logits, probabilities };

/// The graph of inference: image [batch, input...] f32 -> "logits", or "probabilities" (after softmax): [batch, classes]. For a
/// network with a form, its inputs -> its results.
Traced trace_inference(const Network& network, int64_t batch, Output output = Output::logits);

/// The graph of evaluation: image, label [batch] i32 -> "loss" [] f32, the sum over the batch; "correct" and "correct5" [] i32,
/// the number of images whose label is the highest and among the five highest; "logits" [batch, classes]. Refuses a network
/// with a form.
Traced trace_evaluation(const Network& network, int64_t batch);

/// A loss [] f32, the mean over the batch, of logits [batch, classes] and labels [batch] i32.
using Loss = std::function<Value(Value logits, Value label)>;

/// What belongs to a training step beside the network.
struct TrainingOptions {
  Optimizer optimizer = sgd();        ///< records the updates
  double label_smoothing = 0;         ///< see CrossEntropyOptions
  std::vector<double> class_weights;  ///< see CrossEntropyOptions
  double focal = 0;                   ///< see CrossEntropyOptions
  /// 0: there is no teacher. Above 0, up to 1: the graph has the further input "teacher", logits [batch, classes] f32, and the
  /// loss is this weight times distillation() from them (fovea/nn/losses.h), plus 1 - this weight times the loss by the labels.
  double teacher_weight = 0;
  double teacher_temperature = 1;  ///< the temperature of distillation(), above 0
  bool mixed_labels = false;       ///< images are mixtures: see second_label and label_weight at trace_training
  Loss loss;                       ///< empty: softmax cross-entropy with label smoothing, class weights and focal as above
  bool summed = false;             ///< differentiates the sum over the images instead of the mean
  double clip_norm = 0;            ///< all gradients as one vector are shortened to this length; 0: never (Pascanu et al. 2013)
  bool average = false;            ///< keeps averages of parameters and running statistics: see average_decay at trace_training
  /// Patterns (fovea/core/glob.h) of names of parameters that stay as they are: they get no gradient and no update, and a batch
  /// norm whose scale is among them uses its running statistics. Refuses a pattern that matches nothing, and patterns that
  /// leave nothing to train.
  std::vector<std::string> frozen;
  bool return_gradients = false;  ///< as further results named "gradient.conv1.weight", before they are clipped, for checks
};

/// The graph of a training step: image, label, rate [] f32 (and seed, step [] i32 where the network draws random numbers) ->
/// "loss" [] f32, the mean; "correct" [] i32, by `label`; and the new value of every parameter and state tensor, in place,
/// under its name.
///
/// For a network with a form, the inputs are its own, the targets, and rate; the results are "loss" and the new values.
///
/// With mixed labels there are also the inputs second_label [batch] i32 and label_weight [batch] f32. The loss of an image is
/// then label_weight times the cross-entropy of its label, plus 1 - label_weight times that of its second label. This is
/// refused together with a `loss`, which takes one label.
///
/// With averages there is also the input average_decay [] f32: each average.NAME, state that starts as its tensor does, becomes
/// average - (1 - average_decay) * (average - new value).
Traced trace_training(const Network& network, int64_t batch, const TrainingOptions& options = {});

/// The same step as two programs, for batches that do not fit the memory. The accumulation runs once for each of the `parts` of
/// a step, on `batch` images each and the inputs of trace_training without the rate. It returns loss and correct of its part,
/// updates running statistics, and adds its share of the gradients to the state accumulated.NAME, which has to be zero before
/// the first part. The update takes these as inputs, with rate (and average_decay). Together they do what trace_training does
/// with parts * batch images, up to the rounding of sums and except that batch normalization sees each part alone.
Traced trace_accumulation(const Network& network, int64_t batch, int64_t parts, const TrainingOptions& options = {});
/// The second of the two programs; see trace_accumulation.
Traced trace_update(const Network& network, const TrainingOptions& options = {});

/// The beginnings of the names of these tensors.
inline const std::string average_prefix = "average.";          ///< of averages
inline const std::string accumulated_prefix = "accumulated.";  ///< of accumulated gradients

}  // namespace fovea
