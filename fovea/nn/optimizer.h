// SPDX-License-Identifier: Apache-2.0
// Optimizers, as arithmetic on Values: recorded after the gradients, compiled with them into the one training step.
//
// What an optimizer keeps is state of the graph, named after the parameter: momentum.conv1.weight, moment1.conv1.weight.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fovea/nn/initializer.h"
#include "fovea/nn/recorder.h"

namespace fovea {

// Records the update of one parameter by its gradient at learning rate `rate` ([] f32) and returns the parameter's new value.
using ParameterUpdate = std::function<Value(const ParameterSpec& spec, Value parameter, Value gradient, Value rate)>;

// Makes the update for one training step; called once a graph, so that what all parameters share is recorded once.
using Optimizer = std::function<ParameterUpdate(Recorder& recorder)>;

// What weight decay pulls on. weights: filters and matrices. all_but_norms: biases too (TensorFlow's ImageNet recipes).
// all: the scales and shifts of normalization as well (PyTorch's default).
enum class DecayScope : uint8_t { weights, all_but_norms, all };

// Coupled decay is L2: weight_decay * sum(p * p) / 2 added to the loss, that is g += weight_decay * p. Decoupled: apart from
// the gradient, p -= rate * weight_decay * p (Loshchilov and Hutter 2019).
//
// PyTorch's convention: v = momentum * v + g; p -= rate * v, or rate * (g + momentum * v) with Nesterov.
// (TensorFlow and the papers put the rate inside v: the same at a constant rate, another where the rate changes.)
struct SgdOptions {
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  DecayScope decay_on = DecayScope::weights;
  bool decoupled = false;
};
Optimizer sgd(SgdOptions options = {});

// Kingma and Ba 2015. adamw is adam with decoupled decay.
struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  DecayScope decay_on = DecayScope::weights;
  bool decoupled = false;
};
Optimizer adam(AdamOptions options = {});
Optimizer adamw(AdamOptions options = {});

// TensorFlow 1's form, which the EfficientNet recipes mean: ms = decay * ms + (1 - decay) * g * g, starting at 1;
// v = momentum * v + rate * g / sqrt(ms + epsilon); p -= v. The rate is inside v. With `epsilon_outside` ms starts at 0 and
// the divisor is sqrt(ms) + epsilon (Keras, PyTorch, Swift for TensorFlow). Tieleman and Hinton 2012.
struct RmsPropOptions {
  double decay = 0.9;
  double momentum = 0.9;
  double epsilon = 1e-3;
  bool epsilon_outside = false;
  double weight_decay = 0;
  DecayScope decay_on = DecayScope::weights;
  bool decoupled = false;
};
Optimizer rmsprop(RmsPropOptions options = {});

// Layer-wise rates for large batches (You et al. 2017), as the TPU repository has them: v = momentum * v + local * (g +
// weight_decay
// * p), local = rate * trust * |p| / (|g| + weight_decay * |p|); p -= v. Biases and normalization move by the plain rate,
// undecayed. A parameter or a gradient of norm 0 moves by the plain rate too.
struct LarsOptions {
  double momentum = 0.9;
  double weight_decay = 1e-4;
  double trust = 0.001;
};
Optimizer lars(LarsOptions options = {});

// Jordan et al., "Muon", 2024, in the form of airbench94: momentum as in sgd; the result, as a matrix [output channels, rest],
// is replaced by its nearest orthogonal one by `steps` Newton-Schulz iterations X = aX + b(XX')X + c(XX')(XX')X with a, b, c
// = 3.4445, -4.7750, 2.0315; p -= rate * that. Before, the parameter is rescaled to norm sqrt(output channels). For filters and
// matrices; refuses others.
struct MuonOptions {
  double momentum = 0.6;
  bool nesterov = true;
  int64_t steps = 3;
};
Optimizer muon(MuonOptions options = {});

// Parameters whose name fits `pattern` (`*` any text, `?` any letter) are updated by `optimizer`, at the rate that the graph's
// input `rate` ([] f32) gives, or at the common one if that is empty.
struct OptimizerGroup {
  std::string name;  // of the group, in the state it keeps and in messages
  std::string pattern;
  Optimizer optimizer;
  std::string rate;
};
// The first group that fits a parameter has it; `rest` has what none fits. Refuses a group that fits nothing.
Optimizer by_group(std::vector<OptimizerGroup> groups, Optimizer rest);

}  // namespace fovea
