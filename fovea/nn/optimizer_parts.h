// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the optimizers have in common.
#pragma once

#include "fovea/nn/optimizer.h"

namespace fovea {

// The checks refuse impossible options in a message that names the optimizer and the option.
void check_share(const char* optimizer, const char* option, double value);     ///< Refuses a value outside [0, 1).
void check_decay(const char* optimizer, double weight_decay);                  ///< Refuses a negative decay.
void check_positive(const char* optimizer, const char* option, double value);  ///< Refuses a value that is not above 0.
/// Refuses Nesterov without momentum.
void check_nesterov(const char* optimizer, bool nesterov, double momentum);

/// A tensor that the optimizer keeps beside a parameter, named KIND.conv1.weight.
Value kept(Recorder& recorder, const std::string& kind, const ParameterSpec& spec, Initializer start = initializers::zeros);
/// The kept momentum with its new value, momentum * kept + gradient, which is also recorded.
Value with_momentum(Recorder& recorder, const ParameterSpec& spec, Value gradient, double momentum);

/// Weight decay as the options of an optimizer give it.
struct WeightDecay {
  double strength = 0;                     ///< factor
  DecayScope scope = DecayScope::weights;  ///< which parameters decay
  bool decoupled = false;                  ///< apart from the gradient

  /// Whether the parameter decays.
  bool pulls(const ParameterSpec& spec) const;
  /// The gradient with what coupled decay adds.
  Value gradient(const ParameterSpec& spec, Value parameter, Value gradient) const;
  /// The parameter with what decoupled decay subtracts.
  Value start(const ParameterSpec& spec, Value parameter, Value rate) const;
};
/// Weight decay from the options of an optimizer.
template <typename Options>
WeightDecay decay_of(const Options& options) {
  return {options.weight_decay, options.decay_on, options.decoupled};
}

}  // namespace fovea
