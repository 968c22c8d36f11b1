// SPDX-License-Identifier: Apache-2.0
// A network becomes a graph: for inference, for evaluation, or the whole training step.
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

using NamedValues = std::map<std::string, Value>;

// What a network reads and gives that is not one image in and logits out, by name.
struct NetworkForm {
  struct Port {
    std::string name;
    Shape shape;  // without the batch; f32
  };
  std::vector<Port> inputs;
  std::function<NamedValues(const NamedValues& inputs)> function;
  std::function<NamedValues(const NamedValues& results)> probabilities;  // what Output::probabilities gives
  std::vector<Port> targets;                                             // what a training step is told beside the inputs
  std::function<Value(const NamedValues& results, const NamedValues& targets)> loss;  // [] f32, the mean over the batch
};

// A network with what a program that runs it has to know.
struct Network {
  std::string name;
  std::function<Value(Value)> function;  // [batch, input...] -> logits [batch, classes]
  Shape input;                           // without the batch: {28, 28, 1}
  int64_t classes = 0;
  Preprocessing preprocessing;
  std::optional<NetworkForm> form;  // stands for function, input and classes

  std::vector<NetworkForm::Port> inputs() const;  // the form's, or "image"
};

// A graph, its parameters and state with what they start from, and its operators for tables. A graph's arguments are found by
// name.
struct Traced {
  Graph graph;
  std::vector<ParameterSpec> parameters;  // the arguments of role parameter and state, in the graph's order
  std::vector<Operation> operations;      // of the forward pass, as written
};

// Start values of `traced.parameters`, in its order.
std::vector<Tensor> initial_values(const Traced& traced, uint64_t seed);
std::map<std::string, Tensor> initial_tensors(const Traced& traced, uint64_t seed);  // the same by name

enum class Output : uint8_t { logits, probabilities };

// image [batch, input...] f32 -> "logits", or "probabilities" (softmax, once): [batch, classes]. Of a network with a form: its
// inputs -> its results.
Traced trace_inference(const Network& network, int64_t batch, Output output = Output::logits);

// image, label [batch] i32 -> "loss" [] f32, the sum over the batch; "correct" and "correct5" [] i32, the images whose label is
// the highest, and among the five highest; "logits" [batch, classes]. Refuses a network with a form.
Traced trace_evaluation(const Network& network, int64_t batch);

// [] f32, the mean over the batch, of logits [batch, classes] and labels [batch] i32.
using Loss = std::function<Value(Value logits, Value label)>;

struct TrainingOptions {
  Optimizer optimizer = sgd();
  double label_smoothing = 0;
  std::vector<double> class_weights;  // of the loss, and focal: see CrossEntropyOptions (fovea/nn/losses.h)
  double focal = 0;
  // Above 0: an image's loss is this share of the distillation (fovea/nn/losses.h) from the input "teacher", logits [batch,
  // classes] f32, at the temperature, and the rest of what it was.
  double teacher_weight = 0;
  double teacher_temperature = 1;
  bool mixed_labels = false;  // images are mixtures: see second_label and label_weight below
  Loss loss;                  // empty: softmax cross-entropy with the label smoothing above
  bool summed = false;        // differentiates the sum over the images in place of the mean
  double clip_norm = 0;       // all gradients as one vector are shortened to this length, 0: never (Pascanu et al. 2013)
  bool average = false;       // keeps averages of parameters and running statistics: see average_decay below
  // Patterns (fovea/core/glob.h) of names of parameters that stay as they are: no gradient, no update, and a batch norm whose
  // scale is among them goes by its running statistics. Refuses a pattern that matches nothing, and patterns that leave nothing
  // to train.
  std::vector<std::string> frozen;
  bool return_gradients = false;  // as further results named "gradient.conv1.weight", for checks; before they are clipped
};

// image, label, rate [] f32 (and seed, step [] i32 where the network draws random numbers) -> "loss" [] f32, the mean;
// "correct" [] i32, by `label`; and every parameter and state tensor's new value, in place, under its name.
//
// Of a network with a form: inputs, targets and rate -> "loss" and the new values.
//
// With mixed labels there are the inputs second_label [batch] i32 and label_weight [batch] f32 too, and an image's loss is
// label_weight times the cross-entropy of its label and the rest times that of its second label. Refused with a `loss` of one's
// own, which knows one label.
//
// With averages there is the input average_decay [] f32: each average.NAME, state that starts as the tensor does, becomes
// average - (1 - average_decay) * (average - new value).
Traced trace_training(const Network& network, int64_t batch, const TrainingOptions& options = {});

// The same step in two programs, for batches that memory does not hold. Accumulation runs for each of the `parts` of a step, of
// `batch` images each, on inputs as above but the rate: it gives loss and correct of its part, updates running statistics, and
// adds the gradients' share to the state accumulated.NAME, which has to be zero before the first part. The update takes those
// as inputs, with rate (and average_decay). Together they do what trace_training does with parts * batch images, up to the
// rounding of sums and to batch normalization, which sees each part alone.
Traced trace_accumulation(const Network& network, int64_t batch, int64_t parts, const TrainingOptions& options = {});
Traced trace_update(const Network& network, const TrainingOptions& options = {});

// What the names of these tensors start with.
inline const std::string average_prefix = "average.", accumulated_prefix = "accumulated.";

}  // namespace fovea
