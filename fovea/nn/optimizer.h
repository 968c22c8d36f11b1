// Optimisers, as arithmetic on Values: recorded after the gradients, compiled with them into the one training step.
//
// What an optimiser keeps is state of the graph, named after the parameter: momentum.conv1.weight, moment1.conv1.weight.
#pragma once

#include <functional>
#include <string>

#include "fovea/nn/initializer.h"
#include "fovea/nn/recorder.h"

namespace fovea {

// Records the update of one parameter by its gradient at learning rate `rate` ([] f32) and returns the parameter's new value.
using ParameterUpdate = std::function<Value(const ParameterSpec& spec, Value parameter, Value gradient, Value rate)>;

// Makes the update for one training step; called once a graph, so that what all parameters share is recorded once.
using Optimizer = std::function<ParameterUpdate(Recorder& recorder)>;

// PyTorch's convention: g += weight_decay * p; v = momentum * v + g; p -= rate * v, or rate * (g + momentum * v) with Nesterov.
// (TensorFlow and the papers put the rate inside v: the same at a constant rate, another where the rate changes.)
struct SgdOptions {
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 0;
  bool decay_all = false;  // biases and the scales and shifts of normalisation too
};
Optimizer sgd(SgdOptions options = {});

// Kingma and Ba 2015. adam: weight decay is part of the gradient. adamw: apart from it, p -= rate * weight_decay * p
// (Loshchilov and Hutter 2019).
struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  bool decay_all = false;
};
Optimizer adam(AdamOptions options = {});
Optimizer adamw(AdamOptions options = {});

}  // namespace fovea
