// SPDX-License-Identifier: Apache-2.0
/// \file
/// Optimizers, as arithmetic on Values that is recorded after the gradients and compiled with them into one training step.
///
/// What an optimizer keeps is state of the graph, named after the parameter: momentum.conv1.weight, moment1.conv1.weight.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fovea/nn/initializer.h"
#include "fovea/nn/recorder.h"

namespace fovea {

/// Records the update of one parameter by its gradient at learning rate `rate` ([] f32), and returns the parameter's new value.
using ParameterUpdate = std::function<Value(const ParameterSpec& spec, Value parameter, Value gradient, Value rate)>;

/// Creates the update for one training step. It is called once for each graph, so that what all parameters share is recorded
/// once.
using Optimizer = std::function<ParameterUpdate(Recorder& recorder)>;

/// What weight decay applies to. `weights`: filters and matrices. `all_but_norms`: biases too (TensorFlow's ImageNet recipes).
/// `all`: the scales and shifts of normalization as well (PyTorch's default).
enum class DecayScope : uint8_t { weights, all_but_norms, all };

/// The options of stochastic gradient descent.
struct SgdOptions {
  double momentum = 0.9;  ///< share of the old velocity that is kept, in [0, 1)
  bool nesterov = false;  ///< looks ahead along the velocity
  /// Strength; see DecayScope. Coupled decay is L2: weight_decay * sum(p * p) / 2 is added to the loss.
  double weight_decay = 0;
  DecayScope decay_on = DecayScope::weights;  ///< which parameters decay
  bool decoupled = false;  ///< decay apart from the gradient: p -= rate * weight_decay * p (Loshchilov and Hutter 2019)
};
/// Stochastic gradient descent with momentum in PyTorch's convention: v = momentum * v + g; p -= rate * v, or rate * (g +
/// momentum * v) with Nesterov. (TensorFlow and the papers put the rate inside v, which differs where the rate changes.)
Optimizer sgd(SgdOptions options = {});

/// The options of Adam.
struct AdamOptions {
  double beta1 = 0.9;                         ///< decay of the first moment
  double beta2 = 0.999;                       ///< decay of the second moment
  double epsilon = 1e-8;                      ///< added to the root of the second moment
  double weight_decay = 0;                    ///< as in SgdOptions
  DecayScope decay_on = DecayScope::weights;  ///< which parameters decay
  bool decoupled = false;                     ///< as in SgdOptions
};
/// Adam (Kingma and Ba 2015).
Optimizer adam(AdamOptions options = {});
/// Adam with decoupled weight decay, whatever `decoupled` says (Loshchilov and Hutter 2019).
Optimizer adamw(AdamOptions options = {});

/// The options of RMSProp.
struct RmsPropOptions {
  double decay = 0.9;     ///< of the mean square
  double momentum = 0.9;  ///< share of the old velocity that is kept
  double epsilon = 1e-3;  ///< keeps the divisor from 0
  /// Whether the divisor is sqrt(ms) + epsilon, with ms starting at 0 (Keras, PyTorch, Swift for TensorFlow).
  bool epsilon_outside = false;
  double weight_decay = 0;                    ///< as in SgdOptions
  DecayScope decay_on = DecayScope::weights;  ///< which parameters decay
  bool decoupled = false;                     ///< as in SgdOptions
};
/// RMSProp (Tieleman and Hinton 2012) in the form of TensorFlow 1, which the EfficientNet recipes use: ms = decay * ms + (1 -
/// decay) * g * g, starting at 1; v = momentum * v + rate * g / sqrt(ms + epsilon); p -= v. The rate is inside v.
Optimizer rmsprop(RmsPropOptions options = {});

/// The options of LARS.
struct LarsOptions {
  double momentum = 0.9;       ///< share of the old velocity that is kept
  double weight_decay = 1e-4;  ///< strength, for weights alone
  double trust = 0.001;        ///< the trust coefficient
};
/// Layer-wise learning rates for large batches (You et al. 2017) as in the TPU repository: v = momentum * v + local * (g +
/// weight_decay * p) with local = rate * trust * |p| / (|g| + weight_decay * |p|); p -= v. Biases and normalization use the
/// plain rate without decay, and so does a parameter or gradient of norm 0.
Optimizer lars(LarsOptions options = {});

/// The options of Muon.
struct MuonOptions {
  double momentum = 0.6;  ///< share of the old velocity that is kept
  bool nesterov = true;   ///< looks ahead along the velocity
  int64_t steps = 3;      ///< Newton-Schulz iterations
};
/// Muon (Jordan et al. 2024) in the form of airbench94. The momentum is that of sgd. Its result, as a matrix [output channels,
/// rest], is replaced by the nearest orthogonal one by Newton-Schulz iterations X = aX + b(XX')X + c(XX')(XX')X with a, b, c =
/// 3.4445, -4.7750, 2.0315; then p -= rate * X, after p was rescaled to norm sqrt(output channels). For filters and matrices;
/// refuses other parameters.
Optimizer muon(MuonOptions options = {});

/// An optimizer for some of the parameters.
struct OptimizerGroup {
  std::string name;     ///< name of the group, in the state it keeps and in messages
  std::string pattern;  ///< parameters whose name fits it belong to the group: `*` stands for any text, `?` for any character
  Optimizer optimizer;  ///< what updates them
  std::string rate;     ///< the input ([] f32) with their learning rate; empty: the common rate
};
/// Updates each parameter by the first group that fits it, and by `rest` when none does. Refuses a group that fits nothing.
Optimizer by_group(std::vector<OptimizerGroup> groups, Optimizer rest);

}  // namespace fovea
