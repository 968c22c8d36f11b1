// SPDX-License-Identifier: Apache-2.0
// What the optimizers share.
#pragma once

#include "fovea/nn/optimizer.h"

namespace fovea {

// Refuse impossible options, naming optimizer and option.
void check_share(const char* optimizer, const char* option, double value);     // in [0, 1)
void check_decay(const char* optimizer, double weight_decay);                  // not negative
void check_positive(const char* optimizer, const char* option, double value);  // above 0
void check_nesterov(const char* optimizer, bool nesterov, double momentum);

// A tensor the optimizer keeps beside a parameter: KIND.conv1.weight.
Value kept(Recorder& recorder, const std::string& kind, const ParameterSpec& spec, Initializer start = initializers::zeros);
// The same, with its new value: momentum * kept + gradient.
Value with_momentum(Recorder& recorder, const ParameterSpec& spec, Value gradient, double momentum);

// Weight decay as the options of an optimizer have it.
struct WeightDecay {
  double strength = 0;
  DecayScope scope = DecayScope::weights;
  bool decoupled = false;

  bool pulls(const ParameterSpec& spec) const;
  Value gradient(const ParameterSpec& spec, Value parameter, Value gradient) const;  // with what coupled decay adds
  Value start(const ParameterSpec& spec, Value parameter, Value rate) const;         // what decoupled decay leaves
};
template <typename Options>
WeightDecay decay_of(const Options& options) {
  return {options.weight_decay, options.decay_on, options.decoupled};
}

}  // namespace fovea
